// Training's operations against torch in double precision: outputs, gradients, steps of optimisers.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { balanceLosses, routerBackward, scoreLogits } from "../src/kernels/backward/router-backward.ts";
import type { Activation, Experts, RouterConfig, Slice } from "../src/tensor/backend.ts";
import { Muon, type MuonOptions } from "../src/train/optimize/muon.ts";
import { Optimizer } from "../src/train/optimize/optimizer.ts";
import { rateFactor, type Schedule } from "../src/train/optimize/schedule.ts";
import type { Learned } from "../src/train/parameters.ts";
import { createTapeBackend, type TrainedLowRank } from "../src/train/tape/backend.ts";
import { Head } from "../src/train/tape/head.ts";
import type { Machine } from "../src/train/tape/machine.ts";
import type { Operation } from "../src/train/tape/operation.ts";
import { Tape } from "../src/train/tape/tape.ts";
import { Place, TrainedMatrix, TrainedVector, type Value, valueAt } from "../src/train/tape/value.ts";
import { beside, readJson, unlessBeside } from "./places.ts";
import { assertNear, type GoldenTensor, machineOfOne, readTensors } from "./training.ts";

const folder = (...parts: string[]) => beside("training", "ops", ...parts);
const skip = unlessBeside("training", "ops", "cases.json");

/** How a case is described. Options are of its operation. */
interface Case {
  readonly op: string;
  // biome-ignore lint/suspicious/noExplicitAny: golden files are read as they are written
  readonly options: any;
  readonly steps?: number;
  readonly f32VersusF64?: Readonly<Record<string, { readonly norm: number }>>;
  readonly norm?: number;
  readonly coefficient?: number;
}

/** What an operation made of a case: by the names of the file. */
type Answers = Map<string, ArrayLike<number>>;

/** A case on its way: its tensors, and a tape on which it runs. */
class Bench {
  readonly golden: ReadonlyMap<string, GoldenTensor>;
  readonly machine: Machine;
  readonly tape: Tape;
  readonly backend;
  readonly answers: Answers = new Map();
  readonly #settled: (() => void)[] = [];
  readonly #after: (() => void)[] = [];

  constructor(machine: Machine, golden: ReadonlyMap<string, GoldenTensor>, tokens: number) {
    this.machine = machine;
    this.golden = golden;
    this.tape = new Tape(machine, tokens);
    this.backend = createTapeBackend(this.tape);
  }

  tensor(name: string): GoldenTensor {
    const found = this.golden.get(name);
    assert.ok(found, `the case has no tensor "${name}"`);
    return found;
  }

