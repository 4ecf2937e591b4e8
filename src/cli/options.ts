// Options that several commands share: which model, on what, how to generate.
import { type Command, InvalidArgumentError } from "commander";
import { BaimoError } from "../errors.ts";
import { loadTable } from "../generate/load-options.ts";
import { adapterTable, generateTable } from "../generate/options.ts";
import type { GenerateOptions } from "../generate/types.ts";
import { parseJson } from "../json.ts";
import { text, tokenIds as tokenIdsKind, whole } from "../option-kinds.ts";
import type { Door, Kind } from "../options.ts";
import { bytesOf } from "./byte-size.ts";
import type { Terminal } from "./terminal.ts";

/** What every command gets. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** The exit status if nothing fails; a command may set it. */
  exitCode: number;
}

/** How a model is named on every command line. */
export const MODEL_HELP = "a .gguf file, a model folder, a URL, hf:owner/name or poet";

/** Commander names the flag, and the value as it was written. */
const asUsage = (allowed: string): Door => ({
  refuse: () => new InvalidArgumentError(`Allowed: ${allowed}.`),
});

/** Reads the text of a flag as a value of this kind; words are taken in any case. */
export function reader<T>(kind: Kind<T>): (text: string) => T {
  return (text) => kind.read(wordOrNumber(kind, text.trim()), "", asUsage(kind.allowed));
}

function wordOrNumber({ kind, words = [] }: Kind<unknown>, text: string): unknown {
  if (kind === "number" || kind === "whole") return text === "" ? Number.NaN : Number(text);
  return words.find((word) => word.toLowerCase() === text.toLowerCase()) ?? text;
}

/** Runs what reads words of the command line; an option that is refused there is a wrong command line. */
export function orUsage<T>(command: Command, work: () => T): T {
  try {
    return work();
  } catch (error) {
    return refuseUsage(command, error);
  }
}

/** A failure that names the option at fault as a wrong command line; any other stays what it is. */
export function refuseUsage(command: Command, error: unknown): never {
  if (!(error instanceof BaimoError) || error.option === undefined) throw error;
  return command.error(`error: ${error.message.replace(/^plan[A-Z]\w*: /, "")}`);
}

/** Reads a whole number of at least `min`. */
export const wholeNumber = (min: number, max?: number): ((text: string) => number) =>
  reader(whole({ min, max }));

const someText = text();
/** Reads a text as it is, a path or a name, which must not be empty. */
export const nonEmpty = (given: string): string => someText.read(given, "", asUsage(someText.allowed));

/** Refuses what only a model shows to be a wrong command line. */
const asCommandError = (command: Command): Door => ({
  refuse: ({ name, text }) => command.error(`error: ${name} ${text}`),
});

/** Refuses ids of a flag that the vocabulary does not have. */
export function checkIds(command: Command, flag: string, ids: readonly number[], vocabSize: number): void {
  tokenIdsKind(vocabSize).read(ids, flag, asCommandError(command));
}

/** The same for the ids of --logit-bias. */
export function checkBias(command: Command, { logitBias = [] }: SamplingFlags, vocabSize: number): void {
  const kind = generateTable(vocabSize).logitBias;
  kind.read(Object.fromEntries(logitBias), "--logit-bias", asCommandError(command));
}

