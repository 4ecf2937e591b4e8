// A run of training from its configuration to its files: planned, stepped, logged, kept, resumed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { availableMemory, availableThreads } from "../../backends/threads.ts";
import { BaimoError } from "../../errors.ts";
import { type Checkpoint, openCheckpoint } from "../../formats/checkpoint.ts";
import { type Language, readLanguage } from "../../generate/language.ts";
import { convertToGguf } from "../../models/gguf/convert.ts";
import { describeModel, type ModelDescription } from "../../models/open-model.ts";
import type { AdapterOptions } from "../adapter.ts";
import type { PairScore } from "../dpo-trainer.ts";
import { writeInitialModel } from "../initialize.ts";
import type { Guard, Objective } from "../learner.ts";
import type { Schedule } from "../optimize/schedule.ts";
import { planMemory, TrainingSession, withRuntime } from "../session.ts";
import type { TrainedModelParts } from "../trained-model.ts";
import type { TaughtBatch } from "../trainer.ts";
import { type BatchSizes, Chats, inOrder, Pairs, Rows, type StepData } from "./batches.ts";
import { Checkpoints, identityOf, type RunState } from "./checkpoints.ts";
import type { TrainConfig } from "./config.ts";
import { readChats, readPairs, readTexts } from "./examples.ts";
import { RunLog } from "./log.ts";
import { copyBeside, writeAdapterFolder, writeModelFolder } from "./output.ts";

/** Batches in a row that may be skipped. */
const MOST_SKIPS = 3;
/** Norms that a spike is measured against, and how many there must be. */
const NORMS = 50;
const FEWEST_NORMS = 20;

/** What happens in a run, as it happens. */
export type RunEvent =
  | { readonly type: "planned"; readonly plan: RunPlan }
  | { readonly type: "resumed"; readonly step: number }
  | {
      readonly type: "step";
      readonly step: number;
      readonly loss: number;
      readonly gradNorm: number;
      readonly lr: number;
      readonly tokensPerSecond: number;
      /** Of the steps that remain, by those of this run so far. */
      readonly secondsLeft: number;
    }
  | {
      readonly type: "skipped";
      readonly step: number;
      readonly documents: readonly string[];
      readonly gradNorm: number;
    }
  | { readonly type: "evaluated"; readonly step: number; readonly loss: number }
  | { readonly type: "saved"; readonly step: number }
  | { readonly type: "done"; readonly out: string };

/** What a run takes, before its first step. */
export interface RunPlan {
  readonly parameters: number;
  readonly learned: number;
  readonly memoryBytes: number;
  /** Of one checkpoint, and of what the run leaves. */
  readonly checkpointBytes: number;
  readonly examples: number;
  /** Examples that were longer than a row. */
  readonly cut: number;
  readonly stepsAnEpoch: number;
  readonly threads: number;
}

type Source = { readonly stepsAnEpoch: number; step(index: number): StepData<never> };

/** Runs a training. @throws {BaimoError} `memory` naming the largest micro-batch that fits, and as what it reads */
export async function* runTraining(
  config: TrainConfig,
  signal?: AbortSignal,
): AsyncGenerator<RunEvent, void> {
  const out = resolve(config.out);
  mkdirSync(out, { recursive: true });
  const base = await baseOf(config, out);
  await using checkpoint = await openCheckpoint(base);
  const description = await describeModel(checkpoint);
  const language = await readLanguage(checkpoint, description);
  const threads = config.threads ?? (await availableThreads());
  const objective = objectiveOf(config);
  const parts = await partsThatFit(config, description, { objective, threads });
  const data = await readData(config, language);
  const session = await TrainingSession.open({ parts, files: checkpoint.files, objective, threads });
  try {
    yield {
      type: "planned",
      plan: {
        parameters: session.model.parameters.count,
        learned: session.model.learned.reduce((sum, { rows, cols }) => sum + rows * cols, 0),
        memoryBytes: withRuntime(session.bytes, threads),
        checkpointBytes: session.model.learned.reduce((sum, { rows, cols }) => sum + 12 * rows * cols, 0),
        examples: data.count,
        cut: data.cut,
        stepsAnEpoch: data.count / config.batch,
        threads,
      },
    };
    yield* steps(config, session, data, { out, base, checkpoint, signal });
  } finally {
    await session.close();
  }
}

