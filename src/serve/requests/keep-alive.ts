// `keep_alive` of Ollama's clients: how long a model stays after its last request.
import { type Kind, refusal } from "../../options.ts";
import type { Lease } from "../models/models.ts";

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/gy;
/** What a timer holds. */
const LONGEST = 2_147_483;

/** Seconds; Infinity for ever. */
export const keepAliveField: Kind<number> = {
  kind: "duration",
  allowed: 'seconds, a duration such as "10m", or a negative number for ever',
  schema: { anyOf: [{ type: "number" }, { type: "string" }] },
  read(value, name, door) {
    const seconds = typeof value === "string" ? readDuration(value.slice(0, 100)) : value;
    if (typeof seconds !== "number") throw refusal("type", name, value, this.allowed, door);
    if (Number.isNaN(seconds)) throw refusal("value", name, value, this.allowed, door);
    return seconds < 0 || seconds > LONGEST ? Number.POSITIVE_INFINITY : seconds;
  },
};

/** "1h30m" in seconds, as Go writes durations; NaN for what is none. */
function readDuration(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const rest = text.replace(/^[+-]/, "");
  if (/^\d+(\.\d+)?$/.test(rest)) return sign * Number(rest);
  let [seconds, length] = [0, 0];
  for (const [part, count, unit] of rest.matchAll(PART)) {
    seconds += Number(count) * UNITS[unit];
    length += part.length;
  }
  return length > 0 && length === rest.length ? sign * seconds : Number.NaN;
}

/** Does what a request says; a model that is always there does not go, and the header says so. */
export function keepAlive(seconds: number | undefined, lease: Lease, ignored: string[]): void {
  if (seconds === undefined) return;
  if (lease.managed) lease.keep(seconds);
  else ignored.push("keep_alive");
}
