// Chooses the next token from logits: bias, penalties, temperature, truncation, seeded draw.
import { BaimoError } from "../errors.ts";
import { createRandom } from "../random.ts";
import { type Candidates, createCandidates } from "./candidates.ts";
import { expNegative, logSumExp } from "./exponential.ts";
import { findLargest, LIKELY, type LogitSummary, type SummaryWish, WEIGHT_BLOCK } from "./logit-summary.ts";
import { selectLargest } from "./selection.ts";
import type { TokenLogprob } from "./types.ts";

/** How to sample, every default filled in (`resolveOptions`): plain data that may be sent to a worker. */
export interface SamplerOptions {
  /** Below 1e-4 the most likely token is taken. */
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  typicalP: number;
  repetitionPenalty: number;
  presencePenalty: number;
  frequencyPenalty: number;
  /** Pairs of token id and bias. */
  logitBias: readonly (readonly [id: number, bias: number])[];
  seed: number;
  /** How many alternatives to report; undefined: no log-probabilities at all. */
  logprobs?: number;
}

/** A chosen token; the fields of log-probability are there when they were asked for. */
export interface SampledToken {
  id: number;
  logprob?: number;
  top?: TokenLogprob[];
}

/** Samples one sequence, remembering what was chosen. */
export interface Sampler {
  /**
   * Chooses the next token and records it.
   *
   * logits   [vocabSize] f32; changed on the way and restored, but for those of tokens that may not come
   * allowed  [ceil(vocabSize / 32)] a bit for each token that may come; undefined: all
   * @throws {BaimoError} `device` when a logit is NaN or infinite upwards, or all are minus infinity;
   * `request` when the bias bans every token that may come
   */
  sample(logits: Float32Array, allowed?: Uint32Array): SampledToken;
  /** What is enough in place of all logits, where every token may come; undefined: nothing is. */
  readonly wish: SummaryWish | undefined;
  /** The same as `sample`, by what was wished for. */
  sampleFrom(summary: LogitSummary): SampledToken;
}

/** Memory that lives as long as the sampler. */
interface Scratch {
  candidates: Candidates;
  heap: Int32Array;
  blockSums: Float64Array;
}

/** A temperature below this is greedy: the scaled logits would only overflow. */
const GREEDY_BELOW = 1e-4;
/** Bias at or below this bans a token, as in OpenAI's interface. */
const BAN = -100;
/** Of more than so many tokens all logits are looked at. */
const MOST_TOP = 256;

/**
 * Makes a sampler for one sequence.
 *
 * The order of the steps: log-probabilities are reported from the raw logits; then bias, penalties, temperature, top-k,
 * typical, top-p, min-p, draw. It is llama.cpp's default chain (`common_params_sampling`: penalties, top-k, typical,
 * top-p, min-p, temperature) but with the temperature before the truncations, as Hugging Face's `LogitsProcessorList`,
 * vLLM and OpenAI's interface have it. Each truncation sees the distribution that the one before left, renormalised.
 * - Penalties: repetition (arXiv:1909.05858 §4.1) counts prompt and answer; presence and frequency count the answer
 *   only, as OpenAI's.
 * - Top-k keeps exactly k; equal logits go to the lower id. Top-p (arXiv:1904.09751) keeps the smallest set of most
 *   likely tokens whose probability reaches p; typical (arXiv:2202.00666) the same in the order of |entropy - surprise|;
 *   min-p (arXiv:2407.01082) what is at least minP times as likely as the most likely token left.
 * - One random number a token, walked along the ids, so that logits that differ in the last bit rarely change the choice.
 *
 * prompt  ids that count as seen for the repetition penalty
 */
export function createSampler(
  options: SamplerOptions,
  vocabSize: number,
  prompt: ArrayLike<number>,
): Sampler {
  const random = createRandom(options.seed);
  const adjust = createAdjuster(options, vocabSize, prompt);
  const scratch: Scratch = {
    candidates: createCandidates(vocabSize),
    heap: new Int32Array(Math.min(vocabSize, Math.max(options.topK, options.logprobs ?? 0))),
    blockSums: new Float64Array(Math.ceil(vocabSize / WEIGHT_BLOCK)),
  };

  return {
    wish: wishOf(options, vocabSize),
    sampleFrom(summary) {
      const { best, max } = summary;
      checkLargest(best, max);
      const isGreedy = options.temperature < GREEDY_BELOW;
      return {
        id: isGreedy ? best : drawFromSummary(summary, options, random.uniform(), scratch.candidates),
      };
    },
    sample(logits, allowed) {
      if (logits.length !== vocabSize) {
        throw new BaimoError("shape", `sampler: ${logits.length} logits for a vocabulary of ${vocabSize}`);
      }
      const rawBest = argmax(logits);
      const report = options.logprobs === undefined ? undefined : { total: 0, top: [] as TokenLogprob[] };
      if (report) {
        report.total = logSumExp(logits, logits[rawBest]);
        report.top = mostLikely(logits, report.total, options.logprobs ?? 0, scratch.heap);
      }
      const changed = adjust.apply(logits);
      if (allowed) banOthers(logits, allowed);
      const best = changed || allowed ? argmaxAdjusted(logits) : rawBest;
      const id =
        options.temperature < GREEDY_BELOW
          ? best
          : draw(logits, logits[best], options, random.uniform(), scratch);
      if (changed) adjust.restore(logits);
      adjust.record(id);
      return report ? { id, logprob: logits[id] - report.total, top: report.top } : { id };
    },
  };
}