/** The folder whose weights are trained: of `pretrain` one that is made beside the output. */
async function baseOf({ stage, model, seed }: TrainConfig, out: string): Promise<string> {
  if (stage !== "pretrain") return resolve(model);
  const folder = join(out, "initial");
  if (existsSync(join(folder, "model.safetensors"))) return folder;
  mkdirSync(folder, { recursive: true });
  const where = join(model, "config.json");
  if (!existsSync(where))
    throw new BaimoError(
      "config",
      `${where} is missing; pretrain begins from a config.json with a tokenizer beside it`,
    );
  const config = readFileSync(where);
  writeFileSync(join(folder, "config.json"), config);
  copyBeside(model, folder);
  await writeInitialModel(config, join(folder, "model.safetensors"), { seed });
  return folder;
}

function objectiveOf(config: TrainConfig): Objective {
  const { optimizer, clip, beta1, beta2, eps, weightDecay, lr, steps, warmup, end } = config;
  const adamw = { lr, beta1, beta2, eps, weightDecay };
  const muon =
    optimizer === "muon"
      ? { lr: config.muonLr, momentum: config.momentum, nesterov: true, weightDecay, scale: config.muonScale }
      : undefined;
  const decayStart = config.decayStart ?? Math.floor(0.9 * steps);
  const schedule = { kind: config.schedule, warmup, steps, end, decayStart } as Schedule; // each kind has its keys
  const common = { adamw, muon, clip, schedule };
  if (config.stage === "dpo") {
    return { kind: "pairs", options: { ...common, loss: config.loss, beta: config.beta } };
  }
  const { zLoss, balance, routerZ } = config;
  return { kind: "tokens", options: { ...common, zLoss, balance, routerZ } };
}

function adapterOf({ adapter, r, alpha, targets, seed }: TrainConfig): AdapterOptions | undefined {
  if (adapter === "none") return undefined;
  return { r, alpha, targets, seed, rs: adapter === "rslora", dora: adapter === "dora" };
}

