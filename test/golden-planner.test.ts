// The planner against stored tables: compute, memory, bounds, scaling, money.
import assert from "node:assert/strict";
import { it } from "node:test";
import { accelerator, accelerators } from "../src/plan/hardware/accelerators.ts";
import { compareWork } from "../src/plan/money/return.ts";
import { selfOrApi } from "../src/plan/money/self-or-api.ts";
import { findBare, restsOnRumour } from "../src/plan/quantity/explain.ts";
import { given, type Quantity, rumoured, unknown } from "../src/plan/quantity/quantity.ts";
import { simulate } from "../src/plan/quantity/simulate.ts";
import type { Unit } from "../src/plan/quantity/units.ts";
import { laws } from "../src/plan/scaling/laws.ts";
import { cheapestFor, optimumFor } from "../src/plan/scaling/optimum.ts";
import { type CacheShape, cacheAt, cachePerToken, slidingLayersOf } from "../src/plan/serving/kv-cache.ts";
import { queueOf } from "../src/plan/serving/queue.ts";
import {
  bytesOfStep,
  decodeBound,
  flopsOfPrefill,
  gpusToHold,
  type ServedModel,
  secondsOfPrefill,
  weightBytes,
} from "../src/plan/serving/roofline.ts";
import {
  type ActivationMethod,
  activationsOfLayers,
  activationsPerLayer,
} from "../src/plan/training/activations.ts";
import {
  billedHours,
  costOfTraining,
  daysOfTraining,
  flopsOfTraining,
  hoursOfTraining,
  utilisationOf,
} from "../src/plan/training/compute.ts";
import { checkPlan } from "../src/plan/training/parallel.ts";
import { bytesPerParameter, optimisers, stateBytes } from "../src/plan/training/states.ts";
import { goldenSets, readJson } from "./places.ts";

// biome-ignore lint/suspicious/noExplicitAny: golden files are read as they are written
type Row = any;

const of = <U extends Unit>(value: number | null, unit: U, name = "input"): Quantity<U> =>
  value === null ? unknown(name, unit) : given(name, value, unit);
const count = (value: number | null) => of(value, "count");

/** Equal to a relative 1e-9; null where null is expected; explained down to sources. */
function same(quantity: Quantity, expected: number | null, where: string, tolerance = 1e-9): void {
  assert.deepEqual(findBare([quantity]), [], where);
  if (expected === null) return assert.equal(quantity.value, null, where);
  const { value } = quantity;
  const near = value !== null && Math.abs(value - expected) <= tolerance * Math.abs(expected);
  assert.ok(near, `${where}: ${quantity.name} is ${value}, expected ${expected}`);
}

/** Devices as a table has them, else the library's. */
function device(name: string, figures?: Row) {
  if (!figures) return accelerators.find((each) => each.name === name) ?? accelerator({ name });
  const { bf16Tflops, memoryGB, bandwidthTBs } = figures;
  return accelerator({
    name,
    tflops: bf16Tflops,
    gigabytes: memoryGB,
    gigabytesPerSecond: bandwidthTBs * 1000,
  });
}

/** Models and devices of the tables: all that any copy of the file knows. */
const { models, gpus: devices } = goldenSets("planner")
  .filter(({ name }) => name.startsWith("decode-roofline.json"))
  .map(({ path }) => readJson(path))
  .reduce((all, each) => ({
    models: Object.assign({}, all.models, each.models),
    gpus: Object.assign({}, all.gpus, each.gpus),
  }));

function served(name: string): ServedModel {
  const { parameters, active, experts, expertsPerToken, expertParameters } = models[name];
  return {
    parameters: of(parameters, "parameter"),
    activeParameters: of(active, "parameter"),
    experts:
      experts > 0
        ? {
            count: count(experts),
            perToken: count(expertsPerToken),
            parameters: of(expertParameters, "parameter"),
          }
        : undefined,
  };
}

function cacheShape({ layers, kvHeads, headDim, window, mla }: Row): CacheShape {
  if (mla) return { kind: "latent", rank: count(mla[0]), ropeDim: count(mla[1]), layers: count(layers) };
  const sliding = window && {
    length: of(window[0], "token"),
    slidingLayers: slidingLayersOf(count(layers), count(window[1])),
  };
  return {
    kind: "heads",
    kvHeads: count(kvHeads),
    headDim: count(headDim),
    layers: count(layers),
    window: sliding ?? undefined,
  };
}

