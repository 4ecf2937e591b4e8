// The pre-tokenizers of tokenizer.json: they cut a normalised text into pieces.

import { BaimoError } from "../../errors.ts";
import { booleanOf, brief, listOf, recordOf, stringOf } from "../../json.ts";
import { checkNesting } from "../limits.ts";
import type { Matches } from "./class-patterns.ts";
import { literalMatches, patternMatches, regexMatches } from "./patterns.ts";
import { createDigitScanner, SCANNERS, type Scanner, scanGpt2 } from "./scanners.ts";
import { createScriptMatches } from "./scripts.ts";
import { toByteLevel } from "./unicode.ts";

/** What becomes of the matches of a pattern. */
export type SplitBehavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

/** Receives one piece. */
export type EmitPiece = (text: string, start: number, end: number) => void;

/** Cuts text[start, end) into pieces; `first` says whether it begins the input. */
export type PreTokenizer = (
  text: string,
  start: number,
  end: number,
  first: boolean,
  emit: EmitPiece,
) => void;

/** A pre-tokenizer, and whether its last act is to turn text into byte-level characters (left to the model). */
export interface ReadPreTokenizer {
  split: PreTokenizer;
  byteLevel: boolean;
}

// Each writes the bytes of a text as characters again, which may double it.
const MAX_BYTE_LEVELS = 2;

const PUNCTUATION_MARK = "[!-\\/:-@\\[-`\\{-~]|\\p{P}";

/**
 * Reads a `pre_tokenizer` of tokenizer.json.
 *
 * A closing ByteLevel is not carried out but reported, so that a byte-level model works on raw text.
 * @throws {BaimoError} `format` naming a kind or a field that is not known
 */
export function readPreTokenizer(json: unknown, where: string): ReadPreTokenizer {
  checkNesting(json, "pretokenizers", where);
  return readStage(json, where);
}

function readStage(json: unknown, where: string): ReadPreTokenizer {
  const spec = recordOf(json, where);
  const type = stringOf(spec.type, `${where}.type`);
  switch (type) {
    case "Sequence": {
      const stages = listOf(spec.pretokenizers, `${where}.pretokenizers`).map((stage, i) =>
        readStage(stage, `${where}.pretokenizers[${i}]`),
      );
      if (stages.filter((stage) => stage.byteLevel).length > MAX_BYTE_LEVELS) {
        throw new BaimoError("format", `${where} has more than ${MAX_BYTE_LEVELS} steps of type ByteLevel`);
      }
      const byteLevel = stages.at(-1)?.byteLevel ?? false;
      const splits = stages.map((stage, i) =>
        stage.byteLevel && i < stages.length - 1 ? withByteLevel(stage.split) : stage.split,
      );
      return { split: inSequence(splits), byteLevel };
    }
    case "ByteLevel": {
      const prefix = booleanOf(spec.add_prefix_space, true, `${where}.add_prefix_space`);
      const cut = booleanOf(spec.use_regex, true, `${where}.use_regex`) ? fromScanner(scanGpt2) : whole;
      return { split: prefix ? withPrefixSpace(cut) : cut, byteLevel: true };
    }
    case "Split": {
      const behavior = readBehavior(spec.behavior, `${where}.behavior`);
      const invert = booleanOf(spec.invert, false, `${where}.invert`);
      const pattern = recordOf(spec.pattern, `${where}.pattern`);
      if (pattern.String !== undefined) {
        const text = stringOf(pattern.String, `${where}.pattern.String`);
        if (text === "") return { split: whole, byteLevel: false };
        return { split: splitBy(literalMatches(text), behavior, invert), byteLevel: false };
      }
      const regex = stringOf(pattern.Regex, `${where}.pattern.Regex`);
      return { split: splitByPattern(regex, behavior, invert, where), byteLevel: false };
    }
    case "Digits": {
      const individual = booleanOf(spec.individual_digits, false, `${where}.individual_digits`);
      const split = individual
        ? fromScanner(createDigitScanner(1))
        : splitBy(regexMatches(/\p{N}/gu), "Contiguous", false);
      return { split, byteLevel: false };
    }
    case "Punctuation": {
      const behavior =
        spec.behavior === undefined ? "Isolated" : readBehavior(spec.behavior, `${where}.behavior`);
      return {
        split: splitBy(regexMatches(new RegExp(PUNCTUATION_MARK, "gv")), behavior, false),
        byteLevel: false,
      };
    }
    case "Whitespace":
      return {
        split: splitBy(
          regexMatches(
            /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu,
          ),
          "Removed",
          true,
        ),
        byteLevel: false,
      };
    case "WhitespaceSplit":
      return { split: splitBy(regexMatches(/\p{White_Space}/gu), "Removed", false), byteLevel: false };
    case "BertPreTokenizer":
      return {
        split: inSequence([
          splitBy(regexMatches(/\p{White_Space}/gu), "Removed", false),
          splitBy(regexMatches(new RegExp(PUNCTUATION_MARK, "gv")), "Isolated", false),
        ]),
        byteLevel: false,
      };
    case "CharDelimiterSplit":
      return {
        split: splitBy(literalMatches(stringOf(spec.delimiter, `${where}.delimiter`)), "Removed", false),
        byteLevel: false,
      };
    case "FixedLength": {
      const length = spec.length ?? 5;
      if (typeof length !== "number" || !Number.isInteger(length) || length < 1) {
        throw new BaimoError("format", `${where}.length is ${length}, not a positive integer`);
      }
      return { split: fixedLength(length), byteLevel: false };
    }
    case "UnicodeScripts":
      return { split: splitBy(createScriptMatches(), "Removed", true), byteLevel: false };
    case "Metaspace":
      return { split: readMetaspace(spec, where), byteLevel: false };
    default:
      throw new BaimoError(
        "format",
        `${where}: pre-tokenizer of type ${JSON.stringify(type)} is not known; the tokenizer cannot be used`,
      );
  }
}

