// Commands of rank 0 to the other ranks, as records written into the words of the bus.
import type { Bus } from "../backends/bus.ts";
import type { RunShape } from "../backends/device.ts";
import { PAGE, type Run } from "../tensor/backend.ts";

/** One call of the model that all ranks make together. */
export type Command =
  | { readonly kind: "forward"; readonly tokens: Int32Array; readonly runs: readonly Run[] }
  /** Logits of these rows of the last pass. */
  | { readonly kind: "logits"; readonly rows: Int32Array }
  /** Their final states. */
  | { readonly kind: "states"; readonly rows: Int32Array }
  | { readonly kind: "encode"; readonly tokens: Int32Array }
  /** One page of the decoder's cache to another. */
  | { readonly kind: "copy"; readonly from: number; readonly to: number }
  /** One page out of the decoder's cache, or into it: rank 0 has the bytes. */
  | { readonly kind: "read-page" | "write-page"; readonly page: number };

const kinds = ["forward", "logits", "states", "encode", "copy", "read-page", "write-page"] as const;
/** Words of a run beside its pages. */
const RUN_WORDS = 7;
/** Stands for a run without a second type of tokens. */
const NO_SECOND = -1;

/** Words that the longest command takes. An encoder's text comes whole, and is as long as a sequence at most. */
export function commandWords({ maxTokens, sequences, contextLength }: RunShape): number {
  const ofRun = RUN_WORDS + Math.ceil(contextLength / PAGE);
  return Math.max(maxTokens + sequences * ofRun, contextLength);
}

/** Wakes the other ranks with a command. */
export function sendCommand(bus: Bus, command: Command): void {
  if (bus.ranks === 1) return;
  const kind = kinds.indexOf(command.kind);
  const words = wordsOf(command);
  const runs = command.kind === "forward" ? command.runs : [];
  bus.payload.set(words);
  let to = words.length;
  for (const { sequence, first, rows, position, length, second = NO_SECOND } of runs) {
    bus.payload[to] = sequence.slot;
    bus.payload[to + 1] = first;
    bus.payload[to + 2] = rows;
    bus.payload[to + 3] = position;
    bus.payload[to + 4] = length;
    bus.payload[to + 5] = second;
    bus.payload[to + 6] = sequence.pages.length;
    bus.payload.set(sequence.pages, to + RUN_WORDS);
    to += RUN_WORDS + sequence.pages.length;
  }
  bus.send([kind, words.length, runs.length]);
}

function wordsOf(command: Command): Int32Array {
  if (command.kind === "logits" || command.kind === "states") return command.rows;
  if (command.kind === "copy") return Int32Array.of(command.from, command.to);
  if ("page" in command) return Int32Array.of(command.page);
  return command.tokens;
}

/** Other ranks: sleeps until the next command. Its arrays are views, valid until the one after. */
export function receiveCommand(bus: Bus): Command {
  const [number, count, runCount] = bus.receive();
  const kind = kinds[number];
  const words = bus.payload.subarray(0, count);
  if (kind === "logits" || kind === "states") return { kind, rows: words };
  if (kind === "encode") return { kind, tokens: words };
  if (kind === "copy") return { kind, from: words[0], to: words[1] };
  if (kind === "read-page" || kind === "write-page") return { kind, page: words[0] };
  let at = count;
  const runs = Array.from({ length: runCount }, (): Run => {
    const [slot, first, rows, position, length, second, pages] = bus.payload.subarray(at, at + RUN_WORDS);
    const start = at + RUN_WORDS;
    at = start + pages;
    return {
      sequence: { slot, pages: bus.payload.subarray(start, at) },
      first,
      rows,
      position,
      length,
      second: second === NO_SECOND ? undefined : second,
    };
  });
  return { kind, tokens: words, runs };
}
