// Generation options: their defaults and their checks.
import { BaimoError } from "../errors.ts";
import type { SamplerOptions } from "./sampler.ts";
import type { GenerateOptions } from "./types.ts";

/** Options with every default filled in: plain data that may be sent to a worker. */
export interface ResolvedOptions {
  sampler: SamplerOptions;
  /** Undefined: what is left of the context. */
  maxTokens?: number;
  stop: string[];
  stopTokens: number[];
  ignoreEos: boolean;
}

/** Every default of generation; the comments in types.ts repeat them for the reader. */
export const DEFAULTS = {
  temperature: 0.8,
  topK: 0,
  topP: 0.95,
  minP: 0,
  typicalP: 1,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
} as const;

/** Most stop strings, and the longest, so that a request cannot make every token slow. */
const MAX_STOPS = 64;
const MAX_STOP_LENGTH = 1024;
/** Most alternatives that `logprobs` may ask for. */
const MAX_LOGPROBS = 1024;

interface Range {
  min: number;
  max: number;
  integer?: boolean;
  /** The lower end itself is not allowed. */
  above?: boolean;
}

const RANGES: Record<keyof typeof DEFAULTS, Range> = {
  temperature: { min: 0, max: 100 },
  topK: { min: 0, max: 2 ** 31 - 1, integer: true },
  topP: { min: 0, max: 1, above: true },
  minP: { min: 0, max: 1 },
  typicalP: { min: 0, max: 1, above: true },
  repetitionPenalty: { min: 0.1, max: 100 },
  presencePenalty: { min: -100, max: 100 },
  frequencyPenalty: { min: -100, max: 100 },
};

/**
 * Fills in the defaults and checks every value; draws a seed where none is given.
 *
 * @throws {BaimoError} `request` that names the option, the value and what is allowed
 */
export function resolveOptions(options: GenerateOptions = {}): ResolvedOptions {
  const value = (name: keyof typeof DEFAULTS) =>
    options[name] === undefined ? DEFAULTS[name] : inRange(name, options[name], RANGES[name]);
  const { maxTokens, logprobs } = options;
  return {
    sampler: {
      temperature: value("temperature"),
      topK: value("topK"),
      topP: value("topP"),
      minP: value("minP"),
      typicalP: value("typicalP"),
      repetitionPenalty: value("repetitionPenalty"),
      presencePenalty: value("presencePenalty"),
      frequencyPenalty: value("frequencyPenalty"),
      logitBias: readLogitBias(options.logitBias),
      seed: options.seed === undefined ? drawSeed() : readSeed(options.seed),
      ...(logprobs === undefined
        ? {}
        : { logprobs: inRange("logprobs", logprobs, { min: 0, max: MAX_LOGPROBS, integer: true }) }),
    },
    ...(maxTokens === undefined
      ? {}
      : { maxTokens: inRange("maxTokens", maxTokens, { min: 0, max: 2 ** 31 - 1, integer: true }) }),
    stop: readStops(options.stop),
    stopTokens: readStopTokens(options.stopTokens),
    ignoreEos: readFlag("ignoreEos", options.ignoreEos),
  };
}

function refuse(name: string, value: unknown, allowed: string): BaimoError {
  return new BaimoError("request", `option ${name} is ${show(value)}; allowed: ${allowed}`);
}

function show(value: unknown): string {
  if (typeof value === "number" || value === null || value === undefined) return String(value);
  const text = typeof value === "string" ? JSON.stringify(value) : `of type ${typeof value}`;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function inRange(name: string, value: unknown, range: Range): number {
  const whole = !range.integer || Number.isInteger(value);
  if (typeof value === "number" && whole && value <= range.max) {
    if (range.above ? value > range.min : value >= range.min) return value;
  }
  const kind = range.integer ? "an integer" : "a number";
  const lower = range.above ? `above ${range.min}` : `from ${range.min}`;
  throw refuse(name, value, `${kind} ${lower} to ${range.max}`);
}

function readSeed(seed: unknown): number {
  if (typeof seed === "number" && Number.isSafeInteger(seed)) return seed;
  throw refuse("seed", seed, "an integer within ±(2^53 - 1)");
}

function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

function readFlag(name: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  throw refuse(name, value, "true or false");
}

function readLogitBias(bias: unknown): [id: number, bias: number][] {
  if (bias === undefined) return [];
  if (typeof bias !== "object" || bias === null) {
    throw refuse("logitBias", bias, "an object from token id to number");
  }
  return Object.entries(bias).map(([key, value]) => {
    const id = Number(key);
    if (!/^\d+$/.test(key) || id >= 2 ** 31) {
      throw refuse("logitBias", key, "token ids as keys, integers from 0");
    }
    if (typeof value !== "number" || Number.isNaN(value) || value > 1000) {
      throw refuse(`logitBias[${id}]`, value, "a number up to 1000; -100 or less bans the token");
    }
    return [id, value];
  });
}

function readStops(stop: unknown): string[] {
  const list: unknown = stop === undefined ? [] : typeof stop === "string" ? [stop] : stop;
  if (!Array.isArray(list)) throw refuse("stop", stop, "a string or a list of strings");
  if (list.length > MAX_STOPS) {
    throw new BaimoError("request", `option stop has ${list.length} strings; allowed: at most ${MAX_STOPS}`);
  }
  return list.map((text: unknown, i) => {
    const name = typeof stop === "string" ? "stop" : `stop[${i}]`;
    if (typeof text !== "string" || text.length === 0 || text.length > MAX_STOP_LENGTH) {
      throw refuse(name, text, `a string of 1 to ${MAX_STOP_LENGTH} characters`);
    }
    if (/\p{Surrogate}/u.test(text)) {
      throw refuse(name, text, "well-formed text; half of a surrogate pair never occurs in an answer");
    }
    return text;
  });
}

function readStopTokens(tokens: unknown): number[] {
  if (tokens === undefined) return [];
  if (!Array.isArray(tokens)) throw refuse("stopTokens", tokens, "a list of token ids");
  return tokens.map((id: unknown, i) =>
    inRange(`stopTokens[${i}]`, id, { min: 0, max: 2 ** 31 - 1, integer: true }),
  );
}
