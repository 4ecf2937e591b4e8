// Commands of rank 0 to the other ranks, as records written into the words of the bus.
import type { Bus } from "../backends/bus.ts";
import type { RunShape } from "../backends/device.ts";
import { LOGIT_ROWS } from "../models/forward/workspace.ts";
import { type AdapterUse, PAGE, type Run } from "../tensor/backend.ts";
import type { SummaryWish } from "./logit-summary.ts";

/** One call of the model that all ranks make together. */
export type Command =
  | { readonly kind: "forward"; readonly tokens: Int32Array; readonly runs: readonly Run[] }
  /** Logits of these rows of the last pass. */
  | { readonly kind: "logits"; readonly rows: Int32Array }
  /** What samplers need of them, one wish a row; then, or in place of it, all logits of the same rows. */
  | {
      readonly kind: "summaries";
      readonly rows: Int32Array;
      readonly wishes: readonly (SummaryWish | undefined)[];
    }
  | { readonly kind: "collect" }
  /** Their final states. */
  | { readonly kind: "states"; readonly rows: Int32Array }
  | { readonly kind: "encode"; readonly tokens: Int32Array }
  /** One page of the decoder's cache to another. */
  | { readonly kind: "copy"; readonly from: number; readonly to: number }
  /** One recurrent state over another. */
  | { readonly kind: "copy-state"; readonly from: number; readonly to: number }
  /** One page out of the decoder's cache, or into it, by its number; one recurrent state by its slot. Rank 0 has the bytes. */
  | { readonly kind: (typeof transfers)[number]; readonly at: number }
  /** A message has come for every rank: what it says of an adapter is done now. */
  | { readonly kind: "adapter" };

const transfers = ["read-page", "write-page", "read-state", "write-state"] as const;
const kinds = [
  "forward",
  "logits",
  "summaries",
  "collect",
  "states",
  "encode",
  "copy",
  "copy-state",
  ...transfers,
  "adapter",
] as const;

const isTransfer = (kind: Command["kind"]): kind is (typeof transfers)[number] =>
  (transfers as readonly string[]).includes(kind);
/** Words of a run beside its pages and adapters. */
const RUN_WORDS = 8;
/** Stands for a run without a second type of tokens. */
const NO_SECOND = -1;
/** Words of an adapter: its number, and its scale as the bits of a float. */
const ADAPTER_WORDS = 2;
/** Words of a row and of what is wished of it. */
const WISH_WORDS = 5;
const wishKinds = ["none", "best", "top", "nucleus"] as const;
/** Most adapters of one request. */
export const MOST_ADAPTERS = 8;

/** Words that the longest command takes. An encoder's text comes whole, and is as long as a sequence at most. */
export function commandWords({ maxTokens, sequences, contextLength }: RunShape): number {
  const ofRun = RUN_WORDS + Math.ceil(contextLength / PAGE) + MOST_ADAPTERS * ADAPTER_WORDS;
  return Math.max(maxTokens + sequences * ofRun, contextLength, LOGIT_ROWS * WISH_WORDS);
}

/** Wakes the other ranks with a command. */
export function sendCommand(bus: Bus, command: Command): void {
  if (bus.ranks === 1) return;
  const kind = kinds.indexOf(command.kind);
  const words = wordsOf(command);
  const runs = command.kind === "forward" ? command.runs : [];
  bus.payload.set(words);
  let to = words.length;
  for (const { sequence, first, rows, position, length, second = NO_SECOND, adapters = [] } of runs) {
    bus.payload[to] = sequence.slot;
    bus.payload[to + 1] = first;
    bus.payload[to + 2] = rows;
    bus.payload[to + 3] = position;
    bus.payload[to + 4] = length;
    bus.payload[to + 5] = second;
    bus.payload[to + 6] = sequence.pages.length;
    bus.payload[to + 7] = adapters.length;
    bus.payload.set(sequence.pages, to + RUN_WORDS);
    to += RUN_WORDS + sequence.pages.length;
    for (const { adapter, scale } of adapters) {
      bus.payload[to] = adapter;
      bus.payload[to + 1] = bitsOf(scale);
      to += ADAPTER_WORDS;
    }
  }
  bus.send([kind, words.length, runs.length]);
}

