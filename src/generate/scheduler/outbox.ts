// Tokens of all requests on their way to the main thread, many in one message.
import type { FromWorker } from "../protocol.ts";
import type { GeneratedToken } from "../types.ts";

/**
 * Milliseconds between messages with tokens. A message costs both threads tens of microseconds, which a small model
 * would pay for every token.
 */
const SEND_EVERY = 8;

export class Outbox {
  readonly #emit: (message: FromWorker) => void;
  #unsent = new Map<number, GeneratedToken[]>();
  /** Requests whose first token has come. */
  readonly #begun = new Set<number>();
  /** Whether a first token waits: it goes at once. */
  #hasFirst = false;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(emit: (message: FromWorker) => void) {
    this.#emit = emit;
  }

  add(id: number, token: GeneratedToken): void {
    const tokens = this.#unsent.get(id);
    if (tokens) tokens.push(token);
    else this.#unsent.set(id, [token]);
    if (this.#begun.has(id)) return;
    this.#begun.add(id);
    this.#hasFirst = true;
  }

  /** Sends what there is, if an answer begins or the last message was long enough ago. */
  sendWhenDue(): void {
    if (this.#hasFirst || performance.now() - this.#sentAt >= SEND_EVERY) this.#send();
  }

  /** Sends what there is before a request ends. */
  close(id: number): void {
    this.#send();
    this.#begun.delete(id);
  }

  #send(): void {
    if (this.#unsent.size === 0) return;
    this.#emit({ type: "tokens", of: this.#unsent });
    this.#unsent = new Map();
    this.#hasFirst = false;
    this.#sentAt = performance.now();
  }
}
