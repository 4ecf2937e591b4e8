// Gated delta nets: plain reference, cost and test cases.
import { sigmoid } from "./activate.ts";

export interface GatedDeltaShape {
  readonly keyHeads: number;
  /** Value head h reads key head floor(h * keyHeads / valueHeads). */
  readonly valueHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  /** Width of the causal convolution. */
  readonly kernel: number;
}

/** What a token leaves to the next. */
export interface GatedDeltaState {
  /** The last kernel - 1 inputs of the convolutions, oldest first: [kernel - 1, channels] of queries, keys, values. */
  readonly queries: Float32Array;
  readonly keys: Float32Array;
  readonly values: Float32Array;
  /** S [valueHeads, valueDim, keyDim] */
  readonly memory: Float64Array;
}

/** The state before the first token. */
export function createDeltaState(shape: GatedDeltaShape): GatedDeltaState {
  const { keyHeads, valueHeads, keyDim, valueDim, kernel } = shape;
  return {
    queries: new Float32Array((kernel - 1) * keyHeads * keyDim),
    keys: new Float32Array((kernel - 1) * keyHeads * keyDim),
    values: new Float32Array((kernel - 1) * valueHeads * valueDim),
    memory: new Float64Array(valueHeads * valueDim * keyDim),
  };
}

/**
 * Gated delta net (arXiv:2412.06464), token by token: queries, keys and values pass a depthwise causal convolution and
 * silu; q = q / |q| / sqrt(keyDim), k = k / |k|; then for every value head
 * S = e^g S, S = S + sigmoid(beta) (v - S k) k^T, out = S q, with g = -e^decay softplus(alpha + decayBias).
 * At position 0 the state is cleared first.
 *
 * query, key              [tokens, keyHeads * keyDim]
 * value, out              [tokens, valueHeads * valueDim]
 * beta, alpha             [tokens, valueHeads]
 * queryKernel, keyKernel  [keyHeads * keyDim, kernel]
 * valueKernel             [valueHeads * valueDim, kernel]
 * decay, decayBias        [valueHeads]
 */
export function gatedDelta(args: {
  readonly query: Float32Array;
  readonly key: Float32Array;
  readonly value: Float32Array;
  readonly beta: Float32Array;
  readonly alpha: Float32Array;
  readonly queryKernel: Float32Array;
  readonly keyKernel: Float32Array;
  readonly valueKernel: Float32Array;
  readonly decay: Float32Array;
  readonly decayBias: Float32Array;
  readonly out: Float32Array;
  readonly state: GatedDeltaState;
  readonly shape: GatedDeltaShape;
  readonly tokens: number;
  readonly position: number;
}): void {
  const { state, shape, tokens, beta, alpha, decay, decayBias, out } = args;
  const { keyHeads, valueHeads, keyDim, valueDim, kernel } = shape;
  if (args.position === 0) {
    for (const part of [state.queries, state.keys, state.values, state.memory]) part.fill(0);
  }
  const queries = convolve(args.query, args.queryKernel, state.queries, { tokens, kernel });
  const keys = convolve(args.key, args.keyKernel, state.keys, { tokens, kernel });
  const values = convolve(args.value, args.valueKernel, state.values, { tokens, kernel });
  for (let t = 0; t < tokens; t++) {
    for (let head = 0; head < valueHeads; head++) {
      const keyHead = Math.floor((head * keyHeads) / valueHeads);
      const from = (t * keyHeads + keyHead) * keyDim;
      const k = unit(keys.subarray(from, from + keyDim));
      const q = unit(queries.subarray(from, from + keyDim)).map((x) => x / Math.sqrt(keyDim));
      const at = t * valueHeads + head;
      const forget = Math.exp(-Math.exp(decay[head]) * softplus(alpha[at] + decayBias[head]));
      for (let j = 0; j < valueDim; j++) {
        const start = (head * valueDim + j) * keyDim;
        const s = state.memory.subarray(start, start + keyDim);
        let known = 0;
        for (let i = 0; i < keyDim; i++) {
          s[i] *= forget;
          known += s[i] * k[i];
        }
        const step = sigmoid(beta[at]) * (values[at * valueDim + j] - known);
        let sum = 0;
        for (let i = 0; i < keyDim; i++) {
          s[i] += step * k[i];
          sum += s[i] * q[i];
        }
        out[at * valueDim + j] = sum;
      }
    }
  }
}

/** y[t, c] = silu(sum over j of kernel[c, j] * x[t - width + 1 + j, c]); the history moves on. */
function convolve(
  x: Float32Array,
  weights: Float32Array,
  history: Float32Array,
  { tokens, kernel }: { tokens: number; kernel: number },
): Float64Array {
  const channels = weights.length / kernel;
  const all = new Float32Array(history.length + tokens * channels);
  all.set(history);
  all.set(x.subarray(0, tokens * channels), history.length);
  const y = new Float64Array(tokens * channels);
  for (let t = 0; t < tokens; t++) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let j = 0; j < kernel; j++) sum += weights[c * kernel + j] * all[(t + j) * channels + c];
      y[t * channels + c] = sum * sigmoid(sum);
    }
  }
  history.set(all.subarray(tokens * channels));
  return y;
}

/** x / sqrt(|x|^2 + 1e-6) */
function unit(x: Float64Array): Float64Array {
  const scale = 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 1e-6));
  return x.map((value) => value * scale);
}

function softplus(x: number): number {
  return x > 30 ? x : Math.log1p(Math.exp(x));
}

export function cost(shape: GatedDeltaShape & { readonly tokens: number }): { flops: number; bytes: number } {
  const { tokens, keyHeads, valueHeads, keyDim, valueDim, kernel } = shape;
  const channels = 2 * keyHeads * keyDim + valueHeads * valueDim;
  const state = valueHeads * valueDim * keyDim;
  return { flops: tokens * (7 * state + 2 * kernel * channels), bytes: tokens * (8 * state + 8 * channels) };
}

export const cases: readonly (GatedDeltaShape & { readonly tokens: number })[] = [
  { tokens: 1, keyHeads: 1, valueHeads: 1, keyDim: 8, valueDim: 8, kernel: 4 },
  { tokens: 9, keyHeads: 2, valueHeads: 4, keyDim: 16, valueDim: 12, kernel: 4 },
  { tokens: 5, keyHeads: 1, valueHeads: 3, keyDim: 36, valueDim: 64, kernel: 2 },
  { tokens: 11, keyHeads: 2, valueHeads: 2, keyDim: 128, valueDim: 128, kernel: 3 },
];
