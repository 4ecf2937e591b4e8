// Products with weights: rows of f32 as they lie, or packed ones, unpacked a tile at a time.
import type { Machine, Operand } from "./machine.ts";
import type { PackedRows, TrainedMatrix } from "./value.ts";

/** y = x W^T: this rank's share. x [rows, W's columns], y [rows, W's rows]. */
export function multiplyRows(
  machine: Machine,
  x: Operand,
  weight: TrainedMatrix,
  { rows, y }: { rows: number; y: Operand },
): void {
  eachTile(machine, weight, (first, count, tile) => {
    const to = { address: y.address + 4 * first, stride: y.stride };
    machine.multiply(x, tile, [rows, count, weight.cols], to, false);
  });
}

/** x (+)= y W: this rank's share. y [rows, W's rows], x [rows, W's columns]. */
export function multiplyColumns(
  machine: Machine,
  y: Operand,
  weight: TrainedMatrix,
  { rows, x, add = false }: { rows: number; x: Operand; add?: boolean },
): void {
  eachTile(machine, weight, (first, count, tile) => {
    const from = { address: y.address + 4 * first, stride: y.stride };
    machine.multiply(from, { ...tile, byColumns: true }, [rows, weight.cols, count], x, add || first > 0);
  });
}

/** The address of a row of f32: where it lies, or `room`, where it is unpacked. */
export function rowAt(
  { kernels }: Machine,
  { packed, address, cols }: TrainedMatrix,
  row: number,
  room: number,
) {
  if (!packed) return address + 4 * row * cols;
  kernels[`unpack_row_${packed.type}`](packed.address, cols, row, room, 1, 0);
  return room;
}

/**
 * Calls `work` for rows of a weight as f32: all at once where they lie so. Packed ones are unpacked by all ranks together into
 * one of two rooms in turns, so that one barrier is enough: who writes a room has waited for those who read it.
 */
function eachTile(
  machine: Machine,
  weight: TrainedMatrix,
  work: (first: number, count: number, tile: Operand) => void,
): void {
  const { packed, rows, cols, address } = weight;
  if (!packed) return work(0, rows, { address, stride: cols });
  const step = machine.tileRows(cols);
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    const room = machine.nextTile();
    const [from, to] = machine.share(count, 8);
    unpackRows(machine, packed, cols, { from: first + from, to: first + to, room: room + 4 * from * cols });
    machine.barrier();
    work(first, count, { address: room, stride: cols });
  }
}

function unpackRows(
  { kernels }: Machine,
  { type, address }: PackedRows,
  cols: number,
  { from, to, room }: { from: number; to: number; room: number },
): void {
  const unpack = kernels[`unpack_row_${type}`];
  for (let row = from; row < to; row++) unpack(address, cols, row, room + 4 * (row - from) * cols, 1, 0);
}
