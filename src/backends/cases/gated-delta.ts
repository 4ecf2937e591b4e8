// Cases of gated delta nets: one sequence or several in a call, whole or in pieces.
import {
  createDeltaState,
  type GatedDeltaShape,
  gatedDelta,
  cases as gatedDeltaShapes,
} from "../../kernels/ops/gated-delta.ts";
import type { Run } from "../../tensor/backend.ts";
import { scalePartition } from "../../tensor/partition.ts";
import { piecesOf } from "./attention.ts";
import { describe, normals, type OperationCase } from "./case.ts";

/** Tokens of each sequence of a call, all from their beginning on. */
export function gatedDeltaCase({
  parts,
  ...shape
}: GatedDeltaShape & { parts: readonly number[] }): OperationCase {
  const { keyHeads, valueHeads, keyDim, valueDim, kernel } = shape;
  const tokens = parts.reduce((sum, part) => sum + part, 0);
  const [keyWidth, valueWidth] = [keyHeads * keyDim, valueHeads * valueDim];
  const group = valueHeads / keyHeads;
  return {
    operation: "gatedDelta",
    about: `gated delta net: ${describe({ tokens: parts, ...shape })}`,
    kernels: () => ["delta_rule", "convolve"],
    tolerance: 1e-5, // f32 sums of keyDim terms, token after token
    async prepare(stage, random) {
      const b = stage.backend;
      const wide = {
        query: normals(random, tokens * keyWidth),
        key: normals(random, tokens * keyWidth),
        value: normals(random, tokens * valueWidth),
        beta: normals(random, tokens * valueHeads),
        alpha: normals(random, tokens * valueHeads),
      };
      const small = {
        queryKernel: normals(random, keyWidth * kernel),
        keyKernel: normals(random, keyWidth * kernel),
        valueKernel: normals(random, valueWidth * kernel),
        decay: normals(random, valueHeads),
        decayBias: normals(random, valueHeads),
      };
      const heads = stage.cut(keyHeads);
      const state = b.allocateDeltaState({ ...shape, numLayers: 2, sequences: 2 * parts.length, heads });
      const inputs = {
        query: await stage.slice(wide.query, keyWidth, keyDim),
        key: await stage.slice(wide.key, keyWidth, keyDim),
        value: await stage.slice(wide.value, valueWidth, group * valueDim),
        beta: await stage.slice(wide.beta, valueHeads, group),
        alpha: await stage.slice(wide.alpha, valueHeads, group),
        queryKernel: await stage.vector(small.queryKernel),
        keyKernel: await stage.vector(small.keyKernel),
        valueKernel: await stage.vector(small.valueKernel),
        decay: await stage.vector(small.decay),
        decayBias: await stage.vector(small.decayBias),
      };
      const out = b.allocateSlice(scalePartition(heads, group * valueDim), tokens);
      const runs = runsOf(parts);
      /** A run whose state has been copied behind those of all sequences, and from there back as bytes, in turns. */
      const moved = async (run: Run, piece: number): Promise<Run> => {
        const { slot } = run.sequence;
        const other = slot + parts.length;
        if (piece % 2 === 0) {
          if (piece > 0) b.writeState(state, slot, await b.readState(state, other));
          return run;
        }
        b.copyState(state, slot, other);
        return { ...run, sequence: { ...run.sequence, slot: other } };
      };
      /** The first `step` tokens of every sequence, then the next: sequences that have ended take no part. */
      const inPieces =
        (step: number, copies = false) =>
        async () => {
          const pieces = runs.map((run) => piecesOf(run, step));
          for (let i = 0; pieces.some((of) => i < of.length); i++) {
            const some = pieces.flatMap((of) => of.slice(i, i + 1));
            const own = copies ? await Promise.all(some.map((run) => moved(run, i))) : some;
            b.gatedDelta(state, 1, inputs, out, own);
          }
          return stage.read(out);
        };
      return {
        run() {
          b.gatedDelta(state, 1, inputs, out, runs);
          return stage.read(out);
        },
        same: {
          "in another order": () => {
            b.gatedDelta(state, 1, inputs, out, runs.toReversed());
            return stage.read(out);
          },
          "1 token at a time": inPieces(1),
          "4 tokens at a time": inPieces(4),
          "states copied on the way": inPieces(4, true),
        },
        expected() {
          const answer = new Float32Array(tokens * valueWidth);
          for (const { first, rows } of runs) {
            const of = (x: Float32Array) =>
              x.subarray((x.length / tokens) * first, (x.length / tokens) * (first + rows));
            gatedDelta({
              ...small,
              query: of(wide.query),
              key: of(wide.key),
              value: of(wide.value),
              beta: of(wide.beta),
              alpha: of(wide.alpha),
              out: of(answer),
              state: createDeltaState(shape),
              shape,
              tokens: rows,
              position: 0,
            });
          }
          return answer;
        },
      };
    },
  };
}

/** One run a sequence; the last has the first slot. */
function runsOf(parts: readonly number[]): Run[] {
  let first = 0;
  return parts.map((rows, i) => {
    const sequence = { slot: parts.length - 1 - i, pages: new Int32Array(0) };
    const run = { sequence, first, rows, position: 0, length: rows };
    first += rows;
    return run;
  });
}

export const gatedDeltaCases: readonly OperationCase[] = [
  ...gatedDeltaShapes.map(({ tokens, ...shape }) => gatedDeltaCase({ ...shape, parts: [tokens] })),
  gatedDeltaCase({ parts: [5, 1, 9], keyHeads: 2, valueHeads: 4, keyDim: 16, valueDim: 12, kernel: 4 }),
  gatedDeltaCase({ parts: [1, 3], keyHeads: 3, valueHeads: 3, keyDim: 12, valueDim: 10, kernel: 2 }),
];
