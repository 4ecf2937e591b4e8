// `baimo verify`: runs a checkpoint and compares with the answers stored beside it.
import type { Command } from "commander";
import { throwIfAborted } from "../../errors.ts";
import { openCheckpoint } from "../../formats/index.ts";
import type { TraceableModel } from "../../generate/model.ts";
import { type Comparison, compareCase, type Precision, type Tolerance, toleranceFor } from "../compare.ts";
import { findModel } from "../find-model.ts";
import { type Golden, type GoldenCase, readGolden } from "../golden.ts";
import { withModel } from "../open-model.ts";
import { addEngineOptions, type CommandContext, type EngineFlags } from "../options.ts";
import { formatTable } from "../table.ts";

interface VerifyFlags extends EngineFlags {
  json?: boolean;
}

/** Adds the command. */
export function addVerify(program: Command, context: CommandContext): Command {
  const command = program
    .command("verify")
    .summary("compare a model with the answers stored beside it")
    .description(
      "Runs a checkpoint and compares logits, hidden states and greedy continuation with golden.json and " +
        "golden.safetensors in its folder, or NAME.golden.json beside NAME.gguf. Names the first layer that diverges. " +
        "The exit status is 0 when everything agrees, else 1.",
    )
    .argument("<folder|file>", "a model folder, or a .gguf file")
    .option("--json", "print a JSON document");
  addEngineOptions(command);
  return command.action(async (source: string, flags: VerifyFlags) => {
    const { terminal } = context;
    await findModel(source);
    const golden = await readGolden(source);
    const precision = await readPrecision(source);
    const longest = Math.max(
      ...golden.cases.map(({ tokens, greedy, encoderTokens }) =>
        Math.max(tokens.length + greedy.length, encoderTokens?.length ?? 0),
      ),
    );
    const settings = {
      ...flags,
      context: Math.max(flags.context ?? 0, longest + 1),
      cacheType: "F32" as const,
    };
    await withModel(source, settings, terminal, async (model, signal) => {
      const tolerance = toleranceFor(golden, precision, model.engine.device);
      const cases: Comparison[] = [];
      for (const stored of golden.cases) {
        throwIfAborted(signal, "the comparison");
        const greedy = await continueGreedily(model, stored, signal);
        const trace = await model.trace(stored.tokens, { encoderTokens: stored.encoderTokens });
        cases.push(compareCase(stored, trace, greedy, tolerance));
      }
      const ok = cases.every((one) => one.ok);
      context.exitCode = ok ? 0 : 1;
      const { device, threads, kernels } = model.engine;
      const engine = { device, threads, kernels };
      if (flags.json)
        terminal.json({ model: model.name, golden: golden.file, engine, precision, tolerance, ok, cases });
      else for (const line of format(model, golden, precision, tolerance, cases)) terminal.line(line);
    });
  });
}

/** The coarsest form of the weights, read from the header. */
async function readPrecision(source: string): Promise<Precision> {
  const checkpoint = await openCheckpoint(source);
  try {
    const types = new Set(Array.from(checkpoint.tensors.values(), (tensor) => tensor.dtype));
    types.delete("F32");
    types.delete("F64");
    const half = types.delete("F16") || types.delete("BF16");
    types.delete("BF16");
    return types.size > 0 ? "quantized" : half ? "half" : "float32";
  } finally {
    await checkpoint.close();
  }
}

async function continueGreedily(
  model: TraceableModel,
  { tokens, encoderTokens, greedy }: GoldenCase,
  signal: AbortSignal,
): Promise<number[]> {
  const ids: number[] = [];
  const options = {
    maxTokens: greedy.length,
    temperature: 0,
    ignoreEos: true,
    signal,
    decoderTokens: encoderTokens && tokens,
  };
  for await (const event of model.complete(encoderTokens ?? tokens, options)) {
    if (event.type === "text-delta") ids.push(...event.tokens.map((token) => token.id));
  }
  return ids;
}

function format(
  model: TraceableModel,
  golden: Golden,
  precision: Precision,
  tolerance: Tolerance,
  cases: readonly Comparison[],
): string[] {
  const { device, threads, kernels } = model.engine;
  const number = (value: number | undefined) => (value === undefined ? "" : value.toExponential(1));
  const rows = cases.map((one, i) => [
    `  ${i}`,
    String(one.tokens),
    one.logProbability
      ? `${number(one.logProbability.here)} (native ${number(one.logProbability.native)})`
      : number(one.logits),
    number(one.hidden),
    one.greedyDifference === undefined ? "same" : `parts at ${one.greedyDifference}`,
    one.ok ? "ok" : one.divergesAt ? `FAILED: diverges at ${one.divergesAt}` : "FAILED",
  ]);
  const measure = tolerance.timesNative === undefined ? "logits" : "log-probability (rms)";
  const allowed =
    tolerance.timesNative === undefined
      ? `largest difference allowed: logits ${number(tolerance.logits)}, hidden states ${number(tolerance.hidden)}`
      : `difference allowed: ${tolerance.timesNative} times native's; greedy ids may part where the best are close`;
  const failed = cases.filter((one) => !one.ok);
  const first = failed.find((one) => one.divergesAt)?.divergesAt;
  return [
    `${model.name} (${precision}) on ${device}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${kernels}`,
    `against ${golden.file}`,
    allowed,
    ...formatTable([["  case", "tokens", measure, "hidden", "greedy", ""], ...rows]),
    failed.length === 0
      ? `all ${cases.length} cases agree`
      : `${failed.length} of ${cases.length} cases differ${first ? `; the first part that diverges: ${first}` : ""}`,
  ];
}
