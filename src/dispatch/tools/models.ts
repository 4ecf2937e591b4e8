// The tools model.predict and stats.forecast: AI 1.0 models, no figure outside their domain.
import { BaimoError } from "../../errors.ts";
import { isRecord, type JsonSchema } from "../../json.ts";
import { hashOf } from "../evidence.ts";
import type { Forecaster, Predictor } from "../models/model.ts";
import type { Model } from "../models/read-model.ts";
import type { Args, Tool } from "../tool.ts";

const MOST_ROWS = 100_000;
const MOST_STEPS = 120;

type Versioned<T> = T & { readonly version: string };

/** Scores a row (`input`) or many (`rows`); each keeps its own columns. */
export function modelPredict(models: ReadonlyMap<string, Model>): Tool {
  const predictors = new Map(
    [...models].filter((entry): entry is [string, Versioned<Predictor>] => entry[1].task === "predict"),
  );
  return {
    name: "model.predict",
    effect: "read",
    fixed: ["model"],
    input: {
      type: "object",
      required: ["model"],
      additionalProperties: false,
      properties: {
        model: { type: "string", enum: [...predictors.keys()] },
        input: {},
        rows: { type: "array", maxItems: MOST_ROWS },
      },
    },
    costFen: () => 0,
    async check(args, _asker, schemas) {
      const model = find(predictors, args);
      if ((args.input === undefined) === (args.rows === undefined)) {
        throw new BaimoError("request", "model.predict takes either input or rows");
      }
      const rows = schemas.get("rows");
      const row = args.input === undefined ? (isRecord(rows?.items) ? rows.items : {}) : schemas.get("input");
      checkFeatures(model, row ?? {});
      const outputs = Object.fromEntries(model.outputs.map((name) => [name, {}]));
      const properties = Object.assign({}, row?.properties, outputs);
      if (args.input !== undefined) return { type: "object", properties: outputs };
      return {
        type: "object",
        properties: {
          rows: { type: "array", items: { type: "object", properties } },
          outOfDomain: { type: "array", items: { type: "object" } },
        },
      };
    },
    async run({ node, args }) {
      const model = find(predictors, args);
      const input = args.input ?? args.rows;
      const output =
        args.input === undefined
          ? await predictAll(model, args.rows as unknown[])
          : await predictOne(model, input);
      return { output, evidence: [await evidenceOf(node, args, model, input)] };
    },
  };
}

/** Goes on with a series. */
export function forecast(models: ReadonlyMap<string, Model>): Tool {
  const forecasters = new Map(
    [...models].filter((entry): entry is [string, Versioned<Forecaster>] => entry[1].task === "forecast"),
  );
  const step = { value: { type: "number" }, lower95: { type: "number" }, upper95: { type: "number" } };
  return {
    name: "stats.forecast",
    effect: "read",
    fixed: ["model"],
    input: {
      type: "object",
      required: ["model", "series", "horizon"],
      additionalProperties: false,
      properties: {
        model: { type: "string", enum: [...forecasters.keys()] },
        series: { type: "array", maxItems: MOST_ROWS, items: { type: "number" } },
        horizon: { type: "integer", minimum: 1, maximum: MOST_STEPS },
      },
    },
    costFen: () => 0,
    async check() {
      return {
        type: "object",
        properties: { steps: { type: "array", items: { type: "object", properties: step } } },
      };
    },
    async run({ node, args }) {
      const model = find(forecasters, args);
      const series = args.series as number[]; // by the schema
      if (series.length < model.least) {
        throw new BaimoError(
          "request",
          `a forecast of ${args.model} begins from ${model.least} values, not ${series.length}`,
        );
      }
      const steps = model.forecast(series, Number(args.horizon));
      return { output: { steps }, evidence: [await evidenceOf(node, args, model, series)] };
    },
  };
}

function find<T>(models: ReadonlyMap<string, T>, { model }: Args): T {
  const found = models.get(String(model));
  if (found) return found;
  throw new BaimoError("request", `there is no model ${model}; known: ${[...models.keys()].join(", ")}`);
}

/** Whether a row of this schema has every feature; one without known columns may. */
function checkFeatures({ features }: Predictor, row: JsonSchema): void {
  if (!isRecord(row.properties)) return;
  const { properties } = row;
  const missing = features.filter((name) => !Object.hasOwn(properties, name));
  if (missing.length > 0)
    throw new BaimoError("request", `the model needs ${missing.join(", ")}, which the rows have not`);
}

async function predictOne(model: Predictor, input: unknown): Promise<unknown> {
  const prediction = await model.predict(input);
  if ("values" in prediction) return prediction.values;
  const { feature, found, allowed } = prediction.outOfDomain;
  throw new BaimoError("request", `out-of-domain: ${feature} is ${found}; allowed: ${allowed}`);
}

/** Rows outside the domain have null for every figure, and are listed. */
async function predictAll(model: Predictor, given: readonly unknown[]) {
  const outOfDomain: unknown[] = [];
  const rows: unknown[] = [];
  for (const [at, row] of given.entries()) {
    const prediction = await model.predict(row);
    const own = isRecord(row) ? row : {}; // a text is not passed on
    if ("outOfDomain" in prediction) outOfDomain.push(Object.assign({ row: at }, prediction.outOfDomain));
    const figures =
      "values" in prediction
        ? prediction.values
        : Object.fromEntries(model.outputs.map((name) => [name, null]));
    rows.push(Object.assign({}, own, figures));
  }
  return { rows, outOfDomain };
}

async function evidenceOf(node: string, { model }: Args, { version }: { version: string }, input: unknown) {
  return { kind: "model", node, model: String(model), version, inputSha256: await hashOf(input) } as const;
}