/** What is trained, where it fits the machine. */
async function partsThatFit(
  config: TrainConfig,
  { config: model, weights }: ModelDescription,
  rest: { objective: Objective; threads: number },
): Promise<TrainedModelParts> {
  const partsOf = (microBatch: number): TrainedModelParts => ({
    config: model,
    weights,
    adapter: adapterOf(config),
    recompute: config.recompute === "block",
    maxTokens: microBatch * config.sequenceLength * (config.stage === "dpo" ? 2 : 1),
  });
  const most = Math.min(await availableMemory(), 65_536 * 65_535);
  const needs = (microBatch: number) => planMemory({ parts: partsOf(microBatch), ...rest });
  const bytes = await needs(config.microBatch);
  if (bytes <= most) return partsOf(config.microBatch);
  let fits = 0;
  for (let size = 1; size < config.microBatch && (await needs(size)) <= most; size *= 2) fits = size;
  throw new BaimoError(
    "memory",
    `training takes ${gigabytes(bytes)}, but ${gigabytes(most)} can be had; ` +
      (fits > 0
        ? `a microBatch of ${fits} fits (${gigabytes(await needs(fits))})`
        : "even a microBatch of 1 does not fit: train an adapter, or a smaller model"),
  );
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;

/** What a run learns from. */
interface RunData {
  readonly count: number;
  readonly cut: number;
  readonly evaluation: readonly TaughtBatch[];
  /** Where the reference's scores are known, or are not needed. */
  source(reference: readonly PairScore[]): Source;
  /** Pairs in micro-batches, in their order: what the reference is asked. */
  readonly pairs: readonly (readonly {
    prompt: readonly number[];
    chosen: readonly number[];
    rejected: readonly number[];
  }[])[];
  readonly identity: string;
}

async function readData(config: TrainConfig, language: Language): Promise<RunData> {
  const { stage, data, evaluation, sequenceLength, batch, microBatch, seed } = config;
  const sizes: BatchSizes = { batch, microBatch, sequenceLength };
  if (stage === "dpo") {
    const { examples, cut } = await readPairs(data, language, sequenceLength);
    if (examples.length === 0) throw new BaimoError("request", "the data has no pairs to learn from");
    const pairs = Array.from({ length: Math.ceil(examples.length / microBatch) }, (_, i) =>
      examples.slice(i * microBatch, (i + 1) * microBatch),
    );
    return {
      count: examples.length,
      cut,
      evaluation: [],
      pairs,
      source: (reference) => new Pairs(examples, reference, sizes, seed) as unknown as Source,
      identity: await identityOf(examples.map(({ prompt, chosen, rejected }) => [prompt, chosen, rejected])),
    };
  }
  const read = (files: readonly string[]) =>
    stage === "sft" ? readChats(files, language, sequenceLength) : readTexts(files, language);
  const { examples, cut } = await read(data);
  const held = await read(evaluation);
  const Kind = stage === "sft" ? Chats : Rows;
  const made = new Kind(examples, sizes, seed);
  return {
    count: stage === "sft" ? examples.length : Math.round(made.stepsAnEpoch * batch),
    cut,
    evaluation: inOrder(held.examples, sizes),
    pairs: [],
    source: () => made as unknown as Source,
    identity: await identityOf(
      examples.map(({ tokens, targets }) => [tokens.length, sumOf(tokens), sumOf(targets)]),
    ),
  };
}

/** A number that changes with the ids and their order. */
const sumOf = (ids: Int32Array) => ids.reduce((sum, id, i) => (Math.imul(sum, 31) + id + i) | 0, 7);

/** The steps of a run, from its newest checkpoint on where it has one. */
async function* steps(
  config: TrainConfig,
  session: TrainingSession,
  data: RunData,
  place: { out: string; base: string; checkpoint: Checkpoint; signal?: AbortSignal },
): AsyncGenerator<RunEvent, void> {
  const { out, signal } = place;
  const checkpoints = new Checkpoints(out);
  const log = new RunLog(join(out, "log.jsonl"));
  const {
    threads: _,
    resume: __,
    out: ___,
    gguf: ____,
    saveEvery: _____,
    keepEvery: ______,
    ...kept
  } = config;
  const identity = await identityOf([kept, data.identity]);
  const found = config.resume ? checkpoints.newest() : undefined;
  let state: RunState = { steps: 0, cursor: 0, skips: 0, norms: [], logBytes: 0, identity };
  if (found) {
    if (found.state.identity !== identity) {
      throw new BaimoError(
        "request",
        `${found.path} is of a run with other settings or data; give another out, or resume: false`,
      );
    }
    await checkpoints.restore(found.path, session, found.state);
    state = found.state;
    yield { type: "resumed", step: state.steps };
  } else if (data.pairs.length > 0) {
    state = { ...state, reference: await session.score(data.pairs) };
  }
  log.cutTo(state.logBytes);
  const source = data.source(state.reference ?? []);
  const save = async () => {
    state = { ...state, logBytes: log.bytes };
    await checkpoints.write(session, state, { keepEvery: config.keepEvery });
  };
  const started = performance.now();
  const firstStep = state.steps;
  let skipped = 0;
  while (state.steps < config.steps) {
    if (signal?.aborted) {
      await save();
      yield { type: "saved", step: state.steps };
      throw new BaimoError(
        "aborted",
        `training stopped after step ${state.steps}; the same command goes on from there`,
      );
    }
    const { batches, documents } = source.step(state.cursor);
    const began = performance.now();
    const { report, taken } = await session.step(batches, guardOf(config, state.norms));
    const seconds = (performance.now() - began) / 1000;
    const time = { _timestamp: Date.now() / 1000, _runtime: (performance.now() - started) / 1000 };
    state = { ...state, cursor: state.cursor + 1 };
    const line = {
      _step: state.steps + 1,
      "train/loss": report.loss,
      "train/grad_norm": report.gradNorm,
      "train/lr": config.lr * report.rate,
    };
    if (!taken) {
      skipped++;
      state = { ...state, skips: state.skips + 1 };
      log.write({ ...numbersOf(line), "train/skipped": true, documents, ...time });
      yield { type: "skipped", step: state.steps + 1, documents, gradNorm: report.gradNorm };
      if (skipped < MOST_SKIPS) continue;
      throw new BaimoError(
        "request",
        `${MOST_SKIPS} batches in a row were not fit to be learned from (norm ${report.gradNorm}, loss ${report.loss}); ` +
          `look at ${documents.slice(0, 3).join(", ")}, or lower lr`,
      );
    }
    skipped = 0;
    const norms = [...state.norms, report.gradNorm].slice(-NORMS);
    state = { ...state, steps: state.steps + 1, norms };
    const tokens = tokensOf(batches);
    const tokensPerSecond = tokens / seconds;
    log.write({ ...line, "train/tokens": tokens, "train/tokens_per_second": tokensPerSecond, ...time });
    const { loss, gradNorm, rate } = report;
    const perStep = (performance.now() - started) / 1000 / (state.steps - firstStep);
    yield {
      type: "step",
      step: state.steps,
      loss,
      gradNorm,
      lr: config.lr * rate,
      tokensPerSecond,
      secondsLeft: perStep * (config.steps - state.steps),
    };
    const isLast = state.steps === config.steps;
    if (data.evaluation.length > 0 && (isLast || isDue(state.steps, config.evaluateEvery))) {
      const heldOut = await session.evaluate(data.evaluation);
      if (!state.best || heldOut < state.best.loss)
        state = { ...state, best: { loss: heldOut, step: state.steps } };
      log.write({ _step: state.steps, "eval/loss": heldOut, ...time });
      yield { type: "evaluated", step: state.steps, loss: heldOut };
    }
    if (isLast || isDue(state.steps, config.saveEvery) || state.best?.step === state.steps) {
      await save();
      yield { type: "saved", step: state.steps };
    }
  }
  await writeOutput(config, session, place);
  yield { type: "done", out };
}

const isDue = (step: number, every: number) => every > 0 && step % every === 0;

/** What is no number JSON cannot say. */
function numbersOf(line: Readonly<Record<string, number>>): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(line).map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)]),
  );
}

