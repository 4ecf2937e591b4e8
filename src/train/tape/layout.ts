// Offsets for buffers whose lifetimes are known: what does not live at the same time shares room.

/** A buffer: bytes, and the first and last moment at which it is used. */
export interface Lifetime {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
  /** Called with its offset. */
  place(offset: number): void;
}

const align = (bytes: number) => Math.ceil(bytes / 64) * 64;

/** Gives every buffer an offset, large ones first, each the lowest that is free. Returns the bytes of all together. */
export function layOut(buffers: readonly Lifetime[]): number {
  const order = buffers.map((_, i) => i).sort((a, b) => buffers[b].bytes - buffers[a].bytes || a - b);
  const placed: { offset: number; end: number; from: number; to: number }[] = [];
  let total = 0;
  for (const i of order) {
    const { bytes, from, to } = buffers[i];
    let offset = 0;
    // `placed` is in the order of offsets
    for (const other of placed) {
      if (other.to < from || other.from > to) continue;
      if (other.offset - offset >= bytes) break;
      offset = Math.max(offset, align(other.end));
    }
    const at = placed.findIndex((other) => other.offset > offset);
    placed.splice(at < 0 ? placed.length : at, 0, { offset, end: offset + bytes, from, to });
    buffers[i].place(offset);
    total = Math.max(total, align(offset + bytes));
  }
  return total;
}
