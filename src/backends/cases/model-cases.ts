// The cases of the table that one model needs, in its own sizes, for a self-test.
import type { CacheType } from "../../tensor/backend.ts";
import type { ModelOperations } from "../device.ts";
import { attentionCase } from "./attention.ts";
import type { OperationCase } from "./case.ts";
import { gatedDeltaCase } from "./gated-delta.ts";
import { embedCase, gatherCase } from "./moves.ts";
import { headNormCase, normCase } from "./norms.ts";
import { activateCase, addCase, clipCase, ropeCase, scaleCase, sigmoidMulCase } from "./pointwise.ts";
import { biasCase } from "./products.ts";

/** Query heads, and rows of operations that treat every row alike, where a model's own cases are made. */
const HEADS = 2;
const ROWS = 3;
/** Positions of their cache: a block and a part of one. */
const POSITIONS = 40;

/** Small cases of what a model asks of a backend beside its products, in its own sizes: each kernel that it will use. */
export function casesOf(use: ModelOperations, cacheType: CacheType): OperationCase[] {
  const { headDim, ropeDims, normEps: eps, norm: kind, delta } = use;
  const width = HEADS * headDim;
  const rows = { tokens: ROWS, width };
  const norm = { kind, eps, weighted: true, biased: kind === "layer" || use.biases };
  const cases = [embedCase(rows), gatherCase(rows), normCase({ rows: ROWS, width, ...norm })];
  if (use.headNorm)
    cases.push(headNormCase({ tokens: ROWS, heads: HEADS, headDim, each: false, ...norm, biased: false }));
  if (use.biases) cases.push(biasCase({ tokens: ROWS, cols: width, rows: 8 }));
  if (ropeDims > 0) cases.push(ropeCase({ tokens: ROWS, heads: HEADS, headDim, ropeDim: ropeDims }));
  cases.push(
    activateCase({ ...rows, kind: use.activation, gated: use.gatedMlp, limit: use.activationLimit }),
  );
  if (use.sigmoidGates)
    cases.push(sigmoidMulCase({ ...rows, byRow: false }), sigmoidMulCase({ ...rows, byRow: true }));
  if (use.clips) cases.push(clipCase(rows));
  cases.push(addCase({ ...rows, factor: 1 }), addCase({ ...rows, factor: 0.3 }));
  cases.push(scaleCase({ ...rows, byRow: false }));
  cases.push(...attentionOf(use, cacheType));
  if (delta) {
    const valueHeads = (HEADS * delta.valueHeads) / delta.keyHeads;
    cases.push(gatedDeltaCase({ ...delta, keyHeads: HEADS, valueHeads, parts: [ROWS] }));
  }
  return cases;
}

/** Attention with all the options of the model at once. */
function attentionOf(use: ModelOperations, dtype: CacheType): OperationCase[] {
  const { headDim, valueDim, valueInKey, softcap, sinks, slopes } = use;
  const shape = {
    dtype,
    parts: [{ tokens: ROWS, position: POSITIONS - ROWS }],
    heads: HEADS,
    kvHeads: 1,
    headDim,
    valueDim,
    valueInKey,
    softcap,
    sinks,
    slopes,
    reach: use.relativeBias ? 8 : undefined,
    causal: use.causal,
    windows: use.windowed ? [0, 33] : [0],
  };
  return use.encoder
    ? [attentionCase(shape), attentionCase({ ...shape, causal: false, windows: [0] })]
    : [attentionCase(shape)];
}
