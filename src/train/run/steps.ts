// The steps of a run: learned, guarded, logged, evaluated, kept, resumed from a checkpoint.
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import { openCheckpoint } from "../../formats/checkpoint.ts";
import { convertToGguf } from "../../models/gguf/convert.ts";
import type { Guard, StepBatch } from "../learner.ts";
import type { TrainingSession } from "../session.ts";
import { answersOf, sumPairs } from "../tasks/pairs.ts";
import { Checkpoints, identityOf, type RunState } from "./checkpoints.ts";
import { answerTokensOf, decayStartOf, type TrainConfig } from "./config.ts";
import type { RunEvent } from "./events.ts";
import type { PromptExample } from "./examples.ts";
import { drawGroups } from "./groups.ts";
import { LiveModel } from "./live-model.ts";
import { RunLog } from "./log.ts";
import type { OpenRun, RunOptions } from "./open-run.ts";
import { writeAdapterFolder, writeModelFolder } from "./output.ts";

/** Batches in a row that may be skipped. */
const MOST_SKIPS = 3;
/** Norms that a spike is measured against, and how many there must be. */
const NORMS = 50;
const FEWEST_NORMS = 20;
/** What a run's seed is taken modulo, and how many answers it may draw. */
const SEEDS = 2 ** 26;

/** The steps of a run, from its newest checkpoint on where it has one. */
export async function* takeSteps(
  config: TrainConfig,
  session: TrainingSession,
  run: OpenRun,
  { judge, signal }: RunOptions,
): AsyncGenerator<RunEvent, void> {
  const { out, data } = run;
  await using live = judge && new LiveModel(config, session, run);
  const checkpoints = new Checkpoints(out);
  const log = new RunLog(join(out, "log.jsonl"));
  const identityAt = await identitiesOf(config, data.hash);
  const found = config.resume ? checkpoints.newest() : undefined;
  let state: RunState = { steps: 0, cursor: 0, skips: 0, norms: [], logBytes: 0, identity: identityAt(0) };
  if (found) {
    if (found.state.identity !== identityAt(found.state.steps)) {
      throw new BaimoError(
        "request",
        `${found.path} is of a run with other settings or data; give another out, or resume: false`,
      );
    }
    await checkpoints.restore(found.path, session, found.state);
    state = found.state;
    yield { type: "resumed", step: state.steps };
  } else if (data.pairs.length > 0) {
    state = { ...state, reference: sumPairs(await session.score(data.pairs.map(answersOf))) };
  }
  log.cutTo(state.logBytes);
  const draw = async (prompts: readonly PromptExample[], step: number) => {
    if (!live || !judge) throw new Error("answers were to be drawn without a judge");
    const { groupSize, microBatch, batch } = config;
    return drawGroups(
      prompts,
      { live, session, judge },
      {
        groupSize,
        microBatch,
        answerTokens: answerTokensOf(config),
        scale: config.advantage,
        hasReference: config.kl > 0,
        seed: (config.seed % SEEDS) * SEEDS + step * batch,
        signal,
      },
    );
  };
  const source = data.source(state.reference ?? [], { draw, kept: state.drawn });
  const save = async () => {
    state = { ...state, logBytes: log.bytes, identity: identityAt(state.steps) };
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
    const batch = await source.step(state.cursor);
    const began = performance.now();
    const { report, taken } = await session.step(batch.batches, guardOf(config, state.norms));
    const seconds = (performance.now() - began) / 1000;
    const time = { _timestamp: Date.now() / 1000, _runtime: (performance.now() - started) / 1000 };
    // Answers that no later step learns from need not be kept.
    state = { ...state, cursor: state.cursor + 1, drawn: config.updates > 1 ? batch.drawn : undefined };
    const { loss, gradNorm, rate, ...found } = report;
    const line = {
      _step: state.steps + 1,
      "train/loss": loss,
      "train/grad_norm": gradNorm,
      "train/lr": config.lr * rate,
      ...Object.fromEntries(Object.entries(found).map(([name, value]) => [logName(name), value])),
      ...batch.about,
    };
    if (!taken) {
      const documents = await batch.documents();
      skipped++;
      state = { ...state, skips: state.skips + 1 };
      log.write({ ...numbersOf(line), "train/skipped": true, documents, ...time });
      yield { type: "skipped", step: state.steps + 1, documents, gradNorm };
      if (skipped < MOST_SKIPS) continue;
      throw new BaimoError(
        "request",
        `${MOST_SKIPS} batches in a row were not fit to be learned from (norm ${gradNorm}, loss ${loss}); ` +
          `look at ${documents.slice(0, 3).join(", ")}, or lower lr`,
      );
    }
    skipped = 0;
    const norms = [...state.norms, gradNorm].slice(-NORMS);
    state = { ...state, steps: state.steps + 1, norms };
    const tokens = tokensOf(batch.batches);
    const tokensPerSecond = tokens / seconds;
    log.write({ ...line, "train/tokens": tokens, "train/tokens_per_second": tokensPerSecond, ...time });
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
  await writeOutput(config, session, run, signal);
  yield { type: "done", out };
}

/** What a run depends on, as a hash for each step: before the rate of wsd falls, its end is open. */
async function identitiesOf(config: TrainConfig, data: string): Promise<(step: number) => string> {
  const {
    threads: _,
    resume: __,
    out: ___,
    gguf: ____,
    saveEvery: _____,
    keepEvery: ______,
    ...kept
  } = config;
  const { steps: _______, decayStart: ________, ...open } = kept;
  const [whole, undecided] = await Promise.all([identityOf([kept, data]), identityOf([open, data])]);
  const isOpen = (step: number) => config.schedule === "wsd" && step <= decayStartOf(config);
  return (step) => (isOpen(step) ? undecided : whole);
}

const isDue = (step: number, every: number) => every > 0 && step % every === 0;

/** crossEntropy -> train/cross_entropy. */
const logName = (name: string) => `train/${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;

/** What is no number JSON cannot say. */
function numbersOf(line: Readonly<Record<string, number | string>>): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(line).map(([name, value]) => [
      name,
      typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
    ]),
  );
}

function tokensOf(batches: readonly StepBatch[]): number {
  let sum = 0;
  for (const batch of batches) {
    if ("tokens" in batch) sum += batch.tokens.length;
    else
      for (const { prompt, answer } of "pairs" in batch ? answersOf(batch.pairs) : batch.answers)
        sum += prompt.length + answer.length;
  }
  return sum;
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
  { out, base, checkpoint, endTokens }: OpenRun,
  signal?: AbortSignal,
): Promise<void> {
  if (model.adapter) return writeAdapterFolder(model.adapter, base, out);
  await writeModelFolder(model.parameters, checkpoint, { from: base, to: out, endTokens });
  if (!config.gguf) return;
  await using written = await openCheckpoint(join(out, "model.safetensors"));
  await convertToGguf(written, join(out, "model.gguf"), { fileType: "F16", signal });
}