  /** An input that learns; its gradient is answered. `order`: which value stands at each of a row's columns. */
  input(name: string, width: number, order?: readonly number[]): Place {
    const { values } = this.tensor(`in.${name}`);
    const rows = values.length / width;
    const place = new Place(width);
    const value = this.tape.value(width, true, rows);
    const at = (i: number) => (order ? i - (i % width) + order[i % width] : i);
    const operation: Operation = {
      name: "input",
      reads: [],
      writes: [value],
      keeps: [value],
      forward: () => {
        for (let i = 0; i < values.length; i++) this.machine.f32[value.address / 4 + i] = values[at(i)];
      },
      backward: () => {
        const gradient = new Float32Array(values.length);
        for (let i = 0; i < values.length; i++) gradient[at(i)] = this.machine.f32[value.gradient / 4 + i];
        this.answers.set(`d.${name}`, gradient);
      },
    };
    this.#passes.push(() => {
      this.tape.run(
        this.tape.next("input", () => operation),
        rows,
      );
      place.put(value);
    });
    return place;
  }
  readonly #passes: (() => void)[] = [];

  /** Weights that learn, from so many values on. */
  weights(name: string, from = 0, count = this.tensor(`in.${name}`).values.length - from) {
    const [address, gradient] = [0, 0].map(() => this.machine.allocate(4 * count));
    const { values } = this.tensor(`in.${name}`);
    this.#settled.push(() => this.machine.f32.set(values.subarray(from, from + count), address / 4));
    this.#after.push(() => {
      const learned = this.machine.f32.slice(gradient / 4, gradient / 4 + count);
      const all = this.answers.get(`d.${name}`) ?? new Float32Array(values.length);
      (all as Float32Array).set(learned, from);
      this.answers.set(`d.${name}`, all);
    });
    return { address, gradient };
  }

  vector(name: string, onePlus = false): TrainedVector {
    const { values } = this.tensor(`in.${name}`);
    if (!onePlus) return new TrainedVector(values.length, this.weights(name));
    const effective = this.machine.allocate(4 * values.length);
    this.#settled.push(() =>
      this.machine.f32.set(
        values.map((value) => 1 + value),
        effective / 4,
      ),
    );
    return new TrainedVector(values.length, this.weights(name), effective);
  }

  matrix(name: string, { bias, frozen }: { bias?: string; frozen?: boolean } = {}): TrainedMatrix {
    const source = this.tensor(frozen ? `const.${name}` : `in.${name}`);
    const [rows, cols] = source.shape;
    if (!frozen)
      return new TrainedMatrix({ rows, cols }, this.weights(name), bias ? this.weights(bias) : undefined);
    const address = this.machine.allocate(4 * rows * cols);
    this.#settled.push(() => this.machine.f32.set(source.values, address / 4));
    return new TrainedMatrix({ rows, cols }, { address, gradient: 0 });
  }

  /** Runs a pass twice, as training does: to write the tape, and to compute. */
  run(pass: () => Activation | Slice, before: () => void = () => {}): Value {
    const once = () => {
      this.tape.begin();
      before();
      for (const each of this.#passes) each();
      return valueAt(pass());
    };
    this.tape.plan([once()]);
    this.machine.settle();
    for (const each of this.#settled) each();
    return once();
  }

  /** The backward pass from the upstream gradients of the case. */
  finish(out: Value, name: string, order?: readonly number[]): void {
    const { f32 } = this.machine;
    const at = (i: number) => (order ? i - (i % out.width) + order[i % out.width] : i);
    const answer = new Float32Array(out.count);
    for (let i = 0; i < out.count; i++) answer[at(i)] = f32[out.address / 4 + i];
    this.answers.set(name, answer);
    const { values } = this.tensor(`up.${name}`);
    this.tape.clearGradients();
    for (let i = 0; i < out.count; i++) f32[out.gradient / 4 + i] = values[at(i)];
    out.isFresh = false;
    this.backward();
  }

  backward(): void {
    this.tape.backward();
    this.collect();
  }

  /** Takes the gradients of weights. */
  collect(): void {
    for (const each of this.#after) each();
  }
}

const last = (values: readonly number[]) => values[values.length - 1];
const rowsOf = (shape: readonly number[]) => shape.slice(0, -1).reduce((a, b) => a * b, 1);

/** Which column of a head each of its halves' columns is, where pairs are interleaved. */
function interleaved(heads: number, headDim: number, dims: number): number[] {
  return Array.from({ length: heads * headDim }, (_, i) => {
    const within = i % headDim;
    if (within >= dims) return i;
    return i - within + (within < dims / 2 ? 2 * within : 2 * (within - dims / 2) + 1);
  });
}

/** The length of each document. */
function documentsOf(ids: Float64Array): { first: number; rows: number }[] {
  const runs: { first: number; rows: number }[] = [];
  ids.forEach((id, i) => {
    if (i > 0 && id === ids[i - 1]) runs[runs.length - 1].rows++;
    else runs.push({ first: i, rows: 1 });
  });
  return runs;
}

const asRuns = (spans: readonly { first: number; rows: number }[]) =>
  spans.map((span) => ({
    ...span,
    sequence: { slot: 0, pages: new Int32Array(0) },
    position: 0,
    length: span.rows,
  }));

const routerOf = ({ score, topK, renormalise, scale, experts }: Case["options"]): RouterConfig => ({
  count: experts,
  perToken: topK,
  score,
  jitter: 0,
  groups: 1,
  groupsPerToken: 1,
  groupScore: "max",
  normalize: renormalise ? 1 : 0,
  normalizeEps: 0,
  scale,
});

/** How each operation of the fixtures is run. */
const runners: Readonly<Record<string, (bench: Bench, one: Case) => void>> = {
  embedding(bench, { options: { scale } }) {
    const ids = Int32Array.from(bench.tensor("const.ids").values);
    const table = bench.matrix("table");
    const out = new Place(table.cols);
    const value = bench.run(() => {
      bench.backend.embed(table, ids, out);
      if (scale !== 1) bench.backend.scale(out, scale);
      return out;
    });
    bench.finish(value, "y");
  },
  linear(bench, { options }) {
    const weight = bench.matrix("weight", options.bias ? { bias: "bias" } : {});
    const x = bench.input("x", weight.cols);
    const y = new Place(weight.rows);
    const value = bench.run(() => {
      bench.backend.linear(x, [[weight, y]]);
      return y;
    });
    bench.finish(value, "y");
  },
  norm(bench, { options: { kind, eps, onePlusWeight } }) {
    const x = bench.input("x", last(bench.tensor("in.x").shape));
    const weight = bench.golden.has("in.weight") ? bench.vector("weight", onePlusWeight) : undefined;
    const bias = bench.golden.has("in.bias") ? bench.vector("bias") : undefined;
    const out = new Place(x.width);
    const value = bench.run(() => {
      bench.backend.norm(x, { kind, eps, weight, bias }, out);
      return out;
    });
    bench.finish(value, "y");
  },
  rope(bench, { options: { pairing, headDim, dims } }) {
    const [, heads] = bench.tensor("in.x").shape;
    const order = pairing === "interleaved" ? interleaved(heads, headDim, dims) : undefined;
    const x = bench.input("x", heads * headDim, order);
    const [cos, sin] = ["cos", "sin"].map((name) => Float32Array.from(bench.tensor(`const.${name}`).values));
    const value = bench.run(
      () => {
        bench.backend.rope(x, headDim, 0);
        return x;
      },
      () => bench.backend.setAngles(0, cos, sin, dims / 2),
    );
    bench.finish(value, "y", order);
  },
  attention(bench, { options }) {
    const { scale, softcap, window, qkNorm, sinks, eps, heads, kvHeads, headDim } = options;
    const valueDim = last(bench.tensor("in.v").shape);
    const q = bench.input("q", heads * headDim);
    const k = bench.input("k", kvHeads * headDim);
    const v = bench.input("v", kvHeads * valueDim);
    const norms = qkNorm ? [bench.vector("qNorm"), bench.vector("kNorm")] : undefined;
    const sinkScores = sinks ? bench.vector("sinks") : undefined;
    const out = new Place(heads * valueDim);
    const runs = asRuns(documentsOf(bench.tensor("const.documents").values));
    const cache = bench.backend.allocateCache({
      numLayers: 1,
      numHeads: heads,
      numKvHeads: kvHeads,
      headDim,
      valueDim,
      pages: 1,
      namedPages: 1,
      dtype: "F32",
      heads: [0, heads],
    });
    const value = bench.run(() => {
      if (norms) {
        bench.backend.headNorm(q, { kind: "rms", eps, weight: norms[0] }, headDim);
        bench.backend.headNorm(k, { kind: "rms", eps, weight: norms[1] }, headDim);
      }
      bench.backend.storeKeysValues(cache, 0, k, v, runs);
      const given = { scale, softcap, window, causal: true, sinks: sinkScores };
      bench.backend.attention(cache, 0, q, out, given, runs);
      return out;
    });
    bench.finish(value, "y");
  },
  activate(bench, { options: { kind } }) {
    const width = last(bench.tensor("in.gate").shape);
    const gate = bench.input("gate", width);
    const up = bench.golden.has("in.up") ? bench.input("up", width) : undefined;
    const value = bench.run(() => {
      bench.backend.activate(kind, gate, up, 0);
      return gate;
    });
    bench.finish(value, "y");
  },
  "cross-entropy"(bench, one) {
    // The identity as a head: logits are states. What is learned is the loss and the cross-entropy beside it.
    const width = last(bench.tensor("in.logits").shape);
    const logits = bench.input("logits", width);
    const address = bench.machine.allocate(4 * width * width);
    const head = new TrainedMatrix({ rows: width, cols: width }, { address, gradient: 0 });
    judge(bench, one, { states: logits, head, beside: 1, softcap: one.options.softcap }, () => {
      for (let i = 0; i < width; i++) bench.machine.f32[address / 4 + i * width + i] = 1;
    });
  },
  "linear-cross-entropy"(bench, one) {
    const head = bench.matrix("weight");
    const states = bench.input("hidden", head.cols);
    judge(bench, one, { states, head, beside: 0, softcap: one.options.softcap });
  },
  router(bench, { options }) {
    const config = routerOf(options);
    const logits = Float32Array.from(bench.tensor("in.logits").values);
    const tokens = logits.length / config.count;
    const bias = bench.golden.get("const.selectionBias")?.values;
    const scored = scoreLogits(config, logits);
    // In falling order of what is chosen by.
    const experts = new Int32Array(tokens * config.perToken);
    const weights = new Float64Array(experts.length);
    for (let t = 0; t < tokens; t++) {
      const own = Array.from({ length: config.count }, (_, e) => e);
      const by = (e: number) => scored.scores[t * config.count + e] + (bias?.[e] ?? 0);
      own.sort((a, b) => by(b) - by(a) || a - b);
      const chosen = own.slice(0, config.perToken);
      experts.set(chosen, t * config.perToken);
      const score = (e: number) => scored.scores[t * config.count + e];
      const norm = config.normalize === 1 ? chosen.reduce((sum, e) => sum + score(e), 0) : 1;
      chosen.forEach((e, i) => {
        weights[t * config.perToken + i] = (score(e) / norm) * config.scale;
      });
    }
    const choices = { ...scored, experts };
    const losses = { balance: options.balanceWeight, z: options.zWeight };
    const { balance, z } = balanceLosses(config, choices, losses);
    const up = (name: string) => bench.golden.get(`up.${name}`)?.values ?? Float64Array.of(1);
    const dLogits = new Float32Array(logits.length);
    const weighted = { balance: losses.balance * up("balance")[0], z: losses.z * up("z")[0] };
    routerBackward(config, choices, up("weights"), weighted, dLogits, [0, tokens]);
    bench.answers.set("weights", weights).set("balance", [balance]).set("z", [z]).set("d.logits", dLogits);
  },
  "moe-layer"(bench, { options }) {
    const config = routerOf(options);
    const hidden = last(bench.tensor("in.x").shape);
    const [count, width] = bench.tensor("in.gate").shape;
    const x = bench.input("x", hidden);
    const router = bench.matrix("router");
    const part = (name: string, e: number, rows: number, cols: number) =>
      new TrainedMatrix({ rows, cols }, bench.weights(name, e * rows * cols, rows * cols));
    const layer: Experts = {
      experts: Array.from({ length: count }, (_, e) => ({
        gate: part("gate", e, width, hidden),
        up: part("up", e, width, hidden),
        down: part("down", e, hidden, width),
      })),
    };
    const mixture = bench.backend.allocateMixture({
      router: config,
      hiddenSize: hidden,
      activation: "silu",
      activationLimit: 0,
      inner: [0, width],
      outer: [0, hidden],
    });
    const logits = new Place(count);
    const out = new Place(hidden);
    const up = bench.golden.get("up.auxiliary")?.values[0] ?? 1;
    const value = bench.run(() => {
      bench.backend.linear(x, [[router, logits]]);
      for (const each of bench.backend.mixtures)
        each.weights = { balance: options.balanceWeight * up, z: options.zWeight * up };
      bench.backend.experts(x, logits, layer, mixture, out);
      return out;
    });
    const { balance, z } = bench.backend.mixtures[0].losses;
    bench.answers.set("auxiliary", [(balance + z) / up]);
    bench.finish(value, "y");
  },
  "lora-linear": lowRank,
  "dora-linear": lowRank,
};

function lowRank(bench: Bench, { options: { r, scaling } }: Case): void {
  const base = bench.matrix("weight", { frozen: true });
  const x = bench.input("x", base.cols);
  const low: TrainedLowRank = {
    base,
    rank: r,
    down: bench.weights("A"),
    up: bench.weights("B"),
    magnitude: bench.golden.has("in.magnitude") ? bench.weights("magnitude") : undefined,
  };
  const y = new Place(base.rows);
  const tokens = rowsOf(bench.tensor("in.x").shape);
  const value = bench.run(() => {
    bench.backend.linear(x, [[base, y]]);
    bench.backend.addLowRank(x, low, y, { first: 0, rows: tokens }, scaling);
    return y;
  });
  bench.finish(value, "y");
}

/** The losses of a head; `beside`: so many cross-entropies are learned beside the loss itself. */
function judge(
  bench: Bench,
  { options: { zLoss, denominator } }: Case,
  given: { states: Place; head: TrainedMatrix; beside: number; softcap: number },
  settled: () => void = () => {},
): void {
  const targets = Int32Array.from(bench.tensor("const.targets").values);
  const weights = bench.tensor("const.weights").values;
  const total = targets.reduce((sum, target, i) => sum + (target < 0 ? 0 : weights[i]), 0);
  const over = denominator > 0 ? denominator : total;
  let head: Head | undefined;
  const states = bench.run(() => {
    const value = valueAt(given.states);
    head ??= new Head(bench.machine, value, given.head, { scale: 1, softcap: given.softcap });
    return given.states;
  });
  settled();
  bench.tape.clearGradients();
  const factor = 1 + given.beside;
  assert.ok(head);
  assert.equal(states.rows, targets.length);
  const { crossEntropy, logSumExp } = head.learn({
    targets,
    weights: Float32Array.from(weights, (weight) => (factor * weight) / over),
    z: zLoss / factor,
  });
  const sum = (z: number) =>
    targets.reduce((all, _, i) => all + (weights[i] * (crossEntropy[i] + z * logSumExp[i] ** 2)) / over, 0);
  bench.answers.set("loss", [sum(zLoss)]).set("crossEntropy", [sum(0)]);
  bench.backward();
}

/** Something an optimiser steps, at an address of its own. */
function learned(machine: Machine, shape: readonly number[]): Learned {
  const rows = shape[0];
  const cols = shape.slice(1).reduce((a, b) => a * b, 1);
  const [address, gradient, first, second] = [0, 0, 0, 0].map(() => machine.allocate(4 * rows * cols));
  const isMatrix = shape.length > 1;
  const moments = [first, second] as const;
  return { name: "p", rows, cols, address, gradient, moments, isMatrix, isBlockMatrix: isMatrix };
}

/** Steps of an optimiser over the gradients of a case; its answers are the parameter after each. */
function stepThrough(machine: Machine, golden: ReadonlyMap<string, GoldenTensor>, one: Case): Answers {
  const answers: Answers = new Map();
  const { shape, values } = golden.get("in.p") as GoldenTensor;
  const p = learned(machine, shape);
  const adamw = { lr: 0, beta1: 0, beta2: 0, eps: 1, weightDecay: 0 };
  const isMuon = one.op === "muon";
  const options = isMuon
    ? { clip: 0, adamw, muon: one.options as MuonOptions }
    : { clip: 0, adamw: one.options };
  const optimizer = new Optimizer(machine, [p], options);
  const alone = isMuon ? new Muon(machine, [p], one.options) : undefined;
  machine.settle();
  machine.f32.set(values, p.address / 4);
  const read = (address: number) => machine.f32.slice(address / 4, address / 4 + p.rows * p.cols);
  for (let step = 1; step <= (one.steps ?? 0); step++) {
    const gradient = golden.get(`in.g${step}`)?.values ?? [];
    machine.f32.set(gradient, p.gradient / 4);
    if (alone && step === 1) {
      machine.f32.set(gradient, alone.input / 4);
      answers.set("orthogonal1", read(alone.orthogonalize(p.rows, p.cols)));
    }
    optimizer.step(step, 1, optimizer.norm());
    answers.set(`p${step}`, read(p.address));
  }
  return answers;
}

describe("operations of training", { skip }, () => {
  if (skip) return;
  const cases: Readonly<Record<string, Case>> = readJson(folder("cases.json")).cases;
  for (const [name, one] of Object.entries(cases)) {
    test(name, async () => {
      const golden = readTensors(folder(`${name}.safetensors`));
      const machine = await machineOfOne();
      if (one.op === "clip") return clip(machine, golden, one);
      const answers =
        one.op === "adamw" || one.op === "muon"
          ? stepThrough(machine, golden, one)
          : runOperation(machine, golden, one);
      for (const [wanted, { norm }] of Object.entries(one.f32VersusF64 ?? {})) {
        const answer = answers.get(wanted);
        assert.ok(answer, `${wanted} was not computed`);
        const { values } = golden.get(wanted) as GoldenTensor;
        assertNear(answer, values, Math.max(1e-5, 20 * norm), wanted);
      }
    });
  }

  const { note: _, ...schedules } = readJson(folder("schedules.json"));
  for (const [kind, { options, factors }] of Object.entries<{ options: object; factors: number[] }>(
    schedules,
  )) {
    test(`schedule ${kind}`, () => {
      const schedule = { kind, ...options } as Schedule; // as the golden file names it
      factors.forEach((factor, step) => {
        assert.ok(Math.abs(rateFactor(schedule, step) - factor) < 1e-12, `step ${step}`);
      });
    });
  }
});

function runOperation(machine: Machine, golden: ReadonlyMap<string, GoldenTensor>, one: Case): Answers {
  const runner = runners[one.op];
  assert.ok(runner, `an operation of a new kind, "${one.op}"`);
  const lead = golden.get("const.ids") ?? golden.get("in.x") ?? golden.get("in.q") ?? golden.get("in.gate");
  const first = lead ?? golden.get("in.logits") ?? golden.get("in.hidden");
  assert.ok(first);
  const tokens = one.op === "attention" || one.op === "rope" ? first.shape[0] : rowsOf([...first.shape, 1]);
  const perRow = one.op === "embedding" || one.op === "attention" || one.op === "rope";
  const rows = perRow ? tokens : rowsOf(first.shape);
  const bench = new Bench(machine, golden, rows);
  runner(bench, one);
  return bench.answers;
}

function clip(machine: Machine, golden: ReadonlyMap<string, GoldenTensor>, one: Case): void {
  const { maxNorm } = one.options;
  const names = [...golden.keys()].filter((name) => name.startsWith("in."));
  const all = names.map((name) => learned(machine, golden.get(name)?.shape ?? []));
  // A rate of 1 without moments: what is taken from the parameter is the clipped gradient's sign, so the norm is compared.
  const adamw = { lr: 0, beta1: 0, beta2: 0, eps: 1, weightDecay: 0 };
  const optimizer = new Optimizer(machine, all, { clip: maxNorm, adamw });
  machine.settle();
  names.forEach((name, i) => {
    machine.f32.set(golden.get(name)?.values ?? [], all[i].gradient / 4);
  });
  const norm = optimizer.norm();
  assert.ok(one.norm && Math.abs(norm / one.norm - 1) < 1e-6, `norm ${norm}`);
  // With beta1 0 the first moment is the gradient as the step sees it.
  optimizer.step(1, 1, norm);
  names.forEach((name, i) => {
    const { moments, rows, cols } = all[i];
    const seen = machine.f32.slice(moments[0] / 4, moments[0] / 4 + rows * cols);
    assertNear(seen, golden.get(name.slice(3))?.values ?? [], 1e-5, name);
  });
}
