// Streaming decode that never emits half a character.

import { fromUtf8, utf8Length } from "../text/unicode.ts";
import type { DecodeStream } from "../tokenizer.ts";

// An undecodable run of this many tokens is given out as it is: no character is made of so many.
const MAX_HELD = 256;

/**
 * A stream for decoders that join bytes: `bytesOf` gives the bytes of an id (undefined: it has no text).
 *
 * Text is held while it ends in U+FFFD, as Hugging Face's DecodeStream does, in constant time a token.
 */
export function createByteDecodeStream(bytesOf: (id: number) => Uint8Array | undefined): DecodeStream {
  let held: number[] = [];
  let heldTokens = 0;
  const take = (end = held.length) => {
    const text = fromUtf8(Uint8Array.from(held.slice(0, end)));
    held = held.slice(end);
    heldTokens = 0;
    return text;
  };
  return {
    push(id) {
      const bytes = bytesOf(id);
      if (!bytes || bytes.length === 0) return "";
      for (const b of bytes) held.push(b);
      heldTokens++;
      if (endsWhole(held)) return take();
      return heldTokens > MAX_HELD ? take(lastStart(held)) : "";
    },
    flush: () => take(),
  };
}

/** Where the character begins that the last bytes may be a part of. */
function lastStart(bytes: readonly number[]): number {
  let lead = bytes.length - 1;
  while (lead > 0 && bytes.length - lead < 4 && (bytes[lead] & 0xc0) === 0x80) lead--;
  return bytes[lead] >= 0xc2 ? lead : bytes.length;
}

/** Whether bytes end in a well-formed character other than U+FFFD. */
function endsWhole(bytes: readonly number[]): boolean {
  const end = bytes.length;
  let lead = end - 1;
  while (lead > 0 && end - lead < 4 && (bytes[lead] & 0xc0) === 0x80) lead--;
  if (utf8Length(bytes, lead, end) !== end - lead) return false;
  return !(end - lead === 3 && bytes[lead] === 0xef && bytes[lead + 1] === 0xbf && bytes[lead + 2] === 0xbd);
}

/**
 * A stream for any decoder: decodes a short window of ids again for each new one and gives out what is new
 * (the algorithm of tokenizers' DecodeStream, src/tokenizer/mod.rs, step_decode_stream).
 */
export function createWindowDecodeStream(decode: (ids: readonly number[]) => string): DecodeStream {
  let ids: number[] = [];
  let prefix = "";
  let prefixLength = 0; // how many of `ids` the prefix stands for
  const emit = (text: string): string => {
    // Where the decoder changed its mind about what was given out (a byte run that turned out malformed), only the
    // new ids count.
    const fresh = text.startsWith(prefix) ? text.slice(prefix.length) : decode(ids.slice(prefixLength));
    const kept = ids.slice(prefixLength);
    prefixLength = ids.length - prefixLength;
    ids = kept;
    prefix = decode(ids);
    return fresh;
  };
  return {
    push(id) {
      if (prefix === "" && ids.length > 0) {
        const text = decode(ids);
        if (!text.endsWith("\ufffd")) {
          prefix = text;
          prefixLength = ids.length;
        }
      }
      ids.push(id);
      const text = decode(ids);
      if (text.length > prefix.length && !text.endsWith("\ufffd")) return emit(text);
      return ids.length - prefixLength > MAX_HELD ? emit(text) : "";
    },
    flush() {
      const text = decode(ids);
      const rest = text.startsWith(prefix) ? text.slice(prefix.length) : decode(ids.slice(prefixLength));
      ids = [];
      prefix = "";
      prefixLength = 0;
      return rest;
    },
  };
}
