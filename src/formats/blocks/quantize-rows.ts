// Quantises the rows of a tensor a piece at a time.
import { BaimoError } from "../../errors.ts";
import { kindOf } from "../../option-kinds.ts";
import type { Kind } from "../../options.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Checkpoint } from "../checkpoint.ts";
import type { TensorInfo } from "../tensor-info.ts";
import { dequantize } from "./dequantize.ts";
import { type QuantizableType, quantize } from "./quantize.ts";

/** A tensor whose rows can be had as float32, wherever they come from. */
export interface RowSource {
  readonly name: string;
  /** Outermost first. */
  readonly shape: readonly number[];
  /** `count` rows from `start`, as one array that the source does not use again. */
  readRows(start: number, count: number, signal?: AbortSignal): Promise<Float32Array>;
}

/** What packs pieces, perhaps several at a time in threads of their own. */
export interface Packer {
  /** How many pieces are worth giving before the first is done. */
  readonly lanes: number;
  pack(type: QuantizableType, values: Float32Array, importance?: Float32Array): Promise<Uint8Array>;
}

/** The same, declared. */
export const packerKind: Kind<Packer> = kindOf(
  "packer",
  "a packer: an object with lanes and pack",
  (value): value is Packer =>
    typeof value === "object" && value !== null && "pack" in value && typeof value.pack === "function",
);

/** Packs in this thread. */
const here: Packer = {
  lanes: 0,
  pack: async (type, values, importance) => quantize(type, values, { importance }),
};

/** So many values are worked on at a time. */
const PIECE_VALUES = 1 << 20;

/** The rows of a checkpoint's tensor. */
export function rowsOf(checkpoint: Checkpoint, { name, dtype, shape }: TensorInfo): RowSource {
  const width = shape.at(-1) ?? 1;
  return {
    name,
    shape,
    async readRows(rowStart, rows, signal) {
      const bytes = await checkpoint.readTensor(name, { rowStart, rows }, signal);
      return dequantize(dtype, bytes, rows * width);
    },
  };
}

/**
 * The rows of a tensor as blocks of a type, in pieces.
 *
 * importance  [matrices, columns], where the outermost dimension of a tensor of three are matrices; see `quantize`
 * @throws {BaimoError} `format` for a number that is not finite
 */
export async function* quantizeRows(
  source: RowSource,
  type: DType & QuantizableType,
  options: {
    importance?: Float32Array;
    packer?: Packer;
    onRows?: (count: number) => void;
    signal?: AbortSignal;
  } = {},
): AsyncGenerator<Uint8Array> {
  const { importance, packer = here, onRows, signal } = options;
  const { name, shape } = source;
  const width = shape.at(-1) ?? 1;
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const matrices = importance ? importance.length / width : 1;
  const perMatrix = rows / matrices;
  const piece = Math.max(1, Math.floor(PIECE_VALUES / width));
  const waiting: { blocks: Promise<Uint8Array>; count: number }[] = [];
  for (let matrix = 0; matrix < matrices; matrix++) {
    const weights = importance?.subarray(matrix * width, (matrix + 1) * width);
    for (let row = 0; row < perMatrix; row += piece) {
      const count = Math.min(piece, perMatrix - row);
      const values = await source.readRows(matrix * perMatrix + row, count, signal);
      checkFinite(name, values, matrix * perMatrix + row, width);
      const blocks = packer.pack(type, values, weights);
      // A failure is told when its turn comes, which never is when another comes first.
      blocks.catch(() => {});
      waiting.push({ blocks, count });
      if (waiting.length > packer.lanes) {
        const first = waiting.shift()!;
        yield await first.blocks;
        onRows?.(first.count);
      }
    }
  }
  for (const { blocks, count } of waiting) {
    yield await blocks;
    onRows?.(count);
  }
}

/** A block that holds something else than a number spoils 256 others, so it is refused. */
function checkFinite(name: string, values: Float32Array, row: number, width: number): void {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * 0;
  if (sum === 0) return;
  const at = values.findIndex((x) => !Number.isFinite(x));
  throw new BaimoError(
    "format",
    `tensor "${name}" has ${values[at]} in row ${row + Math.floor(at / width)}, column ${at % width}; weights must be finite`,
  );
}
