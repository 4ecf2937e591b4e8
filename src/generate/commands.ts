// Commands of rank 0 to the other ranks, as records written into the words of the bus.
import type { Bus } from "../backends/bus.ts";
import type { Run } from "../tensor/backend.ts";

/** One call of the model that all ranks make together. */
export type Command =
  | { readonly kind: "forward"; readonly tokens: Int32Array; readonly runs: readonly Run[] }
  /** Logits of these rows of the last pass. */
  | { readonly kind: "logits"; readonly rows: Int32Array }
  | { readonly kind: "encode"; readonly tokens: Int32Array };

const kinds = ["forward", "logits", "encode"] as const;
const RUN_WORDS = 5;

/** Words that the longest command takes, where a pass has `maxTokens` rows and an encoder's text `encoderTokens`. */
export function commandWords(maxTokens: number, encoderTokens: number): number {
  return Math.max(maxTokens * (1 + RUN_WORDS), encoderTokens);
}

/** Wakes the other ranks with a command. */
export function sendCommand(bus: Bus, command: Command): void {
  if (bus.ranks === 1) return;
  const kind = kinds.indexOf(command.kind);
  const words = command.kind === "logits" ? command.rows : command.tokens;
  const runs = command.kind === "forward" ? command.runs : [];
  bus.payload.set(words);
  let to = words.length;
  for (const { sequence, first, rows, position, length } of runs) {
    bus.payload[to] = sequence.slot;
    bus.payload[to + 1] = first;
    bus.payload[to + 2] = rows;
    bus.payload[to + 3] = position;
    bus.payload[to + 4] = length;
    to += RUN_WORDS;
  }
  bus.send([kind, words.length, runs.length]);
}

/** Other ranks: sleeps until the next command. Its arrays are views, valid until the one after. */
export function receiveCommand(bus: Bus): Command {
  const [number, count, runCount] = bus.receive();
  const kind = kinds[number];
  const words = bus.payload.subarray(0, count);
  if (kind === "logits") return { kind, rows: words };
  if (kind === "encode") return { kind, tokens: words };
  const runs = Array.from({ length: runCount }, (_, r): Run => {
    const [slot, first, rows, position, length] = bus.payload.subarray(count + r * RUN_WORDS);
    return { sequence: { slot }, first, rows, position, length };
  });
  return { kind, tokens: words, runs };
}
