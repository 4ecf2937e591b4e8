// Whether a head that the config calls tied has weights of its own in the file.
import type { Checkpoint } from "../../formats/checkpoint.ts";
import { byteLength } from "../../tensor/dtype.ts";
import type { TensorNames } from "../families/family.ts";

/** Rows that are compared: a copy of the embedding is a copy everywhere, another head differs everywhere. */
const ROWS = 64;

/** Compares some rows of the head that is stored, if one is, with the embedding's. */
export async function hasOwnHead(
  checkpoint: Checkpoint,
  { embedding, head }: Partial<TensorNames>,
): Promise<boolean> {
  if (typeof embedding !== "string" || typeof head !== "string" || embedding === head) return false;
  const [first, second] = [embedding, head].map((name) => checkpoint.tensors.get(`${name}.weight`));
  if (!first || !second || first.shape.join() !== second.shape.join() || first.shape.length !== 2)
    return false;
  if (first.dtype !== second.dtype || first.encoding || second.encoding) return true;
  const [rows, cols] = first.shape;
  const bytes = byteLength(first.dtype, cols);
  const read = (tensor: typeof first, row: number) =>
    checkpoint.files[tensor.file].read(tensor.offset + row * bytes, bytes);
  for (let i = 0; i < Math.min(ROWS, rows); i++) {
    const row = Math.floor((i * rows) / Math.min(ROWS, rows));
    const [own, tied] = await Promise.all([read(second, row), read(first, row)]);
    if (own.some((byte, at) => byte !== tied[at])) return true;
  }
  return false;
}
