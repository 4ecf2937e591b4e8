// Finds the matches of a tokenizer's pattern, in a way that cannot hang.

import { classMatches, type Matches } from "./class-patterns.ts";
import { compileOniguruma } from "./regex.ts";
import { countedMatches } from "./regex-matcher.ts";
import { parseTranslated } from "./regex-tree.ts";

/**
 * The matches of a pattern in Oniguruma's dialect. They throw {BaimoError} `request` for a text that takes too many steps.
 *
 * The runtime's own engine could hang on them, and even linear patterns take it longer where classes are Unicode's.
 * @throws {BaimoError} `format` for a pattern that has no translation
 */
export function patternMatches(pattern: string, where: string): Matches {
  return (
    classMatches(pattern, where) ??
    countedMatches(parseTranslated(compileOniguruma(pattern, where).source), where)
  );
}

/** Matches of a literal text. */
export function literalMatches(needle: string): Matches {
  return (text, start, end, onMatch) => {
    for (let at = start; ; ) {
      const found = text.indexOf(needle, at);
      if (found < 0 || found + needle.length > end) return;
      at = found + needle.length;
      onMatch(found, at);
    }
  };
}

/** Matches of a pattern that is known to take time in proportion to the text. */
export function regexMatches(regex: RegExp): Matches {
  return (text, start, end, onMatch) => {
    // The piece is a text of its own: what lies around it must not be seen by lookaheads.
    const own = start === 0 && end === text.length ? text : text.slice(start, end);
    const offset = own === text ? 0 : start;
    if (own === "") return;
    let last = -1; // where the last match ends
    for (let at = 0; at <= own.length; ) {
      regex.lastIndex = at;
      const match = regex.exec(own);
      if (match === null) return;
      const from = match.index;
      const to = from + match[0].length;
      // An empty match cuts without taking anything; directly after a match it does not count (Rust's onig, find_iter).
      if (to > from || from !== last) onMatch(offset + from, offset + to);
      at = to > from ? to : to + ((own.codePointAt(to) ?? 0) > 0xffff ? 2 : 1);
      last = to;
    }
  };
}
