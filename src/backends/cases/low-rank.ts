// Cases of low-rank matrices beside a weight matrix, added to some rows of its product.
import { matmul } from "../../kernels/products/matmul.ts";
import { describe, normals, type OperationCase } from "./case.ts";

interface Sizes {
  readonly rows: number;
  readonly cols: number;
  readonly rank: number;
  readonly tokens: number;
}

const FACTOR = 0.75;

function lowRankCase(sizes: Sizes): OperationCase {
  const { rows, cols, rank, tokens } = sizes;
  const span = { first: 1, rows: tokens - 2 };
  return {
    operation: "addLowRank",
    about: describe(sizes),
    kernels: () => ["matmul_f32", "pack_f32"],
    // sums of `cols` terms in f32, half an ulp a term at random signs, and those of `rank`
    tolerance: 1e-5,
    async prepare(stage, random) {
      const b = stage.backend;
      const [x, weights] = [normals(random, tokens * cols), normals(random, rows * cols)];
      const [down, up] = [normals(random, rank * cols), normals(random, rows * rank)];
      const weight = await stage.floats(weights, cols);
      const from = await stage.rows(x, cols);
      const y = stage.room(rows, tokens);
      const [low] = b.loadLowRank([[weight, { rank, down, up }]]);
      const runIn = (most: number) => () => {
        b.linear(from, [[weight, y]]);
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
          const [product, inner, added] = [rows, rank, rows].map((width) => new Float32Array(tokens * width));
          matmul(weights, x, product, { rows, cols, tokens });
          matmul(down, x, inner, { rows: rank, cols, tokens });
          matmul(up, inner, added, { rows, cols: rank, tokens });
          return product.map((value, i) => {
            const token = Math.floor(i / rows);
            const isIn = token >= span.first && token < span.first + span.rows;
            return isIn ? value + FACTOR * added[i] : value;
          });
        },
      };
    },
  };
}

export const lowRankCases: readonly OperationCase[] = [
  lowRankCase({ rows: 40, cols: 48, rank: 4, tokens: 9 }),
  lowRankCase({ rows: 20, cols: 64, rank: 11, tokens: 6 }),
];
