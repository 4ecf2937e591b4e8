// Reads PEFT's adapter_config.json: ranks, factors, and what of it cannot be done here.
import { BaimoError } from "../../errors.ts";
import { booleanOf, brief, isRecord, numberOf, recordOf, stringOf } from "../../json.ts";
import { parsePythonFile } from "../../python-json.ts";

/** What a LoRA configuration says. */
export interface PeftConfig {
  readonly base?: string;
  rankOf(module: string): number;
  /** What B A is multiplied with: alpha / rank, or alpha / sqrt(rank) of rank-stabilised LoRA (arXiv:2312.03732). */
  factorOf(module: string): number;
  /** Whether an adapter of this module is asked for. */
  targets(module: string): boolean;
}

/** Keys that change nothing once an adapter is trained, or that its tensors say again. */
const silent = new Set(
  (
    "auto_mapping base_model_name_or_path peft_type peft_version revision task_type inference_mode r lora_alpha " +
    "lora_dropout use_rslora target_modules exclude_modules rank_pattern alpha_pattern fan_in_fan_out bias " +
    "init_lora_weights layers_to_transform layers_pattern qalora_group_size corda_config eva_config loftq_config " +
    "megatron_core runtime_config ensure_weight_tying"
  ).split(" "),
);

/** Values that say that something is not used. */
function isOff(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/**
 * Reads the bytes of adapter_config.json.
 * @throws {BaimoError} `format` for a value of another kind, `config` for what is not done here, by its key
 */
export function readPeftConfig(bytes: Uint8Array, where: string): PeftConfig {
  const fields = recordOf(parsePythonFile(bytes, where), where);
  const at = (key: string) => `${where}: "${key}"`;
  if (fields.peft_type !== "LORA") {
    throw new BaimoError("config", `${at("peft_type")} should be "LORA", found ${brief(fields.peft_type)}`);
  }
  const bias = fields.bias ?? "none";
  if (bias !== "none") {
    throw new BaimoError(
      "config",
      `${at("bias")} should be "none", found ${brief(bias)}; trained biases are not read`,
    );
  }
  for (const [key, value] of Object.entries(fields)) {
    if (silent.has(key) || isOff(value)) continue;
    throw new BaimoError("config", `${at(key)} is ${brief(value)}, which is not done here; plain LoRA is`);
  }
  const rank = positive(fields.r, at("r"));
  const alpha = numberOf(fields.lora_alpha ?? 8, at("lora_alpha"));
  const ranks = patternsOf(fields.rank_pattern, at("rank_pattern"));
  const alphas = patternsOf(fields.alpha_pattern, at("alpha_pattern"));
  const stabilised = booleanOf(fields.use_rslora, false, at("use_rslora"));
  const rankOf = (module: string) => valueFor(ranks, module) ?? rank;
  const base = fields.base_model_name_or_path ?? undefined;
  return {
    base: base === undefined ? undefined : stringOf(base, at("base_model_name_or_path")),
    rankOf,
    factorOf(module) {
      const own = rankOf(module);
      return (valueFor(alphas, module) ?? alpha) / (stabilised ? Math.sqrt(own) : own);
    },
    targets: targetsOf(fields.target_modules, at("target_modules")),
  };
}

function positive(value: unknown, where: string): number {
  const rank = numberOf(value, where);
  if (Number.isSafeInteger(rank) && rank > 0) return rank;
  throw new BaimoError("format", `${where} must be a whole number above 0 but is ${rank}`);
}

/** A list of names' ends. An expression, such as PEFT makes of "all-linear", is not run: the tensors say which they are. */
function targetsOf(value: unknown, where: string): (module: string) => boolean {
  if (value === null || value === undefined || typeof value === "string") return () => true;
  if (!Array.isArray(value)) {
    throw new BaimoError("format", `${where} must be a list of names or a string but is ${brief(value)}`);
  }
  const ends = value.map((name) => stringOf(name, where));
  return (module) => ends.some((end) => endsWith(module, end));
}

const endsWith = (module: string, end: string) => module === end || module.endsWith(`.${end}`);

interface Pattern {
  readonly name: string;
  /** The whole name, not its end. */
  readonly whole: boolean;
  readonly value: number;
}

/** Numbers by ends of names. PEFT takes expressions; names, with "\." and "^", are what is written. */
function patternsOf(value: unknown, where: string): Pattern[] {
  if (isOff(value)) return [];
  return Object.entries(recordOf(value, where)).map(([pattern, number]) => {
    const [, start, name] = /^(\^?)((?:\w|\\?\.)+)\$?$/.exec(pattern) ?? [];
    if (name === undefined) {
      throw new BaimoError(
        "config",
        `${where} has the expression ${brief(pattern)}; names of modules are read`,
      );
    }
    return {
      name: name.replaceAll("\\", ""),
      whole: start === "^",
      value: numberOf(number, `${where}: ${pattern}`),
    };
  });
}

function valueFor(patterns: readonly Pattern[], module: string): number | undefined {
  return patterns.find(({ name, whole }) => (whole ? module === name : endsWith(module, name)))?.value;
}