/** Reads a size with its unit: "8GB", "800 MB", "6GiB", "4G". */
export function byteSize(text: string): number {
  const bytes = bytesOf(text);
  if (bytes > 0) return bytes;
  const bare = /^\s*[\d.]+\s*$/.test(text) ? ` Did you mean ${text.trim()}GB?` : "";
  throw new InvalidArgumentError(`Allowed: a size with its unit (KB, MB, GB, TB; KiB to TiB).${bare}`);
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

/** Reads a flag that may be repeated. */
export const collect =
  <T>(read: (text: string) => T) =>
  (text: string, before: readonly T[] = []): T[] => [...before, read(text)];

/** Text of an option with "\n", "\t" and "\\" meant as in a program. */
function readEscapes(text: string): string {
  return text.replace(/\\([nt\\])/g, (_, letter) => ({ n: "\n", t: "\t", "\\": "\\" })[letter as string]!);
}

/** The values of `addConfigOptions`. */
export interface ConfigFlags {
  ignoreConfigKeys?: string[];
}

/** The values of `addEngineOptions`, and of `addServingOptions`. */
export interface EngineFlags extends ConfigFlags {
  device?: "cpu" | "webgpu" | "auto" | "reference";
  threads?: number;
  context?: number;
  /** Bytes that the model may take. */
  memory?: number;
  cacheType?: "F32" | "F16" | "Q8";
  packedCache?: boolean;
  adapter?: { source: string; scale: number }[];
  /** A smaller model that guesses. */
  draft?: string;
  /** A file with a chat template. */
  chatTemplate?: string;
  parallel?: number;
  cacheTokens?: number;
}

/** Adds --ignore-config-keys, for every command that reads a model's configuration. */
export function addConfigOptions(command: Command): Command {
  return command.option(
    "--ignore-config-keys <keys>",
    "go on where config.json has these unknown keys, for example a,b (may be repeated)",
    collectKeys,
  );
}

const collectKeys = (text: string, before: readonly string[] = []): string[] => {
  const door = asUsage("names of keys, for example a,b");
  const keys = text.split(/[\s,]+/).filter(Boolean);
  return loadTable.ignoreConfigKeys.read(keys.length > 0 ? [...before, ...keys] : undefined, "", door);
};

/** Adds the options of loading a model: --device, --threads, --context, … */
export function addEngineOptions(command: Command): Command {
  const { device, threads, contextLength, cacheType } = loadTable;
  return addConfigOptions(command)
    .option("-d, --device <device>", "what to compute on: cpu, webgpu, auto or reference", reader(device))
    .option("-t, --threads <count>", "threads (default: chosen by the engine)", reader(threads))
    .option("-c, --context <tokens>", "most tokens of prompt and answer together", reader(contextLength))
    .option(
      "--memory <size>",
      "most memory to take, with its unit (8GB, 800MB, 6GiB); experts beyond it are read from the file as needed (default: the machine's)",
      byteSize,
    )
    .option("--no-packed-cache", "keep no packed weights on disk for a faster opening next time")
    .option(
      "--cache-type <type>",
      "how keys and values are kept: f32, f16 or q8 (default: f32 for F32 weights, else f16)",
      reader(cacheType),
    );
}

/** Adds --chat-template, for commands that converse. */
export function addTemplateOption(command: Command): Command {
  return command.option(
    "--chat-template <file>",
    "a chat template (Jinja) in place of the model's own",
    nonEmpty,
  );
}

/** Adds --draft, for commands that answer. */
export function addDraftOption(command: Command): Command {
  return command.option(
    "--draft <model>",
    "a smaller model of the same vocabulary that guesses what follows: the same answers, sooner where it is often right",
    nonEmpty,
  );
}

/** Adds --adapter, for commands that answer. */
export function addAdapterOption(command: Command): Command {
  return command.option(
    "--adapter <path[=scale]>",
    "a LoRA adapter to answer with: PEFT's folder, a GGUF file, a URL or hf:owner/name (may be repeated)",
    collect(readAdapter),
  );
}

/** Reads "folder=0.5": where an adapter is, and its scale. */
function readAdapter(text: string): { source: string; scale: number } {
  const door = asUsage("a path, and after = a scale from -100 to 100, for example adapter=0.5");
  const [, source, scale] = /^(.+?)(?:=(-?[\d.]+(?:e-?\d+)?))?$/i.exec(text) ?? [];
  return {
    source: someText.read(source, "", door),
    scale: adapterTable.scale.read(Number(scale ?? 1), "", door),
  };
}

/** Adds --parallel and --cache-tokens, for many requests at once. */
export function addServingOptions(command: Command): Command {
  const { parallel, cacheTokens } = loadTable;
  return command
    .option(
      "--parallel <count>",
      "requests that run at once; others wait (default: 16, or 4 for a model with recurrent states)",
      reader(parallel),
    )
    .option(
      "--cache-tokens <count>",
      "tokens whose keys and values are kept, of all requests together (default: four contexts, as far as memory goes)",
      reader(cacheTokens),
    );
}

/** Options of generation that are one number. */
type SampledNumber =
  | "maxTokens"
  | "keepTokens"
  | "temperature"
  | "topK"
  | "topP"
  | "minP"
  | "typicalP"
  | "repetitionPenalty"
  | "presencePenalty"
  | "frequencyPenalty"
  | "seed"
  | "logprobs";

/** The values of `addSamplingOptions`. */
export interface SamplingFlags extends Partial<Record<SampledNumber, number>> {
  stop?: string[];
  logitBias?: [id: string, bias: number][];
  ignoreEos?: boolean;
  onFull?: GenerateOptions["onFull"];
  speculation?: GenerateOptions["speculation"];
}

const table = generateTable();

/** Adds the options of generation. */
export function addSamplingOptions(command: Command): Command {
  const add = (flags: string, help: string, name: SampledNumber, kind: Kind<number> = table[name]) => {
    const standard = kind.default === undefined ? "" : ` (default: ${kind.default})`;
    command.option(flags, help + standard, reader(kind));
  };
  const some = whole({ min: 1, max: 2 ** 31 - 1 });
  add(
    "-n, --max-tokens <count>",
    "most tokens to generate (default: what fits the context)",
    "maxTokens",
    some,
  );
  add(
    "--keep-tokens <count>",
    "first tokens that --on-full shift keeps (default: the system part)",
    "keepTokens",
  );
  add("--temperature <number>", "0 takes the likeliest token", "temperature");
  add("--top-k <count>", "keep the k likeliest tokens, 0 for all", "topK");
  add("--top-p <number>", "keep the likeliest tokens of this mass", "topP");
  add("--min-p <number>", "keep tokens at least so likely as the best", "minP");
  add("--typical-p <number>", "keep the most typical tokens of this mass", "typicalP");
  add("--repetition-penalty <number>", "against all earlier tokens", "repetitionPenalty");
  add("--presence-penalty <number>", "against generated tokens", "presencePenalty");
  add("--frequency-penalty <number>", "the same, for each time", "frequencyPenalty");
  add("--seed <number>", "the seed of the choice (default: a new one)", "seed");
  add("--logprobs <count>", "report log-probabilities, with so many alternatives (with --json)", "logprobs");
  return command
    .option(
      "--logit-bias <id:bias>",
      "add to a token's logit; -100 bans it (may be repeated)",
      collect(readBias),
    )
    .option("--stop <text>", "end before this text; \\n is a new line (may be repeated)", collect(readStop))
    .option(
      "--on-full <what>",
      "when the context is full: stop, refuse what may not fit, or shift the oldest text out (default: stop)",
      reader(table.onFull),
    )
    .option(
      "--speculation <how>",
      "guess tokens, for the same answer sooner: lookup (from repeated text), draft (see --draft) or off (default: draft where there is one)",
      reader(table.speculation),
    )
    .option("--ignore-eos", "go on past the model's end token");
}

/** Reads "15:-100": a token id, and what is added to its logit. */
function readBias(text: string): [id: string, bias: number] {
  const door = asUsage("id:bias, for example 15:-100, with a bias up to 1,000");
  const [, id, bias] = /^(\d+)[:=]\s*(\S+)\s*$/.exec(text) ?? [];
  return Object.entries(table.logitBias.read({ [id]: Number(bias) }, "", door))[0];
}

const readStop = (text: string): string => {
  const [stop] = table.stop.read(readEscapes(text), "", asUsage(table.stop.allowed));
  return stop;
};

/** Log-probabilities are asked for in vain where events are not printed. */
export function checkLogprobs(command: Command, flags: SamplingFlags & { json?: boolean }): void {
  if (flags.logprobs === undefined || flags.json) return;
  command.error("error: --logprobs shows in what --json prints; give both");
}

/** What of the flags concerns generation. */
export function toGenerateOptions(flags: SamplingFlags): GenerateOptions {
  const { logitBias } = flags;
  return {
    maxTokens: flags.maxTokens,
    temperature: flags.temperature,
    topK: flags.topK,
    topP: flags.topP,
    minP: flags.minP,
    typicalP: flags.typicalP,
    repetitionPenalty: flags.repetitionPenalty,
    presencePenalty: flags.presencePenalty,
    frequencyPenalty: flags.frequencyPenalty,
    seed: flags.seed,
    logprobs: flags.logprobs,
    ignoreEos: flags.ignoreEos,
    onFull: flags.onFull,
    keepTokens: flags.keepTokens,
    speculation: flags.speculation,
    stop: flags.stop,
    logitBias: logitBias && Object.fromEntries(logitBias),
  };
}

/** key=value; the value as JSON where it is some, else as a text. */
export function setting(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError(`"${text}" should be key=value`);
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  try {
    return { ...before, [key]: parseJson(value, key) };
  } catch {
    return { ...before, [key]: value };
  }
}
