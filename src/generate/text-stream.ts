// Turns generated tokens into text as it comes and ends it before a stop string.
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { GeneratedToken } from "./types.ts";

/** Options of `createTextStream`. */
export interface TextStreamOptions {
  /** Strings before which the text ends; none may be empty. */
  stop: readonly string[];
  skipSpecialTokens?: boolean;
  /** What stands in the text for a token, besides its own text. Default: nothing. */
  placeOf?: (id: number) => string;
}

/** Text that is certain, with the tokens that it completes. */
export interface TextDelta {
  /** May be empty. */
  text: string;
  /** Tokens whose text ends within what has been given out, each reported once, in order. */
  tokens: GeneratedToken[];
  /** The stop string that ended the text; nothing follows. */
  stopped?: string;
}

/** Decodes one answer. */
export interface TextStream {
  push(token: GeneratedToken): TextDelta;
  /** What was held back, when generation has ended for another reason. */
  flush(): TextDelta;
}

/** A token whose text has not all been given out. */
interface Waiting {
  token: GeneratedToken;
  /** Where its text begins, counted from the start of the answer. */
  start: number;
  /** Where its text ends; undefined while its last character is incomplete. */
  end?: number;
}

/**
 * Makes a stream for one answer. Text that may be the beginning of a stop string is held back until it is decided; half
 * a character and any part of a found stop string are never given out.
 *
 * The stop string that is complete first ends the text, of several complete at the same character the longest, however
 * the text is cut into tokens: with the stops "abcd" and "bc", "abcd" ends after "a". Tokens that begin at or after the
 * cut are not reported.
 */
export function createTextStream(
  tokenizer: Pick<Tokenizer, "createDecodeStream">,
  options: TextStreamOptions,
): TextStream {
  const decoder = tokenizer.createDecodeStream({ skipSpecialTokens: options.skipSpecialTokens ?? true });
  const { stop, placeOf = () => "" } = options;
  const longest = stop.reduce((most, text) => Math.max(most, text.length), 0);
  let held = ""; // decoded, not given out; no stop string is complete in it
  let given = 0; // characters given out
  let waiting: Waiting[] = [];
  let ended = false;

  const receive = (text: string): void => {
    held += text;
    if (text.length === 0) return;
    for (const entry of waiting) entry.end ??= given + held.length;
  };
  /** Gives out the first `length` characters held, with the tokens that end there or before. */
  const give = (length: number): TextDelta => {
    const text = held.slice(0, length);
    held = held.slice(length);
    given += length;
    const done = waiting.findIndex(({ end }) => end === undefined || end > given);
    const tokens = waiting.slice(0, done < 0 ? waiting.length : done).map(({ token }) => token);
    waiting = waiting.slice(tokens.length);
    return { text, tokens };
  };
  const finish = (match: StopMatch): TextDelta => {
    ended = true;
    const delta = give(match.start);
    for (const { token, start } of waiting) if (start < given) delta.tokens.push(token);
    waiting = [];
    held = "";
    return { ...delta, stopped: match.stop };
  };

  return {
    push(token) {
      if (ended) return { text: "", tokens: [] };
      waiting.push({ token, start: given + held.length });
      receive(decoder.push(token.id) + placeOf(token.id));
      const match = findStop(held, stop);
      if (match) return finish(match);
      return give(held.length - undecided(held, stop, longest));
    },
    flush() {
      if (ended) return { text: "", tokens: [] };
      receive(decoder.flush());
      const match = findStop(held, stop);
      if (match) return finish(match);
      ended = true;
      const delta = give(held.length);
      delta.tokens.push(...waiting.map(({ token }) => token));
      waiting = [];
      return delta;
    },
  };
}

interface StopMatch {
  stop: string;
  start: number;
}

/** The stop string that is complete first; of those complete at the same character, the longest. */
function findStop(text: string, stops: readonly string[]): StopMatch | undefined {
  let found: StopMatch | undefined;
  let foundEnd = Number.POSITIVE_INFINITY;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start < 0) continue;
    const end = start + stop.length;
    if (end < foundEnd || (end === foundEnd && start < found!.start)) {
      found = { stop, start };
      foundEnd = end;
    }
  }
  return found;
}

/** The length of the longest ending of the text with which a stop string may begin. */
function undecided(text: string, stops: readonly string[], longest: number): number {
  for (let length = Math.min(longest - 1, text.length); length > 0; length--) {
    const ending = text.slice(text.length - length);
    if (stops.some((stop) => stop.length > length && stop.startsWith(ending))) return length;
  }
  return 0;
}
