// The Backend contract fulfilled by a tape: the forward pass runs as ever, and can be gone back.
import { BaimoError } from "../../errors.ts";
import type {
  Activation,
  Backend,
  KvCache,
  LowRank,
  Matrix,
  Mixture,
  MixtureShape,
  Norm,
  Run,
  Slice,
} from "../../tensor/backend.ts";
import type { Operation } from "./operation.ts";
import { createActivate } from "./operations/activate.ts";
import { type Attention, createAttention } from "./operations/attention.ts";
import { createEmbedding } from "./operations/embedding.ts";
import { createExperts, type ExpertsOperation } from "./operations/experts.ts";
import { createLinear } from "./operations/linear.ts";
import { createLowRank, type LowRankWeights } from "./operations/low-rank.ts";
import { createNorm } from "./operations/norm.ts";
import { createAdd, createClip, createScale, createSigmoidMul } from "./operations/pointwise.ts";
import { type Angles, createRope } from "./operations/rope.ts";
import type { Tape } from "./tape.ts";
import { matrixOf, Place, placeOf, type Value, valueAt } from "./value.ts";

/** Keys and values of a pass: each layer's, as they were stored last. */
interface TapeCache extends KvCache {
  readonly sizes: { heads: number; kvHeads: number; headDim: number; valueDim: number };
  readonly layers: Map<number, { key: Value; value: Value }>;
}

interface TapeMixture extends Mixture {
  readonly shape: MixtureShape;
}

/** What a backend on a tape knows beside the contract. */
export interface TapeBackend extends Backend {
  /** The mixtures of experts of a pass, in order. */
  readonly mixtures: readonly ExpertsOperation[];
}

/** An operation with one result. */
type Single = Operation & { readonly output: Value };

