// SentencePiece's precompiled character map: a double-array trie of replacements.

import { BaimoError } from "../../errors.ts";
import { checkOutput } from "../limits.ts";
import { fromUtf8, toUtf8 } from "./unicode.ts";

/** A replacement found at some place: how many bytes it replaces, and by what. */
export interface CharsmapMatch {
  length: number;
  text: string;
}

/** Looks up what begins at bytes[at]. */
export interface Charsmap {
  /** The longest entry (SentencePiece and llama.cpp). */
  longest(bytes: Uint8Array, at: number): CharsmapMatch | undefined;
  /** The shortest entry (Hugging Face's `spm_precompiled`, which takes the first it meets). */
  shortest(bytes: Uint8Array, at: number, end: number): CharsmapMatch | undefined;
}

// Published maps have entries of some 20 bytes; the bound keeps a search short whatever the array says.
const MAX_ENTRY = 64;

/**
 * Reads a map: u32 size of the double array in bytes, the array (Darts-clone units, u32), then NUL-terminated
 * replacements (google/sentencepiece, src/normalizer.cc).
 *
 * @throws {BaimoError} `format` when the sizes do not fit the blob
 */
export function readCharsmap(blob: Uint8Array, where: string): Charsmap {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const arrayBytes = blob.length >= 4 ? view.getUint32(0, true) : 0;
  if (blob.length < 8 || arrayBytes % 4 !== 0 || arrayBytes === 0 || 4 + arrayBytes >= blob.length) {
    throw new BaimoError(
      "format",
      `${where}: a character map of ${blob.length} bytes cannot hold an array of ${arrayBytes} bytes and its replacements`,
    );
  }
  const units = new Uint32Array(arrayBytes / 4);
  for (let i = 0; i < units.length; i++) units[i] = view.getUint32(4 + i * 4, true);
  const replacements = blob.subarray(4 + arrayBytes);
  const texts = new Map<number, string>();

  const replacementAt = (offset: number): string => {
    let text = texts.get(offset);
    if (text === undefined) {
      const end = replacements.indexOf(0, offset);
      if (offset >= replacements.length) {
        throw new BaimoError(
          "format",
          `${where}: a replacement at ${offset} of ${replacements.length} bytes`,
        );
      }
      text = fromUtf8(replacements.subarray(offset, end < 0 ? replacements.length : end));
      texts.set(offset, text);
    }
    return text;
  };
  const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);

  const search = (bytes: Uint8Array, at: number, end: number, first: boolean): CharsmapMatch | undefined => {
    let found: CharsmapMatch | undefined;
    let node = offsetOf(units[0]);
    for (let i = at; i < end; i++) {
      if (i - at === MAX_ENTRY) {
        throw new BaimoError(
          "format",
          `${where}: a character map with entries of more than ${MAX_ENTRY} bytes`,
        );
      }
      const byte = bytes[i];
      if (byte === 0) break;
      node ^= byte;
      if (node < 0 || node >= units.length) break;
      const unit = units[node];
      if ((unit & 0x800000ff) >>> 0 !== byte) break;
      node ^= offsetOf(unit);
      if ((unit >>> 8) & 1) {
        if (node < 0 || node >= units.length) break;
        found = { length: i + 1 - at, text: replacementAt(units[node] & 0x7fffffff) };
        if (first) break;
      }
    }
    return found;
  };
  return {
    longest: (bytes, at) => search(bytes, at, bytes.length, false),
    shortest: (bytes, at, end) => search(bytes, at, end, true),
  };
}

// Neighbours in these ranges never form one grapheme, CR LF aside, so that the costly segmentation is seldom asked.
const isSimple = (c: number) =>
  (c < 0x300 && c !== 0xad) ||
  (c >= 0x2010 && c <= 0x2027) ||
  (c >= 0x3000 && c <= 0x3029) ||
  (c >= 0x3400 && c <= 0x4dbf) ||
  (c >= 0x4e00 && c <= 0x9fff) ||
  (c >= 0x3041 && c <= 0x3096) ||
  (c >= 0x30a1 && c <= 0x30fa) ||
  (c >= 0xff01 && c <= 0xff9d) ||
  (c >= 0x410 && c <= 0x44f);

const CR = 13;
const LF = 10;

/** Whether a grapheme surely ends between two code units. */
const isCut = (left: number, right: number) =>
  isSimple(left) && isSimple(right) && !(left === CR && right === LF);

// The runtime's segmenter takes quadratic time on long texts, so that it sees them in pieces.
const WINDOW = 1024;
/** And it costs so much to call that it does at least this much. */
const AT_ONCE = 16;

/** The graphemes of text[start, end). */
function* graphemes(segmenter: Intl.Segmenter, text: string, start: number, end: number): Generator<string> {
  let size = WINDOW;
  for (let at = start; at < end; ) {
    let stop = Math.min(at + size, end);
    if (stop < end && (text.charCodeAt(stop) & 0xfc00) === 0xdc00) stop++;
    const from = at;
    let held = "";
    for (const { segment } of segmenter.segment(text.slice(at, stop))) {
      // The last one may go on in the next piece. What came before the beginning of a grapheme does not matter to it.
      if (held !== "") yield held;
      at += held.length;
      held = segment;
    }
    if (stop === end) {
      yield held;
      return;
    }
    size = at === from ? size * 2 : WINDOW;
  }
}

/**
 * Applies a map as Hugging Face's Precompiled normalizer does: a grapheme of less than six bytes is replaced as a whole
 * by the first entry that begins it, else character by character.
 */
export function createPrecompiledNormalizer(map: Charsmap): (text: string, limit: number) => string {
  const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });
  const known = new Map<string, string>();
  const character = (part: string): string | undefined => {
    const bytes = toUtf8(part);
    return map.shortest(bytes, 0, bytes.length)?.text;
  };
  const grapheme = (part: string): string => {
    let out = known.get(part);
    if (out !== undefined) return out;
    const points = [...part];
    out = toUtf8(part).length < 6 ? character(part) : undefined;
    out ??= points.map((point) => character(point) ?? point).join("");
    if (known.size > 20_000) known.clear();
    if (part.length < 8) known.set(part, out);
    return out;
  };
  // By code unit: 1 when a character that stands alone is its own normal form, so that runs are copied.
  const unchanged = new Uint8Array(0x10000);
  return (text, limit) => {
    let out = "";
    let copied = 0;
    const length = text.length;
    const add = (part: string) => {
      out += part;
      checkOutput(out.length, limit, "character map");
    };
    for (let at = 0; at < length; ) {
      const unit = text.charCodeAt(at);
      if (isSimple(unit) && (at + 1 >= length || isCut(unit, text.charCodeAt(at + 1)))) {
        if (unchanged[unit] === 0) {
          const part = text[at];
          const normal = grapheme(part);
          if (normal === part) {
            unchanged[unit] = 1;
          } else {
            add(text.slice(copied, at));
            add(normal);
            copied = at + 1;
          }
        }
        at++;
        continue;
      }
      let end = Math.min(at + AT_ONCE, length);
      while (end < length && !isCut(text.charCodeAt(end - 1), text.charCodeAt(end))) end++;
      add(text.slice(copied, at));
      for (const part of graphemes(segmenter, text, at, end)) add(grapheme(part));
      at = end;
      copied = end;
    }
    return copied === 0 ? text : out + text.slice(copied);
  };
}
