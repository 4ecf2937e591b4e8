// The normalizers of tokenizer.json: text to text.

import { BaimoError } from "../../errors.ts";
import { booleanOf, brief, listOf, recordOf, stringOf } from "../../json.ts";
import { checkNesting, checkOutput, outputLimit } from "../limits.ts";
import { createPrecompiledNormalizer, readCharsmap } from "./charsmap.ts";
import type { Matches } from "./class-patterns.ts";
import { toNormalForm } from "./normal-forms.ts";
import { literalMatches, patternMatches } from "./patterns.ts";
import { classTable, SPACE, toByteLevel } from "./unicode.ts";

/** Changes a text before it is cut. */
export type Normalizer = (text: string) => string;

/** One step of it; `limit` is the longest text that it may make. */
type Step = (text: string, limit: number) => string;

/**
 * Reads a `normalizer` of tokenizer.json, which throws {BaimoError} `request` for a text that it makes 32 times as long.
 *
 * @throws {BaimoError} `format` naming a kind or a field that is not known
 */
export function readNormalizer(json: unknown, where: string): Normalizer {
  checkNesting(json, "normalizers", where);
  const step = readStep(json, where);
  return (text) => {
    const limit = outputLimit(text.length);
    const out = step(text, limit);
    checkOutput(out.length, limit, where);
    return out;
  };
}

function readStep(json: unknown, where: string): Step {
  const spec = recordOf(json, where);
  const type = stringOf(spec.type, `${where}.type`);
  switch (type) {
    case "Sequence": {
      const steps = listOf(spec.normalizers, `${where}.normalizers`).map((step, i) =>
        readStep(step, `${where}.normalizers[${i}]`),
      );
      return (text, limit) => {
        let out = text;
        for (const step of steps) {
          out = step(out, limit);
          checkOutput(out.length, limit, where);
        }
        return out;
      };
    }
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return (text) => toNormalForm(text, type);
    case "Lowercase":
      return toLowerCase;
    case "Strip": {
      const left = booleanOf(spec.strip_left, true, `${where}.strip_left`);
      const right = booleanOf(spec.strip_right, true, `${where}.strip_right`);
      return (text) => {
        let out = text;
        if (left) out = out.replace(/^\p{White_Space}+/u, "");
        if (right) out = out.slice(0, endWithoutSpaces(out));
        return out;
      };
    }
    case "StripAccents":
      return (text) => text.replace(/\p{M}+/gu, "");
    case "Prepend": {
      const prefix = stringOf(spec.prepend, `${where}.prepend`);
      return (text) => (text === "" ? text : prefix + text);
    }
    case "Replace":
      return readReplace(spec, where);
    case "BertNormalizer":
      return createBertNormalizer({
        cleanText: booleanOf(spec.clean_text, true, `${where}.clean_text`),
        spaceChinese: booleanOf(spec.handle_chinese_chars, true, `${where}.handle_chinese_chars`),
        lowercase: booleanOf(spec.lowercase, true, `${where}.lowercase`),
        stripAccents: booleanOf(
          spec.strip_accents,
          booleanOf(spec.lowercase, true, `${where}.lowercase`),
          `${where}.strip_accents`,
        ),
      });
    case "Precompiled": {
      const encoded = stringOf(spec.precompiled_charsmap ?? "", `${where}.precompiled_charsmap`);
      if (encoded === "") return (text) => text;
      return createPrecompiledNormalizer(readCharsmap(fromBase64(encoded, where), where));
    }
    case "Nmt":
      return (text) => text.replace(NMT_REMOVED, "").replace(NMT_SPACES, " ");
    case "ByteLevel":
      return toByteLevel;
    default:
      throw new BaimoError(
        "format",
        `${where}: normalizer of type ${JSON.stringify(type)} is not known; the tokenizer cannot be used`,
      );
  }
}

// tokenizers, src/normalizers/unicode.rs
// biome-ignore lint/suspicious/noControlCharactersInRegex: these control characters are what Nmt removes
const NMT_REMOVED = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g;
const NMT_SPACES = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

/** A pattern as `Replace` and `Split` write it. */
export function readReplace(
  spec: Record<string, unknown>,
  where: string,
): (text: string, limit?: number) => string {
  const pattern = recordOf(spec.pattern, `${where}.pattern`);
  const content = stringOf(spec.content, `${where}.content`);
  if (pattern.String !== undefined) {
    const needle = stringOf(pattern.String, `${where}.pattern.String`);
    return needle === "" ? (text) => text : replaceMatches(literalMatches(needle), content, where);
  }
  if (pattern.Regex === undefined) {
    throw new BaimoError(
      "format",
      `${where}.pattern must have String or Regex but is ${brief(spec.pattern)}`,
    );
  }
  const matches = patternMatches(stringOf(pattern.Regex, `${where}.pattern.Regex`), where);
  return replaceMatches(matches, content, where);
}

function replaceMatches(matches: Matches, content: string, where: string) {
  return (text: string, limit = outputLimit(text.length)): string => {
    let out = "";
    let done = 0;
    matches(text, 0, text.length, (start, end) => {
      out += text.slice(done, start) + content;
      checkOutput(out.length, limit, where);
      done = end;
    });
    return done === 0 && out === "" ? text : out + text.slice(done);
  };
}

/** Rust's lower case: character by character, without the final sigma that JavaScript looks around for. */
function toLowerCase(text: string): string {
  const lower = text.toLowerCase();
  return text.includes("Σ") ? [...text].map((c) => c.toLowerCase()).join("") : lower;
}

function endWithoutSpaces(text: string): number {
  const table = classTable();
  let end = text.length;
  while (end > 0 && (table[text.charCodeAt(end - 1)] & SPACE) !== 0) end--;
  return end;
}

/** Options of BERT's normalizer, as in tokenizer.json. */
export interface BertNormalizerOptions {
  cleanText: boolean;
  spaceChinese: boolean;
  lowercase: boolean;
  stripAccents: boolean;
}

const CONTROL = /[\ufffd\p{Cc}\p{Cf}\p{Co}]+/gu;
/** What counts as a Chinese character (the gap at 2B820 is in the original). */
export const CHINESE =
  "\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b73f}\\u{2b740}-\\u{2b81f}\\u{2b920}-\\u{2ceaf}\\u{2f800}-\\u{2fa1f}";

function createBertNormalizer(options: BertNormalizerOptions): Normalizer {
  const chinese = new RegExp(`[${CHINESE}]`, "gu");
  return (text) => {
    let out = text;
    if (options.cleanText) {
      out = out
        .replace(CONTROL, (run) => (/[\t\n\r]/.test(run) ? run.replace(/[^\t\n\r]/gu, "") : ""))
        .replace(/\p{White_Space}/gu, " ");
    }
    if (options.spaceChinese) out = out.replace(chinese, " $& ");
    if (options.stripAccents) out = toNormalForm(out, "NFD").replace(/\p{Mn}+/gu, "");
    if (options.lowercase) out = toLowerCase(out);
    return out;
  };
}

/** The bytes of a base64 text. */
function fromBase64(text: string, where: string): Uint8Array {
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  } catch (cause) {
    throw new BaimoError("format", `${where}.precompiled_charsmap is not base64`, { cause });
  }
}