/** Makes the backend. Weights are loaded apart from it (`Parameters`), and low-rank matrices are `LowRankWeights`. */
export function createTapeBackend(tape: Tape): TapeBackend {
  const { machine, maxTokens } = tape;
  const angles: (Angles | undefined)[] = [];
  const mixtures: ExpertsOperation[] = [];
  const refused = (what: string) => (): never => {
    throw new BaimoError("config", `${what} has no backward pass; this model cannot be trained`);
  };
  const write = (operation: Single, rows: number, out: Activation | Slice) => {
    tape.run(operation, rows);
    placeOf(out).put(operation.output);
  };

  const backend: TapeBackend = {
    rank: machine.rank,
    ranks: machine.ranks,
    maxTokens,
    mixtures,
    loadMatrix: refused("a matrix beside the parameters"),
    // ALiBi's slopes are the one vector that a config alone knows.
    loadVector: refused("alibiSlopes"),
    allocate: (width) => new Place(width),
    allocateSlice: (partition) => new Place(partition[partition.length - 1]),
    allocateCache({ numHeads: heads, numKvHeads: kvHeads, headDim, valueDim }) {
      const sizes = { heads, kvHeads, headDim, valueDim };
      const cache: TapeCache = { pages: 0, pageBytes: 0, bytes: 0, sizes, layers: new Map() };
      return cache;
    },
    allocateDeltaState: refused("a gated delta net"),
    allocateMixture: (shape) => ({ shape }) satisfies TapeMixture,
    finishLoading() {},

    embed(table, tokens, out) {
      const operation = tape.next("embed", () => createEmbedding(tape, matrixOf(table)));
      operation.ids = tokens;
      write(operation, tokens.length, out);
    },
    norm(x, norm, out) {
      const from = valueAt(x);
      write(
        tape.next("norm", () => createNorm(tape, from, norm, from.width)),
        from.rows,
        out,
      );
    },
    headNorm(x, norm: Norm, headDim) {
      const from = valueAt(x);
      write(
        tape.next("norm", () => createNorm(tape, from, norm, headDim)),
        from.rows,
        x,
      );
    },
    linear(x, products) {
      const from = valueAt(x);
      for (const [weight, y] of products)
        write(
          tape.next("linear", () => createLinear(tape, from, matrixOf(weight))),
          from.rows,
          y,
        );
    },
    observeProducts: refused("observing products"),
    loadLowRank: refused("a low-rank matrix beside the parameters"),
    addLowRank(x, low, y, span, factor) {
      const { base, ...weights } = low as TrainedLowRank; // what stands in the adapters of a pass that learns
      if (span.first !== 0 || span.rows !== x.tokens) refused("an adapter for some rows")();
      const [from, into] = [valueAt(x), valueAt(y)];
      write(
        tape.next("lowRank", () => createLowRank(tape, from, into, matrixOf(base), weights, factor)),
        into.rows,
        y,
      );
    },
    gather: (x) => placeOf(x),
    gatherHeads: (x) => x,
    keepOwn(x, out) {
      placeOf(out).put(valueAt(x));
    },
    setAngles(index, cos, sin, pairs) {
      let kept = angles[index];
      if (!kept) {
        const room = () => machine.allocate(4 * maxTokens * pairs);
        kept = angles[index] = { pairs, cos: room(), sin: room(), back: room() };
      }
      if (!tape.isPlanned || machine.rank !== 0) return;
      const { f32 } = machine;
      f32.set(cos, kept.cos / 4);
      f32.set(sin, kept.sin / 4);
      for (let i = 0; i < sin.length; i++) f32[kept.back / 4 + i] = -sin[i];
    },
    rope(x, headDim, index) {
      const from = valueAt(x);
      const kept = angles[index];
      if (!kept) throw new BaimoError("shape", "rope was called before setAngles");
      write(
        tape.next("rope", () => createRope(tape, from, headDim, kept)),
        from.rows,
        x,
      );
    },
    linearHeads: refused("latent attention"),
    storeKeysValues(cache, layer, keys, values) {
      (cache as TapeCache).layers.set(layer, { key: valueAt(keys), value: valueAt(values) });
    },
    copyPage: refused("a cache"),
    readPage: refused("a cache"),
    writePage: refused("a cache"),
    attention(cache, layer, query, out, options, runs: readonly Run[]) {
      const { sizes, layers } = cache as TapeCache; // made by `allocateCache`
      const stored = layers.get(layer);
      if (!stored) throw new Error("attention before its keys were stored");
      const q = valueAt(query);
      const operation: Attention = tape.next("attention", () =>
        createAttention(tape, { q, k: stored.key, v: stored.value }, sizes, options),
      );
      operation.runs = runs;
      write(operation, q.rows, out);
    },
    copyState: refused("a gated delta net"),
    readState: refused("a gated delta net"),
    writeState: refused("a gated delta net"),
    gatedDelta: refused("a gated delta net"),
    experts(x, router, layer, mixture, out) {
      const [from, logits] = [valueAt(x), valueAt(router)];
      const operation = tape.next("experts", () => {
        const made = createExperts(tape, from, logits, layer, mixture.shape);
        mixtures.push(made);
        return made;
      });
      write(operation, from.rows, out);
    },
    activate(kind, gate, up, limit) {
      const [g, u] = [valueAt(gate), up && valueAt(up)];
      write(
        tape.next("activate", () => createActivate(tape, kind, g, u, limit)),
        g.rows,
        gate,
      );
    },
    sigmoidMul(x, gate) {
      const [from, by] = [valueAt(x), valueAt(gate)];
      write(
        tape.next("sigmoidMul", () => createSigmoidMul(tape, from, by)),
        from.rows,
        x,
      );
    },
    clip(x, limit) {
      const from = valueAt(x);
      write(
        tape.next("clip", () => createClip(tape, from, limit)),
        from.rows,
        x,
      );
    },
    scale(x, factor) {
      const from = valueAt(x);
      const one = typeof factor === "number" ? factor : 1;
      const operation = tape.next("scale", () => createScale(tape, from, one));
      operation.factors = typeof factor === "number" ? undefined : factor;
      write(operation, from.rows, x);
    },
    add(x, y, factor) {
      const [into, from] = [valueAt(x), valueAt(y)];
      write(
        tape.next("add", () => createAdd(tape, into, from, factor)),
        into.rows,
        x,
      );
    },
    takeRows(x, rows, out) {
      if (rows.some((row, i) => row !== i) || rows.length !== x.tokens) refused("a choice of rows")();
      placeOf(out).put(valueAt(x));
    },
    putRows: refused("an encoder"),
    read: (x) => {
      const { address, count } = valueAt(x);
      return machine.f32.slice(address / 4, address / 4 + count);
    },
    collect: refused("collecting"),
    columns: refused("collecting"),
    // Asked before every block of the forward pass.
    stopRequested() {
      tape.mark();
      return false;
    },
  };
  return backend;
}

/** What stands for a low-rank pair in a pass that learns: its weights, and the matrix beside them. */
export interface TrainedLowRank extends LowRankWeights, LowRank {
  readonly base: Matrix;
}
