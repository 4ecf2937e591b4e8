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
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(emit: (message: FromWorker) => void) {
    this.#emit = emit;
  }

  add(id: number, token: GeneratedToken): void {
    const tokens = this.#unsent.get(id);
    if (tokens) tokens.push(token);
    else this.#unsent.set(id, [token]);
  }

  /** Sends what there is if the last message was long enough ago. */
  sendWhenDue(): void {
    if (performance.now() - this.#sentAt >= SEND_EVERY) this.send();
  }

  send(): void {
    if (this.#unsent.size > 0) this.#emit({ type: "tokens", of: this.#unsent });
    this.#unsent = new Map();
    this.#sentAt = performance.now();
  }
}