/** Cuts by a pattern in Oniguruma's dialect, with a scanner where there is one. */
export function splitByPattern(
  pattern: string,
  behavior: SplitBehavior,
  invert: boolean,
  where: string,
): PreTokenizer {
  // The scanned patterns match everything or isolate the rest: removing what is not matched is the same.
  const scanner = SCANNERS.get(pattern.replaceAll("\r", "\\r").replaceAll("\n", "\\n"));
  if (scanner && (behavior === "Isolated" || (behavior === "Removed" && invert && matchesAll(pattern)))) {
    return fromScanner(scanner);
  }
  return splitBy(patternMatches(pattern, where), behavior, invert);
}

function matchesAll(pattern: string): boolean {
  return pattern.endsWith("|\\s+") && pattern.includes("[^\\s");
}

/** Cuts by one pre-tokenizer after the other, each cutting the pieces of the one before. */
export function inSequence(splits: readonly PreTokenizer[]): PreTokenizer {
  if (splits.length === 0) return whole;
  return splits.reduceRight((next, split) => (text, start, end, first, emit) => {
    let isFirst = first;
    split(text, start, end, first, (t, s, e) => {
      if (s === e) return;
      // Where the beginning was removed, no piece is the first.
      next(t, s, e, isFirst && (t !== text || s === start), emit);
      isFirst = false;
    });
  });
}

const whole: PreTokenizer = (text, start, end, _first, emit) => emit(text, start, end);

function fromScanner(scanner: Scanner): PreTokenizer {
  return (text, start, end, _first, emit) => scanner(text, start, end, emit);
}

function withPrefixSpace(split: PreTokenizer): PreTokenizer {
  return (text, start, end, first, emit) => {
    if (text.charCodeAt(start) === 0x20) {
      split(text, start, end, first, emit);
    } else {
      const longer = ` ${text.slice(start, end)}`;
      split(longer, 0, longer.length, first, emit);
    }
  };
}

function withByteLevel(split: PreTokenizer): PreTokenizer {
  return (text, start, end, first, emit) =>
    split(text, start, end, first, (t, s, e) => {
      const mapped = toByteLevel(t.slice(s, e));
      emit(mapped, 0, mapped.length);
    });
}