function tokensOf(batches: readonly unknown[]): number {
  return batches.reduce<number>((sum, batch) => {
    const { tokens, pairs } = batch as {
      tokens?: Int32Array;
      pairs?: { prompt: []; chosen: []; rejected: [] }[];
    };
    if (tokens) return sum + tokens.length;
    return (
      sum +
      (pairs ?? []).reduce(
        (all, { prompt, chosen, rejected }) => all + 2 * prompt.length + chosen.length + rejected.length,
        0,
      )
    );
  }, 0);
}

/** A norm beyond so many times the median of those before is a spike. */
function guardOf({ spike }: TrainConfig, norms: readonly number[]): Guard {
  const most = Number.MAX_VALUE;
  if (spike === 0 || norms.length < FEWEST_NORMS) return { loss: most, gradNorm: most };
  const sorted = [...norms].sort((a, b) => a - b);
  return { loss: most, gradNorm: spike * sorted[sorted.length >> 1] };
}

async function writeOutput(
  config: TrainConfig,
  { model }: TrainingSession,
  {
    out,
    base,
    checkpoint,
    signal,
  }: { out: string; base: string; checkpoint: Checkpoint; signal?: AbortSignal },
): Promise<void> {
  if (model.adapter) return writeAdapterFolder(model.adapter, base, out);
  await writeModelFolder(model.parameters, checkpoint, { from: base, to: out });
  if (!config.gguf) return;
  await using written = await openCheckpoint(join(out, "model.safetensors"));
  await convertToGguf(written, join(out, "model.gguf"), { fileType: "F16", signal });
}
