// `baimo bench`: how fast a model loads, reads a prompt and writes.
import { totalmem } from "node:os";
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import type { Finish, Model } from "../../generate/types.ts";
import { createRandom } from "../../random.ts";
import { peakMemory, runtimeName } from "../environment.ts";
import { withModel } from "../open-model.ts";
import {
  addEngineOptions,
  type CommandContext,
  type EngineFlags,
  MODEL_HELP,
  wholeNumber,
} from "../options.ts";
import { createProgress, type Progress } from "../progress.ts";
import { formatBytes, formatSeconds, formatTable } from "../table.ts";

interface BenchFlags extends EngineFlags {
  prompt: number;
  generate: number;
  repeat: number;
  json?: boolean;
}

/** What is measured; times in seconds, speeds in tokens per second, each the median of the rounds. */
interface BenchResult {
  model: string;
  engine: { device: string; threads: number; kernels: string };
  runtime: string;
  promptTokens: number;
  generatedTokens: number;
  rounds: number;
  loadSeconds: number;
  /** From the call of `load` to the first token, with the model's file as cold as it was. */
  firstTokenSeconds: number;
  promptTokensPerSecond: number;
  generatedTokensPerSecond: number;
  peakMemoryBytes: number;
  weightBytes: number;
  cacheBytes: number;
  machineMemoryBytes: number;
}

/** Both together are within the longest context. */
const MOST = 8_000_000;

/** Adds the command. */
export function addBench(program: Command, context: CommandContext): Command {
  const command = program
    .command("bench")
    .summary("measure a model's speed and memory")
    .description(
      "Measures loading, prompt and generation, on random tokens and with greedy choice. Speeds are the median of the rounds.",
    )
    .argument("[model]", `${MODEL_HELP}; left out: poet, the embedded model`)
    .option("-p, --prompt <tokens>", "tokens of the prompt", wholeNumber(1, MOST), 256)
    .option("-n, --generate <tokens>", "tokens to generate after it", wholeNumber(1, MOST), 64)
    .option("-r, --repeat <rounds>", "rounds", wholeNumber(1), 3)
    .option("--json", "print a JSON document");
  addEngineOptions(command);
  return command.action(async (source: string | undefined, flags: BenchFlags) => {
    // One token more than is timed: the first comes from the prompt's own logits.
    const contextLength = Math.max(flags.context ?? 0, flags.prompt + flags.generate + 1);
    const { terminal } = context;
    const result = await withModel(source, { ...flags, context: contextLength }, terminal, (model, signal) =>
      measure(model, flags, signal, context),
    );
    if (flags.json) terminal.json(result);
    else for (const line of formatResult(result)) terminal.line(line);
  });
}

async function measure(
  model: Model,
  flags: BenchFlags,
  signal: AbortSignal,
  { terminal }: CommandContext,
): Promise<BenchResult> {
  const progress = createProgress(terminal);
  try {
    return await measureRounds(model, flags, signal, progress);
  } finally {
    progress.clear();
  }
}

async function measureRounds(
  model: Model,
  flags: BenchFlags,
  signal: AbortSignal,
  progress: Progress,
): Promise<BenchResult> {
  const prompts: number[] = [];
  const speeds: number[] = [];
  let firstToken = 0;
  const total = flags.repeat * (flags.prompt + flags.generate + 1);
  for (let round = 0; round < flags.repeat; round++) {
    const before = (round / flags.repeat) * total;
    const report = (label: string, tokens: number) =>
      progress.update({
        label: `round ${round + 1} of ${flags.repeat}: ${label}`,
        done: before + tokens,
        total,
      });
    report("prompt", 0);
    const prompt = randomPrompt(model, flags.prompt, round);
    const finish = await generate(model, prompt, flags.generate + 1, signal, (count) =>
      report("generation", flags.prompt + count),
    );
    if (finish.usage.cachedTokens > 0) {
      throw new BaimoError("device", "the cache knew a prompt of random tokens, so its time means nothing");
    }
    if (round === 0) firstToken = model.engine.loadSeconds + finish.timings.promptMs / 1000;
    prompts.push((flags.prompt / finish.timings.promptMs) * 1000);
    speeds.push((flags.generate / finish.timings.generationMs) * 1000);
  }
  const { device, threads, kernels, loadSeconds, weightBytes, cacheBytes } = model.engine;
  return {
    model: model.name,
    engine: { device, threads, kernels },
    runtime: runtimeName(),
    promptTokens: flags.prompt,
    generatedTokens: flags.generate,
    rounds: flags.repeat,
    loadSeconds,
    firstTokenSeconds: firstToken,
    promptTokensPerSecond: median(prompts),
    generatedTokensPerSecond: median(speeds),
    peakMemoryBytes: peakMemory(),
    weightBytes,
    cacheBytes,
    machineMemoryBytes: totalmem(),
  };
}

/** Random ids; the first differs from round to round, so that no round profits from the cache of another. */
function randomPrompt(model: Model, length: number, round: number): number[] {
  const random = createRandom(1);
  const { vocabSize } = model.config;
  const ids = Array.from({ length }, () => random.integer(vocabSize));
  ids[0] = (ids[0] + round) % vocabSize;
  return ids;
}

async function generate(
  model: Model,
  prompt: number[],
  count: number,
  signal: AbortSignal,
  onTokens: (count: number) => void,
): Promise<Finish> {
  let generated = 0;
  const events = model.complete(prompt, { maxTokens: count, temperature: 0, ignoreEos: true, signal });
  for (;;) {
    const next = await events.next();
    if (!next.done) {
      if (next.value.type === "text-delta") onTokens((generated += next.value.tokens.length));
      continue;
    }
    if (next.value.reason === "aborted") throw new BaimoError("aborted", "the measurement was aborted");
    return next.value;
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function formatResult(result: BenchResult): string[] {
  const { engine } = result;
  const threads = `${engine.threads} ${engine.threads === 1 ? "thread" : "threads"}`;
  return [
    `${result.model} on ${engine.device}, ${threads}, ${engine.kernels}, ${result.runtime}`,
    ...formatTable([
      ["load", formatSeconds(result.loadSeconds)],
      ["load to first token", formatSeconds(result.firstTokenSeconds)],
      [`prompt of ${result.promptTokens}`, `${result.promptTokensPerSecond.toFixed(1)} tokens/s`],
      [`generation of ${result.generatedTokens}`, `${result.generatedTokensPerSecond.toFixed(2)} tokens/s`],
      ["peak memory", formatBytes(result.peakMemoryBytes)],
      ["weights", formatBytes(result.weightBytes)],
      ["keys and values", formatBytes(result.cacheBytes)],
    ]),
  ];
}