function wordsOf(command: Command): Int32Array {
  if (command.kind === "logits" || command.kind === "states") return command.rows;
  if ("from" in command) return Int32Array.of(command.from, command.to);
  if ("at" in command) return Int32Array.of(command.at);
  if (command.kind === "summaries") return wordsOfWishes(command.rows, command.wishes);
  if (command.kind === "adapter" || command.kind === "collect") return new Int32Array(0);
  return command.tokens;
}

/** Other ranks: sleeps until the next command. Its arrays are views, valid until the one after. */
export function receiveCommand(bus: Bus): Command {
  const [number, count, runCount] = bus.receive();
  const kind = kinds[number];
  const words = bus.payload.subarray(0, count);
  if (kind === "logits" || kind === "states") return { kind, rows: words };
  if (kind === "encode") return { kind, tokens: words };
  if (kind === "copy" || kind === "copy-state") return { kind, from: words[0], to: words[1] };
  if (isTransfer(kind)) return { kind, at: words[0] };
  if (kind === "summaries") return { kind, ...wishesOf(words) };
  if (kind === "adapter" || kind === "collect") return { kind };
  let at = count;
  const runs = Array.from({ length: runCount }, (): Run => {
    const fields = bus.payload.subarray(at, at + RUN_WORDS);
    const [slot, first, rows, position, length, second, pages, uses] = fields;
    const start = at + RUN_WORDS;
    const end = start + pages;
    at = end + uses * ADAPTER_WORDS;
    const adapters = uses === 0 ? undefined : adaptersAt(bus.payload.subarray(end, at));
    return {
      sequence: { slot, pages: bus.payload.subarray(start, end) },
      first,
      rows,
      position,
      length,
      second: second === NO_SECOND ? undefined : second,
      adapters,
    };
  });
  return { kind, tokens: words, runs };
}

function adaptersAt(words: Int32Array): AdapterUse[] {
  return Array.from({ length: words.length / ADAPTER_WORDS }, (_, i) => ({
    adapter: words[i * ADAPTER_WORDS],
    scale: floatOf(words[i * ADAPTER_WORDS + 1]),
  }));
}

/** A row, the kind of its wish, a count, and a scale as the bits of a double. */
function wordsOfWishes(rows: Int32Array, wishes: readonly (SummaryWish | undefined)[]): Int32Array {
  return Int32Array.from(
    wishes.flatMap((wish, i) => {
      const count = wish?.kind === "top" ? wish.count : 0;
      const scale = wish?.kind === "nucleus" ? wish.scale : 0;
      const bits = new Int32Array(Float64Array.of(scale).buffer);
      return [rows[i], wishKinds.indexOf(wish?.kind ?? "none"), count, ...bits];
    }),
  );
}

/** What other ranks must know of wishes: the share of a nucleus is rank 0's matter. */
function wishesOf(words: Int32Array): { rows: Int32Array; wishes: (SummaryWish | undefined)[] } {
  const each = Array.from({ length: words.length / WISH_WORDS }, (_, i) =>
    words.slice(i * WISH_WORDS, (i + 1) * WISH_WORDS),
  );
  const wishes = each.map(([, number, count, ...bits]): SummaryWish | undefined => {
    const kind = wishKinds[number];
    if (kind === "none") return undefined;
    if (kind === "best") return { kind };
    if (kind === "top") return { kind, count };
    return { kind, scale: new Float64Array(Int32Array.from(bits).buffer)[0], share: 0 };
  });
  return { rows: Int32Array.from(each, ([row]) => row), wishes };
}

const bitsOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0];
const floatOf = (bits: number): number => new Float32Array(Int32Array.of(bits).buffer)[0];
