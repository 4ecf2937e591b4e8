// What a task's generation_kwargs mean: where an answer ends, and how its tokens are drawn.
import { brief } from "../../json.ts";
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

/** @throws {BaimoError} `format` for values that are none */
export function generationSettings(kwargs: RawConfig, where: string): GenerationSettings {
  const number = (key: string, fallback: number): number => {
    const value = kwargs[key] ?? fallback;
    if (typeof value === "number" || value instanceof Number) return Number(value);
    throw configError(where, `generation_kwargs.${key}`, `must be a number but is ${brief(value)}`);
  };
  const until = [kwargs.until ?? []].flat();
  if (!until.every((text) => typeof text === "string")) {
    throw configError(where, "generation_kwargs.until", `must be texts but is ${brief(until)}`);
  }
  const lengthKey = LENGTH_KEYS.find((key) => kwargs[key] !== undefined && kwargs[key] !== null);
  const drawn = kwargs.do_sample === true || (kwargs.do_sample === undefined && number("temperature", 0) > 0);
  const settings = {
    stop: until.filter((text) => text !== ""),
    maxTokens: lengthKey === undefined ? MAX_TOKENS : Math.floor(number(lengthKey, MAX_TOKENS)),
    // transformers draws at temperature 1 where a task only says that it draws
    temperature: drawn ? number("temperature", 1) : 0,
  };
  if (!drawn) return settings;
  return { ...settings, topP: number("top_p", 1), topK: number("top_k", 50) };
}
