// Texts as token lists that fit: refused when they are too long, or cut.
import { BaimoError } from "../errors.ts";

/** Where a text is, for messages, and what may be done with one that is too long. */
export interface Fit {
  /** "text 3" */
  readonly what: string;
  readonly contextLength: number;
  readonly truncate: boolean;
}

/**
 * The tokens, of which those from `start` to `end` may be cut from their end: what stands around them stays.
 *
 * most  tokens that a cut list has
 * @throws {BaimoError} `request` for none, `context` where there are too many
 */
export function fitTokens(
  tokens: readonly number[],
  [start, end]: readonly [start: number, end: number],
  most: number,
  { what, contextLength, truncate }: Fit,
): Int32Array {
  if (tokens.length === 0) throw new BaimoError("request", `${what} has no tokens`);
  const extra = tokens.length - most;
  if (truncate && extra > 0 && end - extra >= start)
    return Int32Array.from([...tokens.slice(0, end - extra), ...tokens.slice(end)]);
  if (tokens.length <= contextLength) return Int32Array.from(tokens);
  const advice = truncate
    ? "what stands around it is too long already"
    : "shorten it, or pass truncate: true";
  throw new BaimoError(
    "context",
    `${what} has ${tokens.length} tokens, but the model was loaded for ${contextLength}; ${advice}`,
  );
}
