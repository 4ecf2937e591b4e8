// Cases of low-rank matrices beside a weight matrix, added to some rows of its product.
import { matmulHeads } from "../../kernels/products/matmul.ts";
import { describe, normals, type OperationCase } from "./case.ts";

interface Sizes {
  readonly rows: number;
  readonly cols: number;
  readonly rank: number;
  readonly tokens: number;
  /** Of heads that are multiplied apart: how many, and how many of a head's values come before. */
  readonly heads?: number;
  readonly before?: number;
}

const FACTOR = 0.75;

function lowRankCase(sizes: Sizes): OperationCase {
  const { rows, cols, rank, tokens, heads, before = 0 } = sizes;
  const count = heads ?? 1;
  const [width, height] = [before + cols, before + rows / count];
  const span = { first: 1, rows: tokens - 2 };
  return {
    operation: "addLowRank",
    about: describe(sizes),
    kernels: () => ["matmul_f32", "pack_f32"],
    // sums of `cols` terms in f32, half an ulp a term at random signs, and those of `rank`
    tolerance: 1e-5,
    async prepare(stage, random) {
      const b = stage.backend;
      const [x, weights] = [normals(random, tokens * count * width), normals(random, rows * cols)];
      const [down, up] = [normals(random, count * rank * cols), normals(random, rows * rank)];
      const weight = await stage.floats(weights, cols, { unit: heads && rows / heads });
      const whole = await stage.rows(x, count * width);
      const own = await stage.slice(x, count * width, width);
      const from = heads ? own : whole;
      const y = stage.room(count * height, tokens, heads && height);
      const [low] = b.loadLowRank([[weight, { rank, heads, down, up }]]);
      const runIn = (most: number) => () => {
        if (heads) b.linearHeads(own, weight, y, heads);
        else b.linear(whole, [[weight, y]]);
        for (let done = 0; done < span.rows; done += most) {
          const part = { first: span.first + done, rows: Math.min(most, span.rows - done) };
          b.addLowRank(from, low, y, part, FACTOR);
        }
        return stage.read(y);
      };
      return {
        run: runIn(span.rows),
        same: { "1 token at a time": runIn(1), "3 tokens at a time": runIn(3) },
        expected() {
          const product = new Float32Array(tokens * count * height);
          const added = new Float32Array(tokens * rows);
          const inner = new Float32Array(tokens * count * rank);
          const rest = x.filter((_, i) => i % width >= before);
          const shape = { tokens, heads: count };
          matmulHeads(weights, x, product, { ...shape, rows: rows / count, cols });
          matmulHeads(down, rest, inner, { ...shape, rows: rank, cols });
          matmulHeads(up, inner, added, { ...shape, rows: rows / count, cols: rank });
          let next = 0;
          return product.map((value, i) => {
            if (i % height < before) return value;
            const token = Math.floor(i / (count * height));
            const more = FACTOR * added[next++];
            return token >= span.first && token < span.first + span.rows ? value + more : value;
          });
        },
      };
    },
  };
}

export const lowRankCases: readonly OperationCase[] = [
  lowRankCase({ rows: 40, cols: 48, rank: 4, tokens: 9 }),
  lowRankCase({ rows: 20, cols: 64, rank: 11, tokens: 6 }),
  lowRankCase({ rows: 40, cols: 20, rank: 5, tokens: 6, heads: 4, before: 6 }),
];
