// The tools stats.describe, stats.test and stats.queue.
import { BaimoError } from "../../errors.ts";
import type { JsonSchema } from "../../json.ts";
import { hashOf } from "../evidence.ts";
import { describe } from "../statistics/describe.ts";
import { fewestForMeanWait } from "../statistics/queue.ts";
import { type Share, twoProportions, welch } from "../statistics/tests.ts";
import type { Args, Tool } from "../tool.ts";

const MOST = 1_000_000;
const sample: JsonSchema = { type: "array", maxItems: MOST, items: { type: "number" } };
const above0: JsonSchema = { type: "number", exclusiveMinimum: 0 };

export const statsDescribe: Tool = statistic("stats.describe", {
  input: { values: sample },
  gives: () => ["count", "mean", "standardDeviation", "min", "quartile1", "median", "quartile3", "max"],
  compute: ({ values }) => describe(values as number[]), // by the schema
});

const tests: Readonly<Record<string, readonly string[]>> = {
  "welch-t": ["meanA", "meanB", "t", "df", "pValue"],
  "two-proportion-z": ["shareA", "shareB", "z", "pValue"],
};

/** Two samples of numbers for Welch's t, two `{count, of}` for proportions. */
export const statsTest: Tool = statistic("stats.test", {
  input: { kind: { type: "string", enum: Object.keys(tests) }, a: {}, b: {} },
  gives: ({ kind }) => tests[String(kind)],
  compute({ kind, a, b }) {
    if (kind === "welch-t" && isSample(a) && isSample(b)) return welch(a, b);
    if (kind === "two-proportion-z" && isShare(a) && isShare(b)) return twoProportions(a, b);
    throw new BaimoError(
      "request",
      `stats.test: ${kind} takes two ${kind === "welch-t" ? "lists of numbers" : "{count, of}"}`,
    );
  },
});

export const statsQueue: Tool = statistic("stats.queue", {
  input: { arrivalsPerHour: above0, serviceMin: above0, targetWaitMin: above0 },
  gives: () => ["arrivalsPerHour", "servers", "meanWaitMin", "load"],
  compute: ({ arrivalsPerHour, serviceMin, targetWaitMin }) =>
    fewestForMeanWait(Number(arrivalsPerHour), Number(serviceMin), Number(targetWaitMin)),
});

const isSample = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === "number");

const isShare = (value: unknown): value is Share =>
  typeof value === "object" && value !== null && "count" in value && "of" in value;

/** What one statistic is. */
interface Statistic {
  readonly input: Readonly<Record<string, JsonSchema>>;
  gives(args: Args): readonly string[];
  compute(args: Args): object;
}

function statistic(name: string, { input, gives, compute }: Statistic): Tool {
  return {
    name,
    effect: "read",
    fixed: "kind" in input ? ["kind"] : [],
    input: {
      type: "object",
      required: Object.keys(input),
      additionalProperties: false,
      properties: input,
    },
    costFen: () => 0,
    async check(args) {
      return { type: "object", properties: Object.fromEntries(gives(args).map((each) => [each, {}])) };
    },
    async run({ node, args }) {
      const step = typeof args.kind === "string" ? args.kind : name.replace("stats.", "");
      const inputSha256 = await hashOf(args);
      return { output: compute(args), evidence: [{ kind: "step", node, tool: name, step, inputSha256 }] };
    },
  };
}
