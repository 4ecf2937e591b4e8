// What a task's generation_kwargs mean: where an answer ends, and how its tokens are drawn.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { nearestName } from "../../nearest.ts";
import { configError } from "./config-error.ts";
import type { RawConfig } from "./load-yaml.ts";

/** How an answer is generated. */
export interface GenerationSettings {
  readonly stop: readonly string[];
  readonly maxTokens: number;
  /** 0: the likeliest token. */
  readonly temperature: number;
  readonly topP?: number;
  readonly topK?: number;
}

const MAX_TOKENS = 256;
/** In the order in which lm-evaluation-harness prefers them. */
const LENGTH_KEYS = ["max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"];

const KEYS = [...LENGTH_KEYS, "until", "do_sample", "temperature", "top_p", "top_k"];

/** Tasks may have keys that change nothing here; a person who gives one is told. @throws {BaimoError} `request` for such a key */
export function checkGenerationKeys(kwargs: RawConfig): void {
  const unknown = Object.keys(kwargs).find((key) => !KEYS.includes(key));
  if (unknown === undefined) return;
  const near = nearestName(unknown, KEYS);
  throw new BaimoError(
    "request",
    `${unknown} is no generation setting${near ? `; do you mean ${near}?` : "."} There are ${KEYS.join(", ")}`,
  );
}

/** @throws {BaimoError} `format` for values that are none */
export function generationSettings(kwargs: RawConfig, where: string): GenerationSettings {
  const number = (key: string, fallback: number): number => {
    const value = kwargs[key] ?? fallback;
    if (typeof value === "number" || value instanceof Number) return Number(value);
    throw configError(where, `generation_kwargs.${key}`, `must be a number but is ${brief(value)}`);
  };
  const atLeast0 = (key: string, fallback: number): number => {
    const value = number(key, fallback);
    if (value >= 0 && Number.isFinite(value)) return value;
    throw configError(where, `generation_kwargs.${key}`, `must be 0 or more but is ${value}`);
  };
  const until = [kwargs.until ?? []].flat();
  if (!until.every((text) => typeof text === "string")) {
    throw configError(where, "generation_kwargs.until", `must be texts but is ${brief(until)}`);
  }
  const lengthKey = LENGTH_KEYS.find((key) => kwargs[key] !== undefined && kwargs[key] !== null);
  const drawn = kwargs.do_sample === true || (kwargs.do_sample === undefined && number("temperature", 0) > 0);
  const settings = {
    stop: until.filter((text) => text !== ""),
    maxTokens: lengthKey === undefined ? MAX_TOKENS : Math.floor(atLeast0(lengthKey, MAX_TOKENS)),
    // transformers draws at temperature 1 where a task only says that it draws
    temperature: drawn ? atLeast0("temperature", 1) : 0,
  };
  if (!drawn) return settings;
  return { ...settings, topP: number("top_p", 1), topK: number("top_k", 50) };
}
