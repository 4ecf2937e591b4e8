// `baimo plan serve`: memory, speed, machines and money of serving a model.
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import type { EstimateOption, ServingOptions } from "../../plan/index.ts";
import { type Price, readAmount, readNumber, readPrice } from "../amount.ts";
import { type CommandContext, collect, nonEmpty } from "../options.ts";
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
  upperCase,
} from "../plan-answer.ts";
import { addShapeOptions, readShape, type ShapeFlags } from "../plan-model.ts";
import { readJsonFile, readText } from "../text-file.ts";

interface ServeFlags extends AnswerFlags, DeviceFlags, ShapeFlags {
  gpus?: number;
  type?: ServingOptions["weights"];
  cacheType?: ServingOptions["cache"];
  prompt?: number;
  answer?: number;
  batch?: number;
  mfu?: EstimateOption;
  efficiency?: EstimateOption;
  measured?: string;
  usage?: string;
  metrics?: string[];
  metricsSeconds?: number;
  requests?: EstimateOption;
  wait?: number;
  currency?: string;
  price?: Price;
  kilowatts?: EstimateOption;
  tariff?: Price;
  api?: Price;
  utilisation?: EstimateOption;
  seed?: number;
}

/** Adds the command. */
export function addPlanServe(plan: Command, context: CommandContext): Command {
  const command = plan
    .command("serve")
    .summary("memory, speed, machines and money of serving a model")
    .description(
      "Counts inference: weights, KV cache, bounds of prompt and answer, machines for a load, money.",
    )
    .argument("[model...]", "a checkpoint, or an entry of baimo models")
    .option("--gpus <count>", "devices of one machine (default: as many as hold it)", readNumber)
    .option(
      "--type <type>",
      "the type of the weights: BF16, Q8_0, Q4_0, … (default: the file's, else BF16)",
      upperCase,
    )
    .option("--cache-type <type>", "how keys and values are kept: F32, F16 or Q8 (default: F16)", upperCase)
    .option("--prompt <tokens>", "tokens of a prompt", readNumber)
    .option("--answer <tokens>", "tokens of an answer", readNumber)
    .option("--batch <count>", "sequences at once", readNumber)
    .option("--mfu <share>", "the share of the peak that prompts reach", readAmount)
    .option("--efficiency <share>", "the share of the bound that answers reach", readAmount)
    .option("--measured <file>", "read that share from what baimo bench --json printed", nonEmpty)
    .option(
      "--usage <file>",
      "read the utilisation from a server's log: what baimo serve --log requests wrote, or JSON lines of time and completionTokens",
      nonEmpty,
    )
    .option(
      "--metrics <files...>",
      "or from two looks at its /metrics, with --metrics-seconds between them",
      collect(nonEmpty),
    )
    .option("--metrics-seconds <seconds>", "between them", readNumber)
    .option("--requests <rate>", "requests a second, for the number of machines", readAmount)
    .option("--wait <seconds>", "that 95% of the requests may wait", readNumber)
    .option("--kilowatts <power>", "that a machine takes, where the price leaves it out", readAmount)
    .option("--tariff <amount>", "of a kilowatt-hour", readPrice)
    .option("--api <amount>", "a million tokens of an API, to compare with", readPrice)
    .option("--utilisation <share>", "how busy the machine is over the month", readAmount)
    .option("--seed <number>", "of the draws", readNumber);
  addShapeOptions(addDeviceOptions(addAnswerOptions(addPriceOptions(command, "of an hour of the machine"))));
  return command.action((words: string[], flags: ServeFlags) =>
    asCommandLine(command, async () => {
      const { prompt, answer: length } = flags;
      const tokens = prompt === undefined && length === undefined ? undefined : (prompt ?? 0) + (length ?? 0);
      const shape = await readShape(words, flags, context.terminal, tokens);
      const { planServing, readMeasurement } = await import("../../plan/index.ts");
      const { measured } = flags;
      const usage = await readUsage(flags);
      const options: ServingOptions = {
        ...toDevice(flags),
        gpus: flags.gpus,
        weights: flags.type,
        cache: flags.cacheType,
        promptTokens: flags.prompt,
        answerTokens: flags.answer,
        batch: flags.batch,
        mfu: flags.mfu,
        efficiency: flags.efficiency,
        measured:
          measured === undefined ? undefined : readMeasurement(await readJsonFile(measured), measured),
        usage,
        requestsPerSecond: flags.requests,
        wait: flags.wait,
        ...readMoney(flags, { price: flags.price, tariff: flags.tariff, api: flags.api }),
        kilowatts: flags.kilowatts,
        utilisation: flags.utilisation,
        seed: flags.seed,
        today: today(),
      };
      const answer = planServing(shape, await mergeScenario(flags.scenario, options));
      const { verdict } = answer;
      await printAnswer(answer, flags, context, {
        title: (text) => text.serving(shape.name),
        lines: (text) => (verdict ? text.whereLines(verdict) : []),
        json: { model: shape.name, verdict },
      });
    }),
  );
}

/** How busy a server was, where a log or two looks at its /metrics tell. */
async function readUsage({ usage, metrics, metricsSeconds }: ServeFlags): Promise<ServingOptions["usage"]> {
  const { readMetrics, readUsageLog } = await import("../../plan/index.ts");
  if (usage !== undefined) return readUsageLog(await readText(usage), usage);
  if (metrics === undefined) return undefined;
  if (metrics.length !== 2 || metricsSeconds === undefined)
    throw new BaimoError(
      "request",
      "plan serve: --metrics takes two files, before and after, and --metrics-seconds",
      { option: "metrics" },
    );
  const [before, after] = await Promise.all(metrics.map(readText));
  return readMetrics(before, after, metricsSeconds, metrics.join(" and "));
}
