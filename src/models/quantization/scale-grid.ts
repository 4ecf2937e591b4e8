// How far each scale of a weight reaches, by the shape of the tensor of scales.
import type { ScaledCodes } from "../../formats/quantized/encoding.ts";
import type { DType } from "../../tensor/dtype.ts";
import { isSameShape, type StoredTensors } from "./stored-tensors.ts";

const scaleTypes = ["F32", "F16", "BF16", "F8_E8M0", "F8_E4M3", "U8"] as const satisfies readonly DType[];

/** What `takeScales` says of them. */
export type ScaleGrid = Pick<ScaledCodes, "scales" | "transposed" | "groupRows" | "groupCols" | "matrixRows">;

interface Grid {
  readonly rows: number;
  readonly cols: number;
  readonly groupRows: number;
  readonly groupCols: number;
}

/**
 * Takes the scales of a weight [..., out, in]: one for all, for each row, for groups of a row's columns, or for blocks of
 * `block` rows and columns, the last of which may be cut short. Bytes are exponents of two, as E8M0 has them.
 *
 * @throws {BaimoError} `shape` when the scales are none of these
 */
export function takeScales(
  stored: StoredTensors,
  name: string,
  shape: readonly number[],
  block?: readonly [number, number],
): ScaleGrid {
  const found = stored.get(name).shape;
  const outer = shape.slice(0, -2);
  const [out, inner] = shape.slice(-2);
  const groups = found.at(-1) ?? 1;
  const grids: Grid[] = [
    ...(block
      ? [
          {
            rows: Math.ceil(out / block[0]),
            cols: Math.ceil(inner / block[1]),
            groupRows: block[0],
            groupCols: block[1],
          },
        ]
      : []),
    { rows: out, cols: 1, groupRows: 1, groupCols: inner },
    { rows: out, cols: groups, groupRows: 1, groupCols: inner / groups },
    { rows: 1, cols: 1, groupRows: out, groupCols: inner },
  ];
  const shapeOf = ({ rows, cols }: Grid) => [...outer, rows, cols];
  const grid = grids.find((one) => Number.isInteger(one.groupCols) && isSameShape(found, shapeOf(one)));
  if (!grid) {
    const known = block ? `[${shapeOf(grids[0]).join(", ")}] for blocks of ${block.join(" x ")}, ` : "";
    throw stored.error(
      name,
      `of shape [${found.join(", ")}] does not scale a weight [${shape.join(", ")}]: it should have shape ` +
        `${known}[${out}, groups] with groups that divide ${inner}, [${out}, 1] or [1]`,
      "shape",
    );
  }
  const { dtype, ...place } = stored.take(name, scaleTypes, shapeOf(grid));
  return {
    scales: { ...place, dtype: dtype === "U8" ? "F8_E8M0" : dtype },
    transposed: false,
    groupRows: grid.groupRows,
    groupCols: grid.groupCols,
    matrixRows: out,
  };
}
