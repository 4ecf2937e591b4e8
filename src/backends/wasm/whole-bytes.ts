// Bytes of which each rank holds some, made whole on rank 0 or given back, over the exchange area.
import type { Bus } from "../bus.ts";
import type { Bank } from "./bank.ts";

/** Some of them that no rank's share parts: how many, and where in memory and within them those of this rank lie. */
export interface Unit {
  readonly size: number;
  readonly parts: readonly { readonly address: number; readonly size: number; readonly from: number }[];
}

/** Units that the exchange area holds together. */
interface Piece {
  readonly at: number;
  readonly length: number;
  readonly parts: Unit["parts"];
}

/** Every rank puts its parts into the exchange area; rank 0 has them all. Empty elsewhere. */
export function gatherBytes(units: readonly Unit[], bank: Bank, bus: Bus): Uint8Array {
  const bytes = new Uint8Array(bus.rank === 0 ? sizeOf(units) : 0);
  for (const { at, length, parts } of piecesOf(units, bus)) {
    const exchange = bytesOf(bus.exchange, length);
    for (const { address, size, from } of parts) {
      exchange.set(bank.u8.subarray(address, address + size), from);
    }
    bus.barrier();
    if (bus.rank === 0) bytes.set(exchange, at);
  }
  return bytes;
}

/** The same the other way: every rank takes its parts of rank 0's bytes. */
export function scatterBytes(units: readonly Unit[], bytes: Uint8Array, bank: Bank, bus: Bus): void {
  for (const { at, length, parts } of piecesOf(units, bus)) {
    const exchange = bytesOf(bus.exchange, length);
    if (bus.rank === 0) exchange.set(bytes.subarray(at, at + length));
    bus.barrier();
    for (const { address, size, from } of parts) {
      bank.u8.set(exchange.subarray(from, from + size), address);
    }
  }
}

export const sizeOf = (units: readonly Unit[]): number => units.reduce((sum, { size }) => sum + size, 0);

const bytesOf = (floats: Float32Array, length: number): Uint8Array =>
  new Uint8Array(floats.buffer, floats.byteOffset, length);

/** As many units at a time as the exchange area holds: one at least. */
function piecesOf(units: readonly Unit[], { exchange }: Bus): Piece[] {
  const pieces: { at: number; length: number; parts: Unit["parts"][number][] }[] = [];
  let at = 0;
  for (const { size, parts } of units) {
    let piece = pieces.at(-1);
    if (!piece || piece.length + size > exchange.byteLength) {
      piece = { at, length: 0, parts: [] };
      pieces.push(piece);
    }
    for (const part of parts) piece.parts.push({ ...part, from: piece.length + part.from });
    piece.length += size;
    at += size;
  }
  return pieces;
}
