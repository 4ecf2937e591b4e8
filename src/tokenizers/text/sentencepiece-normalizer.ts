// SentencePiece's own normaliser: character map, spaces, dummy prefix.

import { createTrie } from "../algorithms/trie.ts";
import { checkOutput, outputLimit, refuseSteps, stepLimit } from "../limits.ts";
import type { Charsmap } from "./charsmap.ts";
import { toUtf8 } from "./unicode.ts";

/** How to normalise. */
export interface PieceNormalizerOptions {
  map?: Charsmap;
  /** User-defined symbols, which pass unchanged. */
  keep: readonly string[];
  /** Put a space before the text. */
  dummyPrefix: boolean;
  /** Runs of spaces become one, those at the ends vanish. */
  mergeSpaces: boolean;
  /** Write ▁ for a space. */
  escape: boolean;
  /** Put the dummy prefix's space after the text instead (SentencePiece only). */
  spaceAsSuffix?: boolean;
  /** Handle spaces as llama.cpp does for T5: the prefix appears before the first character that is no space. */
  llamaStyle?: boolean;
}

/** Makes the normaliser (google/sentencepiece, src/normalizer.cc; llama.cpp, llm_tokenizer_ugm). */
export function createPieceNormalizer(options: PieceNormalizerOptions): (text: string) => string {
  const { map, dummyPrefix, mergeSpaces, spaceAsSuffix } = options;
  const space = options.escape ? "▁" : " ";
  const keep = createTrie();
  options.keep.forEach((symbol, i) => {
    keep.add(symbol, i);
  });
  const hasKept = options.keep.length > 0;

  /** Calls back with the normal form of each prefix in turn; characters that stay, spaces aside, come in runs. */
  const eachPart = (text: string, visitPart: (part: string) => void) => {
    const limit = outputLimit(text.length);
    let made = 0;
    const visit = (part: string) => {
      made += part.length;
      checkOutput(made, limit, "SentencePiece's normaliser");
      visitPart(part);
    };
    const bytes = map ? toUtf8(text) : undefined;
    let byteAt = 0;
    let steps = stepLimit(text.length);
    let run = 0; // where the characters begin that stay as they are
    for (let at = 0; at < text.length; ) {
      const point = text.codePointAt(at) as number;
      let end = at + (point > 0xffff ? 2 : 1);
      let part: string | undefined;
      if (hasKept) {
        for (let i = at, node = 0; i < text.length; ) {
          node = keep.step(node, text.charCodeAt(i++));
          if (node < 0) break;
          if (--steps < 0) refuseSteps("user-defined symbols");
          if (keep.valueAt(node) >= 0) {
            end = i;
            part = text.slice(at, end);
          }
        }
      }
      if (bytes) {
        const match = part === undefined ? map?.longest(bytes, byteAt) : undefined;
        if (match) {
          part = match.text;
          // The match is of whole characters: count them off.
          end = at;
          for (let left = match.length; left > 0 && end < text.length; ) {
            const next = text.codePointAt(end) as number;
            left -= utf8Width(next);
            end += next > 0xffff ? 2 : 1;
          }
          byteAt += match.length;
        } else if (part === undefined) {
          byteAt += utf8Width(point);
        } else {
          for (const character of part) byteAt += utf8Width(character.codePointAt(0) as number);
        }
      }
      if (part !== undefined || point === 0x20) {
        if (run < at) visit(text.slice(run, at));
        visit(part ?? " ");
        run = end;
      }
      at = end;
    }
    if (run < text.length) visit(text.slice(run));
  };

  const sentencePiece = (text: string): string => {
    if (!map && !hasKept && !mergeSpaces) {
      const escaped = options.escape ? text.replaceAll(" ", space) : text;
      if (!dummyPrefix || text === "") return escaped;
      return spaceAsSuffix ? escaped + space : space + escaped;
    }
    let out = dummyPrefix && !spaceAsSuffix ? space : "";
    let started = !mergeSpaces;
    let wasSpace = mergeSpaces;
    eachPart(text, (whole) => {
      if (!started) {
        if (whole === " ") return;
        started = true;
      }
      let part = whole;
      if (wasSpace) part = part.replace(/^ +/, "");
      if (part !== "") {
        out += options.escape ? part.replaceAll(" ", space) : part;
        wasSpace = part.endsWith(" ");
      }
      if (!mergeSpaces) wasSpace = false;
    });
    if (!started || text === "") return "";
    if (mergeSpaces) while (out.endsWith(space)) out = out.slice(0, -1);
    return dummyPrefix && spaceAsSuffix ? out + space : out;
  };

  const llama = (text: string): string => {
    let out = "";
    let prefixed = false;
    let inWord = false;
    eachPart(text, (part) => {
      for (const character of part) {
        if (character !== " ") {
          if (!inWord) {
            inWord = true;
            if ((dummyPrefix && !prefixed) || mergeSpaces) {
              out += space;
              prefixed = true;
            }
          }
          out += character;
        } else {
          inWord = false;
          if (!mergeSpaces) out += space;
        }
      }
    });
    return out;
  };
  return options.llamaStyle ? llama : sentencePiece;
}

/** How many bytes a code point takes in UTF-8. */
function utf8Width(point: number): number {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}