/** What is enough of the logits; log-probabilities, bias and penalties take them all. */
function wishOf(options: SamplerOptions, vocabSize: number): SummaryWish | undefined {
  const { temperature, topK, topP, typicalP, logprobs, logitBias } = options;
  if (logprobs !== undefined || logitBias.length > 0 || hasPenalties(options)) return undefined;
  if (temperature < GREEDY_BELOW) return { kind: "best" };
  if (topK > 0 && topK < vocabSize) return topK <= MOST_TOP ? { kind: "top", count: topK } : undefined;
  return typicalP >= 1 && topP < 1 ? { kind: "nucleus", scale: 1 / temperature, share: topP } : undefined;
}

/** The index of the largest logit, the lowest of equal ones; throws on NaN, infinity, and when nothing is possible. */
function argmax(logits: Float32Array): number {
  const best = findLargest(logits);
  checkLargest(best, logits[best]);
  return best;
}

function checkLargest(best: number, logit: number): void {
  if (best < 0) {
    throw new BaimoError("device", "sampler: all logits are minus infinity, so no token can follow");
  }
  if (!(logit < Number.POSITIVE_INFINITY)) {
    throw new BaimoError(
      "device",
      `sampler: the logit of token ${best} is ${logit}, where a finite number is expected; ` +
        'the model\'s weights or a kernel are at fault (compare with device "reference")',
    );
  }
}

function argmaxAdjusted(logits: Float32Array): number {
  const best = findLargest(logits);
  if (best < 0) {
    throw new BaimoError("request", "option logitBias bans every token that may follow");
  }
  return best;
}

/** Makes tokens that may not come impossible. */
function banOthers(logits: Float32Array, allowed: Uint32Array): void {
  for (let word = 0, id = 0; id < logits.length; word++) {
    const bits = allowed[word];
    const end = Math.min(id + 32, logits.length);
    if (bits === 0) logits.fill(Number.NEGATIVE_INFINITY, id, end);
    else if (bits !== 0xffffffff) {
      for (let i = id; i < end; i++) if ((bits & (1 << (i - id))) === 0) logits[i] = Number.NEGATIVE_INFINITY;
    }
    id = end;
  }
}

/**
 * The most likely tokens, most likely first, of equal ones the lower id.
 *
 * total  `logSumExp` of the logits
 * heap   [>= min(count, length)] scratch
 */
export function mostLikely(
  logits: Float32Array,
  total: number,
  count: number,
  heap: Int32Array,
): TokenLogprob[] {
  if (count === 0) return [];
  const found = Array.from(heap.subarray(0, selectLargest(logits, count, heap)));
  found.sort((a, b) => logits[b] - logits[a] || a - b);
  return found.filter((id) => logits[id] > -Infinity).map((id) => ({ id, logprob: logits[id] - total }));
}

/** Bias and penalties: changes few logits in place and puts them back. */
interface Adjuster {
  /** @returns whether anything was changed */
  apply(logits: Float32Array): boolean;
  restore(logits: Float32Array): void;
  record(id: number): void;
}

const hasPenalties = (options: SamplerOptions): boolean =>
  options.repetitionPenalty !== 1 || options.presencePenalty !== 0 || options.frequencyPenalty !== 0;

function createAdjuster(options: SamplerOptions, vocabSize: number, prompt: ArrayLike<number>): Adjuster {
  const { repetitionPenalty, presencePenalty, frequencyPenalty, logitBias } = options;
  const penalises = hasPenalties(options);
  // Distinct ids seen, and how often each was generated (0: in the prompt only).
  const seen = new Map<number, number>();
  if (repetitionPenalty !== 1) {
    for (let i = 0; i < prompt.length; i++) if (prompt[i] < vocabSize) seen.set(prompt[i], 0);
  }
  // What stood there before, in the order of changing; an id may be there twice (bias, then penalty).
  const ids: number[] = [];
  const values: number[] = [];
  const change = (logits: Float32Array, id: number, value: number) => {
    ids.push(id);
    values.push(logits[id]);
    logits[id] = value;
  };
  return {
    apply(logits) {
      for (const [id, bias] of logitBias) {
        change(logits, id, bias <= BAN ? Number.NEGATIVE_INFINITY : logits[id] + bias);
      }
      if (penalises) {
        for (const [id, count] of seen) {
          const logit = logits[id];
          let value = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
          if (count > 0) value -= presencePenalty + count * frequencyPenalty;
          change(logits, id, value);
        }
      }
      return ids.length > 0;
    },
    restore(logits) {
      for (let i = ids.length - 1; i >= 0; i--) logits[ids[i]] = values[i];
      ids.length = values.length = 0;
    },
    record(id) {
      if (penalises) seen.set(id, (seen.get(id) ?? 0) + 1);
    },
  };
}

