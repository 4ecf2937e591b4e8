// The plan of a tape's buffers: when each value and gradient lives, and what may share room.
import { layOut } from "./layout.ts";
import type { Operation } from "./operation.ts";
import type { Value } from "./value.ts";

/** Operations [start, end) whose values are not kept for the backward pass but computed again. */
export interface Block {
  readonly start: number;
  readonly end: number;
}

/** A moment of a pass: an operation forward, again before its backward pass, or backward; or the head between. */
export type Moment =
  | { readonly kind: "forward" | "again" | "backward"; readonly index: number }
  | { readonly kind: "head" };

/** What a pass does, in order. */
export function momentsOf(count: number, blocks: readonly Block[]): Moment[] {
  const forward = Array.from({ length: count }, (_, index): Moment => ({ kind: "forward", index }));
  const moments: Moment[] = [...forward, { kind: "head" }];
  for (let index = count - 1; index >= 0; index--) {
    const ends = blocks.find(({ end }) => end === index + 1);
    if (ends) for (let i = ends.start; i < ends.end; i++) moments.push({ kind: "again", index: i });
    moments.push({ kind: "backward", index });
  }
  return moments;
}

/** Room for a value, from one moment to another. */
interface Room {
  readonly bytes: number;
  readonly from: number;
  to: number;
  offset: number;
}

/** Where a value lies in the forward pass, where when it is computed again, and its gradient: offsets. */
export interface PlacedValue {
  readonly value: Value;
  readonly first?: number;
  readonly again?: number;
  readonly gradient?: number;
}

/**
 * Gives every value and gradient an offset.
 *
 * kept  what the head reads, and gives gradients
 */
export function planBuffers(
  operations: readonly Operation[],
  kept: readonly Value[],
  blocks: readonly Block[],
): { readonly bytes: number; readonly placed: readonly PlacedValue[] } {
  const moments = momentsOf(operations.length, blocks);
  const blockOf = (index: number) => blocks.findIndex(({ start, end }) => index >= start && index < end);
  const writers = new Map<Value, number>();
  for (const [i, { writes, between = [] }] of operations.entries()) {
    for (const value of [...writes, ...between]) writers.set(value, i);
  }
  /** Which life of a value a moment of operation `index` means: its second where both are in a block that is run again. */
  const lifeOf = (value: Value, kind: "forward" | "again" | "backward", index: number): 0 | 1 => {
    const writer = writers.get(value);
    const block = writer === undefined ? -1 : blockOf(writer);
    return kind !== "forward" && block >= 0 && block === blockOf(index) ? 1 : 0;
  };

  const last = [new Map<Value, number>(), new Map<Value, number>()] as const;
  const use = (value: Value, life: 0 | 1, time: number) => last[life].set(value, time);
  const gradientTimes = new Map<Value, { from: number; to: number }>();
  const touch = (value: Value, time: number) => {
    const known = gradientTimes.get(value);
    if (known) known.to = time;
    else gradientTimes.set(value, { from: time, to: time });
  };
  for (const [time, moment] of moments.entries()) {
    if (moment.kind === "head") {
      for (const value of kept) {
        use(value, 0, time);
        if (value.learns) touch(value, time);
      }
      continue;
    }
    const { kind, index } = moment;
    const { reads, writes, keeps, between = [] } = operations[index];
    const used = kind === "backward" ? [...keeps, ...between] : [...reads, ...writes, ...between];
    for (const value of used) use(value, lifeOf(value, kind, index), time);
    if (kind !== "backward") continue;
    // What no gradient has reached has none.
    const isReached = writes.some((value) => gradientTimes.has(value));
    for (const value of writes) if (gradientTimes.has(value)) touch(value, time);
    if (isReached) for (const value of reads) if (value.learns && writers.has(value)) touch(value, time);
  }

  const rooms: Room[] = [];
  const room = (value: Value, from: number, to: number): Room => {
    const made = { bytes: value.bytes, from, to, offset: 0 };
    rooms.push(made);
    return made;
  };
  const places = [new Map<Value, Room>(), new Map<Value, Room>()] as const;
  const gradients = new Map<Value, Room>();
  for (const [time, moment] of moments.entries()) {
    if (moment.kind === "head") {
      for (const value of kept) {
        const times = gradientTimes.get(value);
        if (times) gradients.set(value, room(value, times.from, times.to));
      }
      continue;
    }
    const { kind, index } = moment;
    const { reads, writes, inPlace, passes, between = [], behind = [] } = operations[index];
    if (kind !== "backward") {
      const life = kind === "again" ? 1 : 0;
      for (const value of [...writes, ...between]) {
        const end = last[life].get(value) ?? time;
        const fromLife = inPlace && lifeOf(inPlace.from, kind, index);
        const shared =
          inPlace?.to === value && fromLife !== undefined ? places[fromLife].get(inPlace.from) : undefined;
        const isFree =
          inPlace && fromLife !== undefined && (last[fromLife].get(inPlace.from) ?? time) <= time;
        if (shared && isFree && shared.bytes >= value.bytes) {
          shared.to = Math.max(shared.to, end);
          places[life].set(value, shared);
        } else places[life].set(value, room(value, time, end));
      }
      continue;
    }
    for (const value of behind) places[0].set(value, room(value, time, time));
    for (const value of new Set(reads)) {
      const times = gradientTimes.get(value);
      if (!times || times.from !== time || gradients.has(value)) continue;
      const shared = passes?.from === value ? gradients.get(passes.to) : undefined;
      if (shared) {
        shared.to = Math.max(shared.to, times.to);
        gradients.set(value, shared);
      } else gradients.set(value, room(value, times.from, times.to));
    }
  }
  const bytes = layOut(
    rooms.map((each) => ({
      bytes: each.bytes,
      from: each.from,
      to: each.to,
      place: (offset) => {
        each.offset = offset;
      },
    })),
  );
  const values = new Set([...places[0].keys(), ...places[1].keys(), ...gradients.keys()]);
  const placed = Array.from(values, (value) => ({
    value,
    first: places[0].get(value)?.offset,
    again: places[1].get(value)?.offset,
    gradient: gradients.get(value)?.offset,
  }));
  return { bytes, placed };
}
