// A strict streaming JSON reader that keeps no values, so that a header cannot exhaust memory.
//
// JSON.parse is for files whose every value is kept.
import { BaimoError } from "../../errors.ts";

const MAX_DEPTH = 64;
const quote = 0x22;
const backslash = 0x5c;

/** Reads values in the order of the text. Every function throws a BaimoError `format` at what it did not expect. */
export interface JsonScanner {
  /** Goes through an object; `member` reads exactly the value of its key. Keys may repeat, as JSON allows. */
  object(member: (key: string) => void): void;
  array(element: (index: number) => void): void;
  string(): string;
  /** A whole number from 0 to 2^53 - 1, written as such. */
  count(): number;
  /** Steps over a null, if it is the next value. */
  isNull(): boolean;
  /** Steps over whatever value comes next; only its brackets and strings are looked at. */
  skip(): void;
  /** Only white space may follow. */
  end(): void;
  /** An error at the present place. */
  error(expected: string): BaimoError;
}

/** @param name  the file, for messages */
export function createJsonScanner(bytes: Uint8Array, name: string): JsonScanner {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = 0;

  const error = (expected: string): BaimoError => {
    const found =
      at >= bytes.length ? "its end" : JSON.stringify(String.fromCharCode(...bytes.subarray(at, at + 12)));
    return new BaimoError(
      "format",
      `${name}: ${expected} is expected at byte ${at} of the JSON, found ${found}`,
    );
  };
  const space = () => {
    for (; at < bytes.length; at++) {
      const c = bytes[at];
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
    }
  };
  /** Steps over one character, if it is the next. */
  const accept = (character: string): boolean => {
    space();
    if (bytes[at] !== character.charCodeAt(0)) return false;
    at++;
    return true;
  };
  const expect = (character: string) => {
    if (!accept(character)) throw error(`"${character}"`);
  };
  const list = (close: string, item: (index: number) => void) => {
    if (accept(close)) return;
    for (let i = 0; ; i++) {
      item(i);
      if (accept(close)) return;
      if (!accept(",")) throw error(`"," or "${close}"`);
    }
  };
  /** Steps over a string; where its text lies, and whether it has escapes. */
  const passString = (): { from: number; to: number; escaped: boolean } => {
    expect('"');
    const from = at;
    let escaped = false;
    for (; at < bytes.length; at++) {
      const c = bytes[at];
      if (c === quote) {
        at++;
        return { from, to: at - 1, escaped };
      }
      if (c < 0x20) throw error("a character that may stand in a string");
      if (c === backslash) {
        escaped = true;
        at++;
      }
    }
    throw error("the end of a string");
  };

  const scanner: JsonScanner = {
    object(member) {
      expect("{");
      list("}", () => {
        space();
        const key = scanner.string();
        expect(":");
        member(key);
      });
    },
    array(element) {
      expect("[");
      list("]", element);
    },
    string() {
      const { from, to, escaped } = passString();
      try {
        const text = decoder.decode(bytes.subarray(from, to));
        return escaped ? (JSON.parse(`"${text}"`) as string) : text;
      } catch {
        at = from;
        throw error("a well-formed string");
      }
    },
    count() {
      space();
      const from = at;
      let value = 0;
      for (; at < bytes.length && bytes[at] >= 0x30 && bytes[at] <= 0x39; at++)
        value = value * 10 + (bytes[at] - 0x30);
      const wellFormed = at > from && !(bytes[from] === 0x30 && at > from + 1) && Number.isSafeInteger(value);
      if (!wellFormed || [0x2e, 0x65, 0x45].includes(bytes[at])) {
        at = from;
        throw error("a whole number below 2^53");
      }
      return value;
    },
    isNull() {
      space();
      const isNull = String.fromCharCode(...bytes.subarray(at, at + 4)) === "null";
      if (isNull) at += 4;
      return isNull;
    },
    skip() {
      // Without recursion, so that depth costs nothing.
      const open: number[] = [];
      do {
        space();
        const c = bytes[at];
        if (c === 0x7b || c === 0x5b) {
          if (open.length === MAX_DEPTH) throw error(`nesting of at most ${MAX_DEPTH}`);
          open.push(c + 2);
          at++;
        } else if (c === 0x7d || c === 0x5d) {
          if (open.pop() !== c) throw error("a value");
          at++;
        } else if (c === quote) passString();
        else if (open.length > 0 && (c === 0x2c || c === 0x3a)) at++;
        else {
          const from = at;
          while (at < bytes.length && /[-+.\w]/.test(String.fromCharCode(bytes[at]))) at++;
          if (at === from) throw error("a value");
        }
      } while (open.length > 0);
    },
    end() {
      space();
      if (at < bytes.length) throw error("nothing more");
    },
    error,
  };
  return scanner;
}