function fixedLength(length: number): PreTokenizer {
  return (text, start, end, _first, emit) => {
    let from = start;
    let n = 0;
    for (let i = start; i < end; ) {
      i += (text.codePointAt(i) as number) > 0xffff ? 2 : 1;
      if (++n === length || i >= end) {
        emit(text, from, i);
        from = i;
        n = 0;
      }
    }
  };
}

function readMetaspace(spec: Record<string, unknown>, where: string): PreTokenizer {
  const replacement = stringOf(spec.replacement ?? "▁", `${where}.replacement`);
  if ([...replacement].length !== 1) {
    throw new BaimoError("format", `${where}.replacement must be one character but is ${brief(replacement)}`);
  }
  let scheme = spec.prepend_scheme ?? "always";
  if (spec.add_prefix_space === false) scheme = "never";
  if (scheme !== "always" && scheme !== "first" && scheme !== "never") {
    throw new BaimoError(
      "format",
      `${where}.prepend_scheme is ${JSON.stringify(scheme)}, not always, first or never`,
    );
  }
  const cut = booleanOf(spec.split, true, `${where}.split`);
  const pieces: PreTokenizer = cut ? splitBy(literalMatches(replacement), "MergedWithNext", false) : whole;
  return (text, start, end, first, emit) => {
    let changed = text.slice(start, end).replaceAll(" ", replacement);
    const prepend = scheme === "always" || (scheme === "first" && first);
    if (prepend && !changed.startsWith(replacement)) changed = replacement + changed;
    pieces(changed, 0, changed.length, first, emit);
  };
}

/** Applies a behaviour to the matches of a pattern (tokenizers, NormalizedString::split). */
function splitBy(matches: Matches, behavior: SplitBehavior, invert: boolean): PreTokenizer {
  if (behavior === "Isolated") {
    // Matches and gaps alike are pieces; this is the common case and runs on every word.
    return (text, start, end, _first, emit) => {
      let done = start;
      matches(text, start, end, (from, to) => {
        if (done < from) emit(text, done, from);
        if (from < to) emit(text, from, to);
        done = to;
      });
      if (done < end) emit(text, done, end);
    };
  }
  return (text, start, end, _first, emit) => {
    const give = (from: number, to: number) => {
      if (from < to) emit(text, from, to);
    };
    let pendingStart = -1; // a piece that may still grow
    let pendingEnd = -1;
    let pendingIsMatch = false;
    const flush = () => {
      if (pendingStart >= 0) give(pendingStart, pendingEnd);
      pendingStart = -1;
    };
    const hold = (from: number, to: number, isMatch: boolean) => {
      flush();
      pendingStart = from;
      pendingEnd = to;
      pendingIsMatch = isMatch;
    };
    const part = (from: number, to: number, matched: boolean) => {
      const isMatch = matched !== invert;
      switch (behavior) {
        case "Removed":
          if (!isMatch) give(from, to);
          break;
        case "Contiguous":
          if (pendingStart >= 0 && pendingIsMatch === isMatch) pendingEnd = to;
          else hold(from, to, isMatch);
          break;
        case "MergedWithPrevious":
          // A match joins what stands before it, unless that ends in a match.
          if (isMatch && pendingStart >= 0 && !pendingIsMatch) {
            pendingEnd = to;
            pendingIsMatch = true;
          } else {
            hold(from, to, isMatch);
          }
          break;
        case "MergedWithNext":
          // What follows a match joins it, unless it is a match itself.
          if (!isMatch && pendingStart >= 0 && pendingIsMatch) {
            pendingEnd = to;
            pendingIsMatch = false;
          } else {
            hold(from, to, isMatch);
          }
          break;
      }
    };
    let done = start;
    matches(text, start, end, (from, to) => {
      if (done < from) part(done, from, false);
      part(from, to, true);
      done = to;
    });
    if (done < end) part(done, end, false);
    flush();
  };
}

function readBehavior(value: unknown, where: string): SplitBehavior {
  switch (value) {
    case "Removed":
    case "Isolated":
    case "MergedWithPrevious":
    case "MergedWithNext":
    case "Contiguous":
      return value;
    default:
      throw new BaimoError("format", `${where}: split behaviour ${JSON.stringify(value)} is not known`);
  }
}