function methodOf(text: string): ActivationMethod {
  if (/full/.test(text)) return "full";
  if (/^none/.test(text)) return "none";
  const parts = ["tensor", ...["sequence", "selective"].filter((word) => text.includes(word))];
  return parts.join("-") as ActivationMethod; // one of the five that are left
}

const workOf = (row: Row) => ({
  tasks: of(row.tasksPerMonth, "task/month", "tasks"),
  minutes: of(row.minutesPerTask, "minute/task"),
  wage: of(row.hourlyWage, "USD/hour"),
  overhead: of(row.overhead, "ratio"),
  modelCost: of(row.modelCostPerTask, "USD/task"),
  acceptance: of(row.acceptance, "ratio"),
  review: of(row.reviewMinutes, "minute/task"),
  errorRate: of(row.errorRate, "ratio"),
  errorCost: of(row.errorCost, "USD/task"),
  fixed: of(row.fixedPerMonth, "USD/month"),
});

/** One check a row of each table. */
const checks: Record<string, (row: Row, where: string) => void> = {
  training(row, where) {
    const isRumour = /rumour/.test(row.kind);
    const told = <U extends Unit>(value: number | null, unit: U) =>
      isRumour && value !== null ? rumoured("input", value, unit, { title: row.source }) : of(value, unit);
    const flops = flopsOfTraining(told(row.activeParameters, "parameter"), told(row.tokens, "token"));
    assert.equal(restsOnRumour(flops), isRumour && flops.value !== null, where);
    same(flops, row.flops6ND, where);
    const peak = row.gpu === null ? unknown("peak", "FLOP/second") : device(row.gpu).peak;
    same(utilisationOf(flops, of(row.gpuHours, "GPU-hour"), peak), row.mfu, where);
    if (row.published !== null) same(flops, row.published, where, row.publishedTolerance);
  },
  "gpu-hours"(row, where) {
    const hours = hoursOfTraining(of(row.flops, "FLOP"), device(row.gpu).peak, of(row.mfu, "ratio"));
    const goodput = of(row.goodput, "ratio");
    const billed = billedHours(hours, goodput);
    same(hours, row.hours, where);
    same(billed, row.billedHours, where);
    same(daysOfTraining(hours, of(row.gpus, "GPU"), goodput), row.days, where);
    same(costOfTraining(billed, of(row.pricePerHour, "USD/GPU-hour")), row.cost, where);
  },
  "training-memory"(row, where) {
    const bytes = {
      weights: of(row.weightBytes, "byte/parameter"),
      gradients: of(row.gradientBytes, "byte/parameter"),
      optimiser: of(row.optimiserBytes, "byte/parameter"),
    };
    same(bytesPerParameter(bytes, row.zero, count(row.dataParallel)), row.bytesPerParameter, where);
    const known = optimisers.find((name) => name === row.optimiser);
    if (known)
      same(
        bytesPerParameter(stateBytes(known), row.zero, count(row.dataParallel)),
        row.bytesPerParameter,
        where,
      );
  },
  "activation-memory"(row, where) {
    const perLayer = activationsPerLayer(methodOf(row.method), {
      hidden: count(row.hidden),
      heads: count(row.heads),
      sequence: of(row.sequence, "token"),
      microbatch: of(row.microbatch, "sequence"),
      tensor: count(row.tensorParallel),
    });
    same(perLayer, row.bytesPerLayer, where);
    same(activationsOfLayers(perLayer, count(row.layers)), row.bytesAllLayers, where);
  },
  "kv-cache"(row, where) {
    const shape = cacheShape(row);
    const [half, byte] = [of(2, "byte/count"), of(1, "byte/count")];
    same(cachePerToken(shape, half), row.bytesPerToken16, where, 0);
    same(cacheAt(shape, half, of(4096, "token")), row.bytesAt4096, where, 0);
    same(cacheAt(shape, half, of(32768, "token")), row.bytesAt32768, where, 0);
    same(cacheAt(shape, byte, of(131072, "token")), row.bytesAt131072q8, where, 0);
  },
  "decode-roofline"(row, where) {
    const model = served(row.model);
    const gpu = device(row.gpu, devices[row.gpu]);
    const bytesPerWeight = of(row.weightBytes, "byte/parameter");
    const cache = of(models[row.model].kvBytesPerToken * row.context, "byte");
    const load = { batch: of(row.batch, "sequence"), cache, bytesPerWeight };
    const gpus = gpusToHold(weightBytes(model, bytesPerWeight), load, gpu);
    const bound = decodeBound(model, load, gpu, gpus);
    same(gpus, row.gpus, where, 0);
    same(bytesOfStep(model, load), row.bytesRead, where);
    same(bound.seconds, row.secondsAStep, where);
    same(bound.tokensPerSecond, row.tokensPerSecond, where);
    assert.equal(bound.bound, row.bound, where);
  },
  prefill(row, where) {
    const { layers, hidden } = models[row.model];
    const flops = flopsOfPrefill(served(row.model), of(row.tokens, "token"), count(layers), count(hidden));
    const gpu = device(row.gpu, devices[row.gpu]);
    same(flops, row.flops, where);
    same(secondsOfPrefill(flops, gpu, of(row.gpus, "GPU"), of(row.mfu, "ratio")), row.seconds, where);
  },
  "parallel-plans"(row, where) {
    const result = checkPlan(
      {
        parameters: of(row.parameters, "parameter"),
        layers: count(row.layers),
        heads: count(row.heads),
        kvHeads: count(row.kvHeads),
        experts: count(row.experts),
        expertShare: of(row.expertShare, "ratio"),
      },
      {
        tensor: count(row.tensor),
        pipeline: count(row.pipeline),
        data: count(row.data),
        expert: count(row.expert),
        zero: row.zero,
        microbatch: of(row.microbatch, "sequence"),
        globalBatch: of(row.globalBatch, "sequence"),
      },
      stateBytes("adamw-mixed-fp32-master"),
      device(row.gpu),
    );
    same(result.gpus, row.gpus, where);
    same(result.states, row.stateBytesPerGpu, where);
    assert.equal(result.microbatches?.value ?? null, row.microbatches, where);
    if (row.bubble === null) assert.equal(result.bubble, null, where);
    else same(result.bubble!, row.bubble, where);
    const { fits: fitsStates, feasible, because } = result;
    assert.deepEqual(
      { fitsStates, feasible, because },
      { fitsStates: row.fitsStates, feasible: row.feasible, because: row.because },
      where,
    );
  },
  queue(row, where) {
    const queue = queueOf(
      of(row.arrivals, "request/second"),
      of(row.serviceRate, "request/second"),
      of(row.servers, "machine"),
    );
    const result = row.result ?? {};
    if (row.result !== null) same(queue.utilisation, result.rho, where);
    same(queue.probabilityOfWaiting, result.probabilityOfWaiting ?? null, where);
    same(queue.meanWait, result.meanWait ?? null, where);
    same(queue.waitAt95, result.p95Wait ?? null, where);
    same(queue.waitAt99, result.p99Wait ?? null, where);
    same(queue.waiting, result.inQueue ?? null, where);
  },
  "scaling-optimum"(row, where) {
    const law = laws[row.fit as keyof typeof laws];
    const optimum = optimumFor(law, of(row.flops, "FLOP"));
    same(optimum.parameters, row.parameters, where);
    same(optimum.tokens, row.tokens, where);
    same(optimum.tokensPerParameter, row.tokensPerParameter, where);
    same(optimum.loss, row.loss, where);
    assert.equal(optimum.extrapolates !== undefined, row.flops < 1e18 || row.flops > 1e25, where);
  },
  "scaling-with-inference"(row, where) {
    const cheapest = cheapestFor(laws.besiroglu, of(row.loss, "nat"), of(row.inferenceTokens, "token"));
    assert.ok(cheapest, where);
    same(cheapest.parameters, row.parameters, where, 1e-5);
    same(cheapest.tokens, row.tokens, where, 1e-5);
    same(cheapest.trainingFlops, row.flopsTrain, where, 1e-5);
    same(cheapest.totalFlops, row.flopsTotal, where);
  },
  "self-or-api"(row, where) {
    const result = selfOrApi(
      {
        price: of(row.pricePerHour, "USD/hour"),
        power: of(row.kilowatts, "kilowatt"),
        tariff: of(row.tariffPerKwh, "USD/kilowatt-hour"),
        speed: of(row.tokensPerSecond, "token/second"),
        utilisation: of(row.utilisation, "ratio"),
      },
      of(row.apiPerMillion, "USD/million tokens"),
    );
    same(result.own, row.selfPerMillion, where);
    same(result.breakEvenTokens, row.breakEvenTokensPerMonth, where);
    same(result.mostTokens, row.maxTokensPerMonth, where);
    same(result.breakEvenUtilisation, row.breakEvenUtilisation, where);
    assert.equal(result.reachable, row.breakEvenTokensPerMonth <= row.maxTokensPerMonth, where);
    assert.equal(result.cheaper, row.cheaper, where);
  },
  "people-or-model"(row, where) {
    const result = compareWork(workOf(row));
    same(result.people, row.humanCost, where);
    same(result.model, row.modelCost, where);
    same(result.saving, row.savingPerTask, where);
    same(result.breakEven, row.breakEvenTasks, where);
    same(result.headcount, row.peopleEquivalent, where);
    same(result.roi, row.roi, where);
    assert.equal(result.verdict, row.verdict, where);
    if (row.breakEvenTasks === null) return;
    const at = (tasks: number) => compareWork(workOf({ ...row, tasksPerMonth: tasks })).verdict;
    assert.equal(at(Math.ceil(row.breakEvenTasks) + 1), "model", where);
    assert.equal(at(Math.floor(row.breakEvenTasks) - 1), "people", where);
  },
  "roi-monte-carlo"(row, where) {
    const fields = Object.entries(row.triangular).map(([name, [low, , high]]: Row) => [name, { low, high }]);
    const ranges = Object.fromEntries(fields);
    const work = workOf({
      ...Object.fromEntries(Object.entries(row.triangular).map(([name, triple]: Row) => [name, triple[1]])),
      overhead: row.overhead,
    });
    const keys: Record<string, keyof typeof work> = {
      tasksPerMonth: "tasks",
      minutesPerTask: "minutes",
      hourlyWage: "wage",
      modelCostPerTask: "modelCost",
      acceptance: "acceptance",
      reviewMinutes: "review",
      errorRate: "errorRate",
      errorCost: "errorCost",
      fixedPerMonth: "fixed",
    };
    const uncertain: Record<string, Quantity> = { ...work };
    for (const [name, range] of Object.entries(ranges)) {
      const key = keys[name];
      const { unit, value } = work[key];
      uncertain[key] = given(key, { value: value!, range: range as Row }, unit);
    }
    const { roi } = compareWork(uncertain as typeof work);
    const result = simulate(roi, { seed: 1 });
    for (const [q, expected] of Object.entries(row.quantiles) as [keyof typeof result.quantiles, number][]) {
      const error = row.standardErrorOfQuantileAt10000[q];
      assert.ok(
        Math.abs(result.quantiles[q] - expected) <= 4 * error,
        `${where}: ${q} is ${result.quantiles[q]}`,
      );
    }
    const p = row.probabilityOfLoss;
    assert.ok(
      Math.abs(result.probabilityBelowZero - p) <= 4 * Math.sqrt((p * (1 - p)) / 10_000) + 1e-12,
      where,
    );
    const few = () => simulate(roi, { seed: 7, draws: 200 });
    assert.deepEqual(few(), few(), "the same seed, the same numbers");
    const sum = result.influences.reduce((total, { share }) => total + share, 0);
    assert.ok(sum > 0.8 && sum < 1.15, `${where}: first-order shares add up to ${sum}`);
  },
  "seed-claims"(row, where) {
    const numbers = [row.value].flat().filter((value: unknown) => typeof value === "number");
    const found = seedFigures(row.check);
    for (const [i, expected] of numbers.entries())
      if (found[i] !== undefined)
        assert.ok(Math.abs(found[i] / expected - 1) < 1e-9, `${where}: ${found[i]}`);
  },
};

/** The claims that the planner's formulas bear on. */
function seedFigures(check: string): (number | undefined)[] {
  if (!check.startsWith("2.15e25")) return [];
  const hours = hoursOfTraining(of(2.15e25, "FLOP"), device("A100-80").peak, of(0.35, "ratio"));
  return [10_000, 25_000].map(
    (gpus) => daysOfTraining(hours, of(gpus, "GPU"), of(1, "ratio")).value ?? undefined,
  );
}

for (const { name, path } of goldenSets("planner")) {
  const [table] = name.split(".json");
  if (!name.includes(".json")) continue;
  it(name, { skip: Object.hasOwn(checks, table) ? false : `nothing checks the table "${table}"` }, () => {
    const { rows } = readJson(path);
    for (const [i, row] of rows.entries())
      checks[table](row, `${name} ${i} ${row.name ?? row.model ?? row.optimiser ?? ""}`);
  });
}
