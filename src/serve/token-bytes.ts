// The bytes that one token stands for, as OpenAI's log-probabilities tell them.
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** The byte behind each character of a byte-level vocabulary (the alphabet of GPT-2's encoder.py). */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const bytes = new Map<string, number>();
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    bytes.set(String.fromCodePoint(printable(byte) ? byte : next++), byte);
  }
  return bytes;
})();

/**
 * The bytes that a token adds to the text. A token may hold a part of a character, so bytes, not text, are what adds up.
 * A special token stands for its name.
 */
export function tokenBytes(tokenizer: Tokenizer, id: number): Uint8Array {
  const piece = tokenizer.idToToken(id) ?? "";
  const utf8 = (text: string) => new TextEncoder().encode(text);
  if (tokenizer.isSpecial(id)) return utf8(piece);
  if (tokenizer.kind === "bpe") {
    const bytes = Array.from(piece, (character) => byteOfCharacter.get(character));
    // An added token is written as it reads, in characters that may be outside the alphabet.
    return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : utf8(piece);
  }
  if (tokenizer.kind === "wordpiece") return utf8(piece.startsWith("##") ? piece.slice(2) : ` ${piece}`);
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(piece);
  return byte ? Uint8Array.of(Number.parseInt(byte[1]!, 16)) : utf8(piece.replaceAll("\u2581", " "));
}

/** A token's text; where its bytes are no whole characters, OpenAI's way of writing them: `bytes:\xe5\xa4`. */
export function tokenText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "bytes:" + Array.from(bytes, (byte) => "\\x" + byte.toString(16).padStart(2, "0")).join("");
  }
}
