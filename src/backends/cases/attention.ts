// Cases of attention over a cache of every type: sequences alone, together and in pieces.
import {
  type AttentionCase,
  attention,
  cases as attentionShapes,
} from "../../kernels/attention/attention.ts";
import { cachedValues, joinRows, kernelSuffix, keyDimOf } from "../../kernels/attention/kv-store.ts";
import type { Random } from "../../random.ts";
import {
  type AttentionOptions,
  type Backend,
  type CacheType,
  type KvCache,
  PAGE,
  type Run,
  type Sequence,
  type Slice,
} from "../../tensor/backend.ts";
import { scalePartition } from "../../tensor/partition.ts";
import { CASE_TOKENS, describe, join, normals, type OperationCase } from "./case.ts";

/** One sequence of a call: its new tokens, and how long it is, if it does not end with them. */
interface Part {
  readonly tokens: number;
  readonly position: number;
  readonly length?: number;
}

/** Of one sequence. */
const CASE_PAGES = CASE_TOKENS / PAGE;

interface AttentionOfParts extends Omit<AttentionCase, "tokens" | "position" | "length" | "window"> {
  readonly dtype: CacheType;
  readonly parts: readonly Part[];
  /** Of one KV head: what is stored as a key is only what comes before its value. */
  readonly valueInKey?: boolean;
  /** One answer each. */
  readonly windows: readonly number[];
}

/** Keys and values of one sequence, and which pages of the cache are its. */
interface Held {
  readonly run: Run;
  readonly positions: number;
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

/**
 * Attention of each part over its own sequence, in pages that are not in the order of the rows. The keys and values of
 * all its positions are stored before.
 */
export function attentionCase(shape: AttentionOfParts): OperationCase {
  const { dtype, parts, heads, kvHeads, headDim, valueDim, causal, windows, softcap = 0 } = shape;
  const type = kernelSuffix(dtype);
  const keyDim = keyDimOf(shape);
  const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
  return {
    operation: "attention",
    about: `attention over ${dtype} keys and values: ${describeAttention(shape)}`,
    kernels: () => [`attention_${type}`, `store_k_${type}`, `store_v_${type}`],
    tolerance: 1e-5, // scores are f32 sums of headDim terms, weights within a few ulp
    async prepare(stage, random) {
      const b = stage.backend;
      const q = normals(random, tokens * heads * headDim);
      const held = holdParts(parts, random, { keyWidth: kvHeads * keyDim, valueWidth: kvHeads * valueDim });
      const extras = {
        sinks: shape.sinks ? normals(random, heads) : undefined,
        slopes: shape.slopes ? normals(random, heads).map((slope) => Math.abs(slope) / 8) : undefined,
        table: shape.reach ? normals(random, heads * (2 * shape.reach + 1)) : undefined,
      };
      const scale = Math.fround(1 / Math.sqrt(headDim));
      const options: Omit<AttentionOptions, "window"> = {
        scale,
        causal,
        softcap,
        sinks: extras.sinks && (await stage.vector(extras.sinks)),
        slopes: extras.slopes && (await stage.vector(extras.slopes)),
        bias:
          shape.reach && extras.table
            ? { table: await stage.vector(extras.table), reach: shape.reach }
            : undefined,
      };
      const cut = stage.cut(heads);
      const cache = b.allocateCache({
        numLayers: 2,
        numHeads: heads,
        numKvHeads: kvHeads,
        headDim,
        valueDim,
        valueInKey: shape.valueInKey,
        // as many again for copies
        pages: 2 * parts.length * CASE_PAGES,
        namedPages: parts.length * CASE_PAGES,
        dtype,
        heads: cut,
      });
      const query = await stage.slice(q, heads * headDim, headDim);
      const out = b.allocateSlice(scalePartition(cut, valueDim), tokens);
      const stored: { key: Slice; value: Slice; positions: number; sequence: Sequence }[] = [];
      for (const { keys, values, positions, run } of held) {
        const key = await stage.slice(keys, kvHeads * keyDim);
        const value = await stage.slice(values, kvHeads * valueDim);
        stored.push({ key, value, positions, sequence: run.sequence });
      }
      /** Stores everything, `step` positions at a time. */
      const store = (step: number) => {
        for (const { key, value, positions, sequence } of stored) {
          const [k, v] = [b.gatherHeads(key, cache), b.gatherHeads(value, cache)];
          for (let at = 0; at < positions; at += step) {
            const rows = Math.min(step, positions - at);
            b.storeKeysValues(cache, 1, k, v, [
              { sequence, first: at, rows, position: at, length: positions },
            ]);
          }
        }
      };
      const runs = held.map(({ run }) => run);
      const attend = async (calls: readonly (readonly Run[])[]) => {
        const answers: Float32Array[] = [];
        for (const window of windows) {
          for (const some of calls) b.attention(cache, 1, query, out, { ...options, window }, some);
          answers.push((await stage.read(out)).slice());
        }
        return join(answers);
      };
      const inPieces = (step: number) => () => {
        store(step);
        return attend(runs.flatMap((run) => piecesOf(run, step)).map((piece) => [piece]));
      };
      return {
        run() {
          store(CASE_TOKENS);
          return attend([runs]);
        },
        same: {
          "in another order": () => {
            store(CASE_TOKENS);
            return attend([runs.toReversed()]);
          },
          "1 token at a time": inPieces(1),
          "2 tokens at a time": inPieces(2),
          "7 tokens at a time": inPieces(7),
          "after its pages were copied": () => {
            store(CASE_TOKENS);
            return attend([runs.map((run) => movePages(b, cache, run))]);
          },
        },
        expected(rounding) {
          const size = tokens * heads * valueDim;
          const answers = new Float32Array(windows.length * size);
          for (const { run, keys, values } of held) {
            const { first, rows, position, length } = run;
            const stored = rounding === "none" ? keys : cachedRows(keys, dtype, keyDim);
            const v = rounding === "none" ? values : cachedRows(values, dtype, valueDim);
            const k = shape.valueInKey ? joinRows(stored, v, keys.length / keyDim) : stored;
            for (const [i, window] of windows.entries()) {
              const from = i * size + first * heads * valueDim;
              attention({
                q: q.subarray(first * heads * headDim, (first + rows) * heads * headDim),
                k,
                v,
                out: answers.subarray(from, from + rows * heads * valueDim),
                tokens: rows,
                heads,
                kvHeads,
                headDim,
                valueDim,
                position,
                length,
                scale,
                causal,
                window,
                softcap,
                sinks: extras.sinks,
                slopes: extras.slopes,
                bias: shape.reach && extras.table ? { table: extras.table, reach: shape.reach } : undefined,
              });
            }
          }
          return answers;
        },
      };
    },
  };
}

/** The runs of a call, and what their sequences hold. Their pages lie in turns, the last sequence's first. */
function holdParts(
  parts: readonly Part[],
  random: Random,
  { keyWidth, valueWidth }: { keyWidth: number; valueWidth: number },
): Held[] {
  let first = 0;
  return parts.map(({ tokens, position, length = position + tokens }, i) => {
    const positions = Math.max(length, position + tokens);
    const place = parts.length - 1 - i;
    const pages = Int32Array.from({ length: CASE_PAGES }, (_, page) => page * parts.length + place);
    const sequence = { slot: 0, pages };
    const run = { sequence, first, rows: tokens, position, length };
    first += tokens;
    const [keys, values] = [normals(random, positions * keyWidth), normals(random, positions * valueWidth)];
    return { run, positions, keys, values };
  });
}

/** A run whose sequence's pages have been copied behind those of all sequences. */
function movePages(b: Backend, cache: KvCache, run: Run): Run {
  const pages = run.sequence.pages.map((page) => page + cache.pages / 2);
  run.sequence.pages.forEach((page, i) => {
    b.copyPage(cache, page, pages[i]);
  });
  return { ...run, sequence: { slot: 0, pages } };
}

/** A run cut into pieces of at most `step` rows. */
export function piecesOf(run: Run, step: number): Run[] {
  return Array.from({ length: Math.ceil(run.rows / step) }, (_, i) => ({
    sequence: run.sequence,
    first: run.first + i * step,
    rows: Math.min(step, run.rows - i * step),
    position: run.position + i * step,
    length: run.length,
  }));
}

/** Keys or values as a cache gives them back. */
function cachedRows(x: Float32Array, dtype: CacheType, dim: number): Float32Array {
  const rows = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += dim) rows.set(cachedValues(x.slice(at, at + dim), dtype), at);
  return rows;
}

