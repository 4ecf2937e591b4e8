// Looks over the bytes of a JSON body as they come, and refuses what would take long to parse.
import { Problem } from "./problem.ts";

/** Names and values of one body; a conversation of a hundred tools and a thousand messages has some 20,000. */
export const MOST_VALUES = 50_000;
/** Arrays and objects within one another; what reads a request may be recursive. */
export const DEEPEST = 100;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const [OPEN_ARRAY, CLOSE_ARRAY] = [0x5b, 0x5d];
const [OPEN_OBJECT, CLOSE_OBJECT] = [0x7b, 0x7d];

/**
 * Counts names, values and depth. It knows nothing else of JSON: what is malformed is the parser's to refuse.
 */
export class JsonScan {
  readonly #most: number;
  #values = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(most = MOST_VALUES) {
    this.#most = most;
  }

  /** @throws {Problem} 400 when the body so far has too many values or is nested too deep */
  push(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
        continue;
      }
      switch (byte) {
        case QUOTE:
          this.#inString = true;
          break;
        case OPEN_ARRAY:
        case OPEN_OBJECT:
          this.#values++;
          this.#depth++;
          break;
        case CLOSE_ARRAY:
        case CLOSE_OBJECT:
          this.#depth--;
          break;
        case COMMA:
        case COLON:
          this.#values++;
      }
      if (this.#depth > DEEPEST) throw tooMuch("arrays and objects within one another", DEEPEST);
      if (this.#values > this.#most) throw tooMuch("names and values", this.#most);
    }
  }
}

function tooMuch(what: string, most: number): Problem {
  const message = `the body has more than ${most.toLocaleString("en")} ${what}, which is all that this server reads`;
  return new Problem(400, message, { code: "request_too_large" });
}
