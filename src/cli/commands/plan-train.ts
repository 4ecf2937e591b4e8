// `baimo plan train`: FLOPs, GPU-hours, days, money and memory of a training run.
import type { Command } from "commander";
import type { Answer, EstimateOption, ModelShape, Plans, TrainingOptions } from "../../plan/index.ts";
import { type Price, readAmount, readNumber } from "../amount.ts";
import { type CommandContext, nonEmpty, wholeNumber } from "../options.ts";
import {
  type AnswerFlags,
  addAnswerOptions,
  addDeviceOptions,
  addPriceOptions,
  asCommandLine,
  type DeviceFlags,
  mergeScenario,
  printAnswer,
  readMoney,
  toDevice,
  today,
} from "../plan-answer.ts";
import { addShapeOptions, readShape, type ShapeFlags } from "../plan-model.ts";
import type { PlanText } from "../plan-text.ts";

type PlanLibrary = typeof import("../../plan/index.ts");

interface TrainFlags extends AnswerFlags, DeviceFlags, ShapeFlags {
  tokens?: EstimateOption;
  gpus?: number;
  mfu?: EstimateOption;
  goodput?: EstimateOption;
  currency?: string;
  price?: Price;
  optimiser?: TrainingOptions["optimiser"];
  zero?: TrainingOptions["zero"];
  sequence?: number;
  batch?: number;
  seed?: number;
  plans: number;
}

/** Adds the command. */
export function addPlanTrain(plan: Command, context: CommandContext): Command {
  const command = plan
    .command("train")
    .summary("FLOPs, GPU-hours, days, money and memory of a training run")
    .description("Counts a training run: compute, time, money, memory, and how it may be divided over GPUs.")
    .argument("[model...]", "a checkpoint, an entry of baimo models, or a published run such as GPT-3 175B")
    .option("--tokens <count>", "tokens of training, for example 15T (default: the model's own)", readAmount)
    .option("--gpus <count>", "how many devices", readNumber)
    .option("--mfu <share>", "model FLOPs utilisation, for example 35% or 0.3..0.4..0.5", readAmount)
    .option("--goodput <share>", "the share of paid time that trains", readAmount)
    .option("--optimiser <name>", "what is kept a parameter (default: adamw-mixed-fp32-master)", nonEmpty)
    .option("--zero <stage>", "only plans of this ZeRO stage, 0 to 3", readNumber)
    .option("--sequence <tokens>", "tokens of a sequence", readNumber)
    .option("--batch <count>", "sequences a step", readNumber)
    .option("--seed <number>", "of the draws", readNumber)
    .option("--plans <count>", "how many plans to show", wholeNumber(0, 1000), 5);
  addShapeOptions(addDeviceOptions(addAnswerOptions(addPriceOptions(command, "of a GPU-hour"))));
  return command.action((words: string[], flags: TrainFlags) =>
    asCommandLine(command, async () => {
      const shape = await readShape(words, flags, context.terminal);
      const library = await import("../../plan/index.ts");
      const options: TrainingOptions = {
        ...toDevice(flags),
        tokens: flags.tokens,
        gpus: flags.gpus,
        mfu: flags.mfu,
        goodput: flags.goodput,
        ...readMoney(flags, { price: flags.price }),
        optimiser: flags.optimiser,
        zero: flags.zero,
        sequence: flags.sequence,
        globalBatch: flags.batch,
        seed: flags.seed,
        today: today(),
      };
      const answer = library.planTraining(shape, await mergeScenario(flags.scenario, options));
      const { plans } = answer;
      await printAnswer(answer, flags, context, {
        title: (text) => text.training(shape.name),
        lines: (text) => [
          ...publishedLines(shape, answer, text, library),
          ...(plans ? text.planLines(plans, flags.plans) : []),
        ],
        json: { model: shape.name, plans: plans && plansToJson(plans, flags.plans) },
      });
    }),
  );
}

/** Where a published run of the model counts other parameters: what makes the difference. */
function publishedLines(
  shape: ModelShape,
  { results }: Answer,
  text: PlanText,
  { countRun, publishedRuns }: PlanLibrary,
): string[] {
  const run = publishedRuns.find(({ name }) => name.toLowerCase() === shape.name.toLowerCase());
  const counted = run && countRun(run).flops;
  const { flops } = results;
  if (!run || counted?.value == null || flops.value === null || counted.value === flops.value) return [];
  return ["", text.publishedLine(counted, run.activeParameters, run.tokens, shape.activeParameters)];
}

function plansToJson({ feasible, infeasible }: Plans, count: number) {
  return {
    feasible: feasible.slice(0, count).map(({ plan, recompute, memory, bubble, time, notes }) => ({
      tensor: plan.tensor.value,
      pipeline: plan.pipeline.value,
      data: plan.data.value,
      expert: plan.expert.value,
      zero: plan.zero,
      microbatch: plan.microbatch.value,
      recompute,
      bytesPerGpu: memory.value,
      bubble: bubble?.value,
      time: time?.value,
      notes,
    })),
    feasibleCount: feasible.length,
    infeasible,
  };
}