/** Draws from logits with temperature and truncation. */
function draw(
  logits: Float32Array,
  max: number,
  options: SamplerOptions,
  uniform: number,
  scratch: Scratch,
): number {
  const { topK, topP, minP, typicalP } = options;
  const scale = 1 / options.temperature;
  const { candidates } = scratch;
  const cutsK = topK > 0 && topK < logits.length;
  if (!cutsK && typicalP >= 1 && topP >= 1 && minP <= 0) {
    return drawFromAll(logits, max, scale, uniform, scratch.blockSums);
  }

  candidates.clear();
  // The sum of all weights, where the candidates leave out some that cannot be chosen.
  let mass: number | undefined;
  if (cutsK) {
    const kept = scratch.heap.subarray(0, selectLargest(logits, topK, scratch.heap)).sort();
    for (const id of kept) {
      const score = (logits[id] - max) * scale;
      candidates.add(id, score, expNegative(score));
    }
  } else if (typicalP < 1) {
    collect(logits, max, scale, Number.NEGATIVE_INFINITY, candidates);
  } else if (topP < 1) {
    mass = collectNucleus(logits, max, scale, topP, candidates);
  } else {
    collect(logits, max, scale, max + Math.log(0.5 * minP) / scale, candidates);
  }
  return drawFromCandidates(candidates, mass, options, uniform);
}

/** The same from what was found of the logits. */
function drawFromSummary(
  { max, ids, logits, mass }: LogitSummary,
  options: SamplerOptions,
  uniform: number,
  candidates: Candidates,
): number {
  const scale = 1 / options.temperature;
  candidates.clear();
  for (let i = 0; i < ids.length; i++) {
    const score = (logits[i] - max) * scale;
    candidates.add(ids[i], score, expNegative(score));
  }
  return drawFromCandidates(candidates, mass, options, uniform);
}

/** mass: the weight of all tokens, where candidates are missing that cannot be chosen */
function drawFromCandidates(
  candidates: Candidates,
  mass: number | undefined,
  { topP, minP, typicalP }: SamplerOptions,
  uniform: number,
): number {
  if (typicalP < 1) candidates.keepTypical(typicalP);
  if (topP < 1) candidates.keepLikeliest(topP * (mass ?? candidates.sum()));
  if (minP > 0) candidates.keepAbove(minP);
  return candidates.draw(uniform);
}

/** Adds every token whose logit reaches the floor. */
function collect(
  logits: Float32Array,
  max: number,
  scale: number,
  floor: number,
  candidates: Candidates,
): void {
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] < floor) continue;
    const score = (logits[i] - max) * scale;
    candidates.add(i, score, expNegative(score));
  }
}

/** Adds a set of tokens in which the smallest set of mass topP lies; returns the mass of the whole vocabulary. */
function collectNucleus(
  logits: Float32Array,
  max: number,
  scale: number,
  topP: number,
  candidates: Candidates,
): number {
  // Nearly always a few tokens hold the mass, and they are found on the way.
  let mass = 0;
  for (let start = 0; start < logits.length; start += WEIGHT_BLOCK) {
    const end = Math.min(start + WEIGHT_BLOCK, logits.length);
    let sum = 0;
    for (let i = start; i < end; i++) {
      const score = (logits[i] - max) * scale;
      const weight = expNegative(score);
      sum += weight;
      if (weight >= LIKELY) candidates.add(i, score, weight);
    }
    mass += sum;
  }
  if (candidates.sum() >= topP * mass) return mass;
  // All tokens below this floor together have less than 1 - topP. Half of it, for rounding.
  candidates.clear();
  const floor = max + Math.log((0.5 * (1 - topP) * mass) / logits.length) / scale;
  collect(logits, max, scale, floor, candidates);
  return mass;
}

/** Draws from the whole vocabulary: sums by blocks first, then walks within one block, so nothing is stored. */
function drawFromAll(
  logits: Float32Array,
  max: number,
  scale: number,
  uniform: number,
  sums: Float64Array,
): number {
  let total = 0;
  for (let block = 0; block < sums.length; block++) {
    let sum = 0;
    const end = Math.min((block + 1) * WEIGHT_BLOCK, logits.length);
    for (let i = block * WEIGHT_BLOCK; i < end; i++) sum += expNegative((logits[i] - max) * scale);
    sums[block] = sum;
    total += sum;
  }
  let rest = uniform * total;
  let last = 0;
  for (let block = 0; block < sums.length; block++) {
    if (sums[block] === 0) continue;
    last = block;
    if (rest < sums[block]) break;
    rest -= sums[block];
  }
  let id = last * WEIGHT_BLOCK;
  const end = Math.min(id + WEIGHT_BLOCK, logits.length);
  for (let i = id; i < end; i++) {
    const weight = expNegative((logits[i] - max) * scale);
    if (weight > 0) {
      id = i;
      rest -= weight;
      if (rest < 0) break;
    }
  }
  return id;
}
