// How busy a server was: from its usage log, or from two looks at its /metrics.
import { BaimoError } from "../../errors.ts";
import { isPlain } from "../../options.ts";
import { type Input, measured } from "../quantity/quantity.ts";

/** Tokens of answers a second, over all of the time, idle or not. */
export type Usage = Input<"token/second">;

const name = "tokens of answers a second, over the log";

/** Seconds of a time that a log wrote: a date, seconds or milliseconds since 1970. */
function secondsOf(time: unknown): number {
  if (typeof time === "string") return Date.parse(time) / 1000;
  if (typeof time !== "number") return Number.NaN;
  return time > 1e11 ? time / 1000 : time;
}

/** The first of some fields that is there. */
const firstOf = (fields: Record<string, unknown>, keys: readonly string[]): unknown =>
  keys.map((key) => fields[key]).find((value) => value !== undefined);

/**
 * Reads a log of JSON lines, each with a time (`time`, `timestamp` or `created`) and the answer's tokens: `completionTokens`,
 * OpenAI's `usage`, or the `tokens` of `baimo serve --log requests`. What else a server says, in lines that are no objects, is
 * left out.
 * @throws {BaimoError} `format` naming the line at fault, or where the log has no length in time
 */
export function readUsageLog(text: string, title: string): Usage {
  let [first, last, tokens] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const [at, line] of text.split("\n").entries()) {
    if (!line.trimStart().startsWith("{")) continue;
    const { time, count } = readLine(line, `${title}, line ${at + 1}`);
    first = Math.min(first, time);
    last = Math.max(last, time);
    tokens += count;
  }
  if (first > last) throw new BaimoError("format", `${title}: no line is a JSON object; ${EXPECTED}`);
  return rateOf(tokens, last - first, title);
}

const EXPECTED =
  "expected a time (time, timestamp or created) and completionTokens, as baimo serve --log requests writes them";

function readLine(line: string, where: string): { time: number; count: number } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new BaimoError("format", `${where}: is not JSON`, { cause });
  }
  const fields = isPlain(value) ? value : {};
  const usage = [fields.usage, fields.tokens].find(isPlain) ?? fields;
  const time = secondsOf(firstOf(fields, ["time", "timestamp", "created"]));
  // A request that asks for no answer has no tokens in baimo's log.
  const none = typeof fields.route === "string" ? 0 : undefined;
  const count = firstOf(usage, ["completionTokens", "completion_tokens", "completion"]) ?? none;
  if (typeof count === "number" && count >= 0 && Number.isFinite(time)) return { time, count };
  throw new BaimoError("format", `${where}: ${EXPECTED}`);
}

/** Counters of answers' tokens: baimo's, vLLM's and llama.cpp's. */
const counters: readonly RegExp[] = [
  /^baimo_tokens_total\{[^}]*kind="completion"[^}]*\}\s+(\S+)/gm,
  /^vllm:generation_tokens_total(?:\{[^}]*\})?\s+(\S+)/gm,
  /^llamacpp:tokens_predicted_total(?:\{[^}]*\})?\s+(\S+)/gm,
];

/**
 * Compares two looks at /metrics (Prometheus' text), so many seconds apart.
 * @throws {BaimoError} `format` where no counter of answers' tokens is there, or it went back
 */
export function readMetrics(before: string, after: string, seconds: number, title: string): Usage {
  return rateOf(countTokens(after, title) - countTokens(before, title), seconds, title);
}

function countTokens(text: string, title: string): number {
  for (const counter of counters) {
    const found = Array.from(text.matchAll(counter), ([, value]) => Number(value));
    const sum = found.reduce((total, value) => total + value, 0);
    if (found.length > 0 && Number.isFinite(sum)) return sum;
  }
  // A server that has answered nothing yet tells of the counter and has no value of it.
  if (
    /^# TYPE (baimo_tokens_total|vllm:generation_tokens_total|llamacpp:tokens_predicted_total) /m.test(text)
  )
    return 0;
  throw new BaimoError(
    "format",
    `${title}: no counter of answers' tokens; expected baimo_tokens_total, vllm:generation_tokens_total or llamacpp:tokens_predicted_total`,
  );
}

function rateOf(tokens: number, seconds: number, title: string): Usage {
  if (!(seconds > 0))
    throw new BaimoError("format", `${title}: covers ${seconds} seconds; expected more than one moment`);
  if (!(tokens >= 0))
    throw new BaimoError("format", `${title}: the counter went back; was the server started again?`);
  return measured(name, tokens / seconds, "token/second", {
    title: `${title}, over ${Math.round(seconds)} seconds`,
  });
}