function describeAttention({ parts, dtype: _, ...shape }: AttentionOfParts): string {
  const runs = parts.map(({ tokens, position, length }) =>
    length === undefined ? `${tokens} at ${position}` : `${tokens} at ${position} of ${length}`,
  );
  return describe({ tokens: runs, ...shape });
}

/** Sequences of different lengths: prompts beside single tokens, one that ends a block of the cache, one that begins one. */
const several: readonly Part[] = [
  { tokens: 5, position: 0 },
  { tokens: 1, position: 31 },
  { tokens: 1, position: 32 },
  { tokens: 9, position: 60 },
];
const encoded: readonly Part[] = [
  { tokens: 3, position: 0, length: 40 },
  { tokens: 12, position: 0 },
];
const latent = { heads: 9, kvHeads: 1, valueInKey: true, causal: true, parts: several };
const shared = { heads: 6, kvHeads: 2, headDim: 20, valueDim: 12, causal: true };

export const attentionCases: readonly OperationCase[] = (["F32", "F16", "Q8"] as const).flatMap((dtype) =>
  [
    ...attentionShapes.map(({ tokens, position, length, window, ...shape }) => ({
      ...shape,
      windows: [window],
      parts: [{ tokens, position, length: length || undefined }],
    })),
    { ...shared, parts: several, windows: [0, 20] },
    { ...shared, parts: several, windows: [20], sinks: true },
    { ...shared, parts: several, windows: [0], softcap: 2, slopes: true },
    { ...shared, parts: several, windows: [0], reach: 20 },
    { ...shared, parts: encoded, windows: [0], causal: false, reach: 7 },
    { ...latent, headDim: 48, valueDim: 32, windows: [0, 20] },
    { ...latent, headDim: 17, valueDim: 10, windows: [0], softcap: 2 },
  ].map((shape) => attentionCase({ ...shape, dtype })),
);
