// `baimo plan fit` and `baimo plan stop`: a law from own runs; whether to end a run.
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import { choice } from "../../option-kinds.ts";
import { isPlain } from "../../options.ts";
import type { Run, RunLog } from "../../plan/index.ts";
import { readNumber } from "../amount.ts";
import { type CommandContext, orUsage, reader } from "../options.ts";
import { formatTable } from "../table.ts";
import { readText } from "../text-file.ts";

interface FitFlags {
  flops?: number;
  json?: boolean;
}

/** Adds `baimo plan fit`. */
export function addPlanFit(plan: Command, context: CommandContext): Command {
  return plan
    .command("fit")
    .summary("a scaling law from runs of one's own")
    .description(
      "Fits L = E + A / N^alpha + B / D^beta to finished runs: a JSONL file, each line with parameters, tokens and loss.",
    )
    .argument("<runs>", "the file")
    .option("--flops <count>", "also the best model for so many FLOPs by that law", readNumber)
    .option("--json", "print a JSON document")
    .action(async (file: string, flags: FitFlags) => {
      const { terminal } = context;
      const { fitLaw, planScaling } = await import("../../plan/index.ts");
      const runs = (await readLines(file)).map((line, at) => toRun(line, `${file}, line ${at + 1}`));
      const fit = fitLaw(runs, { title: `${file}: ${runs.length} runs` });
      const { constants, standardErrors, sumOfHuber, law } = fit;
      const best = flags.flops === undefined ? undefined : planScaling({ flops: flags.flops }, law);
      const optimum =
        best && Object.fromEntries(Object.entries(best.results).map(([key, { value }]) => [key, value]));
      if (flags.json) {
        terminal.json({
          constants,
          standardErrors,
          sumOfHuber,
          runs: runs.length,
          range: law.range,
          optimum,
        });
        return;
      }
      const rows = Object.entries(constants).map(([name, value]) => {
        const error = standardErrors?.[name as keyof typeof constants];
        return [name, value.toPrecision(6), error === undefined ? "" : `± ${error.toPrecision(2)}`];
      });
      for (const line of formatTable(rows, { align: ["left", "right", "right"] })) terminal.line(line);
      terminal.line(terminal.dim(`${runs.length} runs; ${law.errors}`));
      if (!best) return;
      const { planText } = await import("../plan-text.ts");
      const { aboutLines, resultLines } = planText("en");
      for (const line of [
        "",
        ...resultLines(best, false, terminal.interactive ? terminal.columns() : undefined),
        ...aboutLines(best),
      ])
        terminal.line(line);
    });
}

interface StopFlags {
  target: number;
  steps?: number;
  warmup?: number;
  schedule?: RunLog["schedule"];
  json?: boolean;
}

/** Adds `baimo plan stop`. */
export function addPlanStop(plan: Command, context: CommandContext): Command {
  const command = plan.command("stop");
  return command
    .summary("whether a running training is worth going on with")
    .description(
      "Predicts the final loss of a run from its log, with an interval, and says go on, stop, or too early to tell. The log is " +
        "one JSON object of steps, warmup, schedule, loss (of every step) and heldOut ([step, loss], steps from 1), or JSONL with " +
        "step, loss and, where there is one, heldOut in each line.",
    )
    .argument("<log>", "the file")
    .requiredOption("--target <loss>", "the loss that the run must reach", readNumber)
    .option("--steps <count>", "that the run will make, where the log does not say", readNumber)
    .option("--warmup <steps>", "steps of warm-up", readNumber)
    .option("--schedule <name>", "wsd, cosine or constant", reader(choice("wsd", "cosine", "constant")))
    .option("--json", "print a JSON document")
    .action(async (file: string, flags: StopFlags) => {
      const { terminal } = context;
      const { judgeRun } = await import("../../plan/index.ts");
      const log = toLog(await readLines(file), file, flags);
      const judgement = orUsage(command, () => judgeRun(log, flags.target));
      if (flags.json) return terminal.json(judgement);
      const { verdict, why, step, final } = judgement;
      terminal.line(`${verdict}, after ${step} steps: ${why}`);
      if (final) {
        const [likely, low, high] = [final.likely, final.low, final.high].map((value) => value.toFixed(3));
        terminal.line(`final loss: ${likely} likely, ${low} to ${high}`);
      }
    });
}

/** The objects of a JSON or JSONL file. */
async function readLines(file: string): Promise<Record<string, unknown>[]> {
  const text = (await readText(file)).trim();
  const parse = (part: string, where: string): unknown => {
    try {
      return JSON.parse(part);
    } catch (cause) {
      throw new BaimoError("format", `${where}: is not JSON`, { cause });
    }
  };
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const isWhole = /^\s*[[{]\s*$/.test(lines[0] ?? "");
  const whole = isWhole ? parse(text, file) : undefined;
  const values = Array.isArray(whole)
    ? (whole as unknown[])
    : isWhole
      ? [whole]
      : lines.map((line, at) => parse(line, `${file}, line ${at + 1}`));
  return values.map((value, at) => {
    if (isPlain(value)) return value;
    throw new BaimoError("format", `${file}, line ${at + 1}: expected an object`);
  });
}

function toRun(line: Record<string, unknown>, where: string): Run {
  const figure = (...keys: string[]): number => {
    const value = keys.map((key) => line[key]).find((each) => each !== undefined);
    if (typeof value === "number") return value;
    throw new BaimoError(
      "format",
      `${where}: "${keys[0]}" should be a number, found ${JSON.stringify(value) ?? "nothing"}`,
    );
  };
  return {
    parameters: figure("parameters", "N"),
    tokens: figure("tokens", "D"),
    loss: figure("loss", "final"),
  };
}

/** A log as one object, or from a line a step. */
function toLog(lines: readonly Record<string, unknown>[], file: string, flags: StopFlags): RunLog {
  const [first = {}] = lines;
  const isNumber = (value: unknown): value is number => typeof value === "number";
  const isPair = (value: unknown): value is [number, number] =>
    Array.isArray(value) && value.length === 2 && value.every(isNumber);
  const whole = Array.isArray(first.loss);
  if (whole && lines.length > 1)
    throw new BaimoError(
      "request",
      `${file}: holds ${lines.length} runs; stop looks at one, give its line alone`,
    );
  const rows = first.step === 0 ? lines.slice(1) : lines; // of step 0 nothing was learned
  const loss = whole ? (first.loss as unknown[]) : rows.map((line) => line.loss);
  const heldOut = whole
    ? (first.heldOut as unknown[] | undefined)
    : rows.filter((line) => isNumber(line.heldOut)).map((line) => [line.step, line.heldOut]);
  const steps = flags.steps ?? first.steps;
  const schedule = flags.schedule ?? first.schedule;
  const warmup = flags.warmup ?? first.warmup ?? 0;
  const schedules = ["wsd", "cosine", "constant"] as const;
  const known = schedules.find((name) => name === (schedule ?? "constant"));
  if (!isNumber(steps))
    throw new BaimoError("request", `${file}: how many steps will the run make? Give --steps`, {
      option: "steps",
    });
  if (!known || !isNumber(warmup) || !loss.every(isNumber) || (heldOut && !heldOut.every(isPair)))
    throw new BaimoError(
      "format",
      `${file}: expected loss (numbers), heldOut ([step, loss]), warmup and a schedule of ${schedules.join(", ")}`,
    );
  return {
    steps,
    warmup,
    schedule: known,
    loss,
    heldOut: heldOut && heldOut.length > 0 ? heldOut : undefined,
  };
}
