// Describes packed tensors: which rows of a stored tensor belong to which weight.
import type { StoredPart } from "../family.ts";

/** Piece `index` of a tensor whose rows are pieces of these sizes, one after another. */
export function pieceOf(name: string, sizes: readonly number[], cols: number, index: number): StoredPart {
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  const first = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  return { name, shape: [rows, cols], first };
}

/** Piece `index` of every group: a tensor of `groups` groups of rows, each cut in pieces of these sizes. */
export function pieceOfGroups(
  name: string,
  groups: number,
  sizes: readonly number[],
  cols: number,
  index: number,
): StoredPart {
  const stride = sizes.reduce((sum, size) => sum + size, 0);
  const first = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  const size = sizes[index];
  const order = Int32Array.from(
    { length: groups * size },
    (_, row) => Math.floor(row / size) * stride + first + (row % size),
  );
  return { name, shape: [groups * stride, cols], order };
}

/** Query, key and value of one packed tensor: all queries, then all keys, then all values. */
export function packedThirds(name: string, sizes: readonly [number, number, number], cols: number) {
  const [query, key, value] = [0, 1, 2].map((index) => pieceOf(name, sizes, cols, index));
  return { query, key, value };
}

/** Gate and up of one packed tensor: all rows of the gate, then all of up. */
export function packedGateUp(name: string, width: number, cols: number) {
  const [gate, up] = [0, 1].map((index) => pieceOf(name, [width, width], cols, index));
  return { gate, up };
}

/** Query, key and value of one packed tensor: for each group of heads its queries, keys and values. */
export function packedGroups(
  name: string,
  groups: number,
  sizes: readonly [number, number, number],
  cols: number,
) {
  const [query, key, value] = [0, 1, 2].map((index) => pieceOfGroups(name, groups, sizes, cols, index));
  return { query, key, value };
}

/** A matrix stored as [in, out]; `first` and `rows` choose some of its outputs. */
export function transposedPart(
  name: string,
  [inputs, outputs]: readonly [number, number],
  { first = 0, rows = outputs }: { first?: number; rows?: number } = {},
): StoredPart {
  const order = Int32Array.from({ length: rows }, (_, row) => first + row);
  return { name, shape: [inputs, outputs], transposed: true, order };
}
