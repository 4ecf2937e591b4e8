// Options that several commands share: which model, on what, how to generate.
import { type Command, InvalidArgumentError, Option } from "commander";
import { BaimoError } from "../errors.ts";
import { DEFAULTS, resolveOptions } from "../generate/options.ts";
import type { GenerateOptions } from "../generate/types.ts";
import type { Terminal } from "./terminal.ts";

/** What every command gets. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** The exit status if nothing fails; a command may set it. */
  exitCode: number;
}

/** How a model is named on every command line. */
export const MODEL_HELP = "a .gguf file, a model folder, a URL, hf:owner/name or poet";

/** Reads a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    }
    return value;
  };
}

/** Reads a size: "8GB", "800 MB", "6GiB", or plain bytes. */
export function byteSize(text: string): number {
  const [, number, prefix = "", binary] = /^\s*([\d.]+)\s*([kmgt]?)(i?)b?\s*$/i.exec(text) ?? [];
  const power = " kmgt".indexOf(prefix.toLowerCase() || " ");
  const value = Math.round(Number(number) * (binary ? 1024 : 1000) ** power);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a size, for example 8GB or 800MB.");
  return value;
}

function cacheType(text: string): "F32" | "F16" | "Q8" {
  const type = (["F32", "F16", "Q8"] as const).find((known) => known === text.toUpperCase());
  if (!type) throw new InvalidArgumentError("It must be f32, f16 or q8.");
  return type;
}

/** Reads a number. */
export function decimalNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

/** Reads token ids: "1,2,3", also with spaces or brackets. */
export function tokenIds(text: string): number[] {
  const parts = text
    .replace(/[[\]]/g, " ")
    .split(/[\s,]+/)
    .filter(Boolean);
  if (parts.length === 0) throw new InvalidArgumentError("It must be token ids, for example 1,2,3.");
  return parts.map((part) => {
    if (!/^\d+$/.test(part)) throw new InvalidArgumentError(`"${part}" is no token id; write 1,2,3.`);
    return Number(part);
  });
}

const collect = (text: string, before: string[] = []): string[] => [...before, text];

/** Text of an option with "\n", "\t" and "\\" meant as in a program. */
function readEscapes(text: string): string {
  return text.replace(/\\([nt\\])/g, (_, letter) => ({ n: "\n", t: "\t", "\\": "\\" })[letter as string]!);
}

/** The values of `addEngineOptions`. */
export interface EngineFlags {
  device?: "cpu" | "reference";
  threads?: number;
  context?: number;
  /** Bytes that the model may take. */
  memory?: number;
  cacheType?: "F32" | "F16" | "Q8";
  packedCache?: boolean;
}

/** Adds --device, --threads and --context. */
export function addEngineOptions(command: Command): Command {
  return command
    .addOption(new Option("-d, --device <device>", "what to compute on").choices(["cpu", "reference"]))
    .option("-t, --threads <count>", "threads (default: chosen by the engine)", wholeNumber(1))
    .option("-c, --context <tokens>", "most tokens of prompt and answer together", wholeNumber(1))
    .option(
      "--memory <size>",
      "most memory to take, for example 8GB; experts beyond it are read from the file as needed (default: the machine's)",
      byteSize,
    )
    .option("--no-packed-cache", "keep no packed weights on disk for a faster opening next time")
    .option(
      "--cache-type <type>",
      "how keys and values are kept: f32, f16 or q8 (default: f32 for F32 weights, else f16)",
      cacheType,
    );
}

/** The values of `addSamplingOptions`. */
export interface SamplingFlags {
  maxTokens?: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  minP?: number;
  typicalP?: number;
  repetitionPenalty?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  seed?: number;
  stop?: string[];
  logitBias?: string[];
  ignoreEos?: boolean;
  logprobs?: number;
}

/** Adds the options of generation. */
export function addSamplingOptions(command: Command): Command {
  const standard = (name: keyof typeof DEFAULTS) => `(default: ${DEFAULTS[name]})`;
  return command
    .option(
      "-n, --max-tokens <count>",
      "most tokens to generate (default: what fits the context)",
      wholeNumber(0),
    )
    .option("--temperature <number>", `0 takes the likeliest token ${standard("temperature")}`, decimalNumber)
    .option("--top-k <count>", `keep the k likeliest tokens, 0 for all ${standard("topK")}`, wholeNumber(0))
    .option("--top-p <number>", `keep the likeliest tokens of this mass ${standard("topP")}`, decimalNumber)
    .option(
      "--min-p <number>",
      `keep tokens at least so likely as the best ${standard("minP")}`,
      decimalNumber,
    )
    .option(
      "--typical-p <number>",
      `keep the most typical tokens of this mass ${standard("typicalP")}`,
      decimalNumber,
    )
    .option(
      "--repetition-penalty <number>",
      `against all earlier tokens ${standard("repetitionPenalty")}`,
      decimalNumber,
    )
    .option(
      "--presence-penalty <number>",
      `against generated tokens ${standard("presencePenalty")}`,
      decimalNumber,
    )
    .option(
      "--frequency-penalty <number>",
      `the same, for each time ${standard("frequencyPenalty")}`,
      decimalNumber,
    )
    .option("--logit-bias <id:bias>", "add to a token's logit; -100 bans it (may be repeated)", collect)
    .option(
      "--seed <number>",
      "the seed of the choice (default: a new one)",
      wholeNumber(Number.MIN_SAFE_INTEGER),
    )
    .option("--stop <text>", "end before this text; \\n is a new line (may be repeated)", collect)
    .option("--ignore-eos", "go on past the model's end token")
    .option(
      "--logprobs <count>",
      "report log-probabilities, with so many alternatives (with --json)",
      wholeNumber(0),
    );
}

/**
 * Makes the engine's options, and has them checked before a model is loaded.
 * The command line is at fault when they are refused, so commander reports it.
 */
export function toGenerateOptions(flags: SamplingFlags, command: Command): GenerateOptions {
  const { stop, logitBias, ...rest } = flags;
  const options: GenerateOptions = {};
  const names = [
    "maxTokens",
    ...(Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]),
    "seed",
    "logprobs",
  ] as const;
  for (const name of names) if (rest[name] !== undefined) options[name] = rest[name];
  if (rest.ignoreEos) options.ignoreEos = true;
  if (stop) options.stop = stop.map(readEscapes);
  if (logitBias) {
    const pairs = logitBias.map((pair) => {
      const [, id, bias] = /^(\d+)[:=](.+)$/.exec(pair) ?? [];
      if (id === undefined || !Number.isFinite(Number(bias))) {
        command.error(`error: option '--logit-bias' is "${pair}"; write id:bias, for example 15:-100`);
      }
      return [Number(id), Number(bias)] as const;
    });
    options.logitBias = Object.fromEntries(pairs);
  }
  try {
    resolveOptions(options);
  } catch (error) {
    if (error instanceof BaimoError) command.error(`error: ${error.message}`);
    throw error;
  }
  return options;
}
