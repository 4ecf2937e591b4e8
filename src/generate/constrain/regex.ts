// Regular expressions to finite automata: positions (Thompson 1968), then sets of positions.
import { BaimoError } from "../../errors.ts";
import { anyChar, type CharSet, complementOf, intersectionOf, wordChars } from "./char-sets.ts";
import type { DfaState, Language, Languages } from "./dfa.ts";
import { minimised, type RawState } from "./dfa-states.ts";
import { anyText, type Pattern, parseRegex } from "./regex-parser.ts";

/**
 * The texts that an expression matches.
 *
 * whole  the expression must match all of the text; else it may match anywhere in it, as JSON Schema's `pattern` does
 * @throws {BaimoError} `request` for what is no expression or cannot be enforced: back references, look-behind, flags
 */
export function languageOfRegex(source: string, languages: Languages, options: { whole: boolean }): Language {
  return languages.made(source, () => matching(source, languages, options));
}

function matching(source: string, languages: Languages, options: { whole: boolean }): Language {
  const pattern = parseRegex(source, languages.budget.limits.depth);
  if (!hasAhead(pattern)) {
    const whole: Pattern = options.whole ? pattern : { kind: "sequence", parts: [anyText, pattern, anyText] };
    return languageOfPattern(whole, languages);
  }
  const anchored = pattern.kind === "sequence" && isStart(pattern.parts[0]);
  if (!options.whole && !anchored) {
    throw new BaimoError(
      "request",
      `regex: look-ahead in ${JSON.stringify(source)} needs an expression that begins with ^`,
    );
  }
  const rest = anchored ? { kind: "sequence" as const, parts: pattern.parts.slice(1) } : pattern;
  return before(rest, options.whole ? languages.of([""]) : languages.all, languages);
}

/** The language of a pattern without look-ahead and without rules. */
export function languageOfPattern(pattern: Pattern, languages: Languages): Language {
  return languages.made("pattern", () => follow(pattern, languages.of([""]), languages));
}

const isStart = (pattern: Pattern | undefined) => pattern?.kind === "assert" && pattern.what === "start";

function hasAhead(pattern: Pattern): boolean {
  if (pattern.kind === "ahead") return true;
  if (pattern.kind === "repeat") return hasAhead(pattern.part);
  return (pattern.kind === "sequence" || pattern.kind === "choice") && pattern.parts.some(hasAhead);
}

/** Texts of which the first part matches the pattern and the rest is in `rest`; look-ahead sees both. */
function before(pattern: Pattern, rest: Language, languages: Languages): Language {
  if (!hasAhead(pattern)) {
    if (pattern.kind === "assert" && pattern.what === "end") return languages.and(rest, languages.of([""]));
    if (pattern.kind === "sequence") {
      return pattern.parts.reduceRight((after, part) => before(part, after, languages), rest);
    }
    return follow(pattern, rest, languages);
  }
  switch (pattern.kind) {
    case "sequence":
      return pattern.parts.reduceRight((after, part) => before(part, after, languages), rest);
    case "choice":
      return pattern.parts.reduce<Language>(
        (all, part) => languages.or(all, before(part, rest, languages)),
        null,
      );
    case "ahead": {
      const seen = before(pattern.part, languages.all, languages);
      return pattern.negative ? languages.minus(rest, seen) : languages.and(rest, seen);
    }
    default:
      throw new BaimoError(
        "request",
        "regex: a repeated group with look-ahead is not supported; write it out",
      );
  }
}

/** A position of the automaton before it is made deterministic. */
interface Position {
  empty: number[];
  asserts: { what: string; target: number }[];
  chars: { chars: CharSet; target: number }[];
}

/** The pattern, then a text of `rest`. */
function follow(pattern: Pattern, rest: Language, languages: Languages): Language {
  if (!rest) return null;
  const positions: Position[] = [];
  const accepting = new Set<number>();
  const add = () => {
    languages.budget.checkStates(positions.length);
    languages.budget.spend(1);
    return positions.push({ empty: [], asserts: [], chars: [] }) - 1;
  };
  const start = add();
  const end = addPattern(pattern, start);
  const ends = addLanguage(rest);
  positions[end].empty.push(ends);
  return determine(positions, start, accepting, languages);

  /** Adds the pattern from a position on and returns the position after it. */
  function addPattern(part: Pattern, from: number): number {
    switch (part.kind) {
      case "chars": {
        const to = add();
        positions[from].chars.push({ chars: part.chars, target: to });
        return to;
      }
      case "assert": {
        const to = add();
        positions[from].asserts.push({ what: part.what, target: to });
        return to;
      }
      case "sequence":
        return part.parts.reduce((at, each) => addPattern(each, at), from);
      case "choice": {
        const to = add();
        for (const each of part.parts) {
          const branch = add();
          positions[from].empty.push(branch);
          positions[addPattern(each, branch)].empty.push(to);
        }
        return to;
      }
      case "repeat": {
        let at = from;
        for (let i = 0; i < part.least; i++) at = addPattern(part.part, at);
        const to = add();
        if (part.most === Number.POSITIVE_INFINITY) {
          const loop = add();
          positions[at].empty.push(loop);
          positions[addPattern(part.part, loop)].empty.push(loop);
          positions[loop].empty.push(to);
          return to;
        }
        for (let i = part.least; i < part.most; i++) {
          positions[at].empty.push(to);
          at = addPattern(part.part, at);
        }
        positions[at].empty.push(to);
        return to;
      }
      default:
        throw new BaimoError("request", `regex: ${part.kind} cannot stand here`);
    }
  }

  function addLanguage(language: DfaState): number {
    const known = new Map<DfaState, number>([[language, add()]]);
    for (const [state, at] of known) {
      if (state.accepts) accepting.add(at);
      for (const { low, high, target } of state.edges) {
        if (!known.has(target)) known.set(target, add());
        positions[at].chars.push({ chars: [low, high], target: known.get(target)! });
      }
    }
    return known.get(language)!;
  }
}

/** What stands before or after a place: the edge of the text, a word character, or another. */
type Side = "edge" | "word" | "other";

/** Makes positions deterministic; assertions are decided by the character before and the one after. */
function determine(
  positions: Position[],
  start: number,
  accepting: Set<number>,
  languages: Languages,
): Language {
  const all = positions.flatMap(({ asserts }) => asserts.map(({ what }) => what));
  const words = all.some((what) => what.includes("boundary"));
  const sides = all.length > 0;
  const kinds: { side: Side; chars: CharSet }[] = words
    ? [
        { side: "word", chars: wordChars },
        { side: "other", chars: complementOf(wordChars) },
      ]
    : [{ side: "other", chars: anyChar }];

  const sets: { members: number[]; before: Side }[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (members: number[], side: Side) => {
    const key = `${sides ? side : ""}:${members.join()}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = sets.push({ members, before: side }) - 1;
      numbers.set(key, number);
      languages.budget.checkStates(sets.length);
    }
    return number;
  };
  numberOf([start], "edge");
  const states: RawState[] = [];
  for (const { members, before } of sets) {
    const moves: { chars: CharSet; target: number; side: Side }[] = [];
    for (const { side, chars } of kinds) {
      const closed = closure(positions, members, before, side);
      languages.budget.spend(closed.length);
      for (const position of closed) {
        for (const move of positions[position].chars) {
          const set = words ? intersectionOf(move.chars, chars) : move.chars;
          moves.push({ chars: set, target: move.target, side });
        }
      }
    }
    const edges = split(moves).map(({ low, high, targets, side }) => ({
      low,
      high,
      target: numberOf(targets, side),
    }));
    const accepts = closure(positions, members, before, "edge").some((position) => accepting.has(position));
    states.push({ accepts, edges });
  }
  return languages.add(minimised(states));
}

/** The positions that are reached without reading anything. */
function closure(positions: Position[], members: number[], before: Side, after: Side): number[] {
  const found = new Set(members);
  for (const position of found) {
    for (const target of positions[position].empty) found.add(target);
    for (const { what, target } of positions[position].asserts) {
      const boundary = (before === "word") !== (after === "word");
      const holds =
        what === "start"
          ? before === "edge"
          : what === "end"
            ? after === "edge"
            : boundary === (what === "boundary");
      if (holds) found.add(target);
    }
  }
  return [...found];
}

/** Cuts ranges so that each has one set of targets. */
function split(moves: { chars: CharSet; target: number; side: Side }[]) {
  const events: { at: number; opens: boolean; target: number; side: Side }[] = [];
  for (const { chars, target, side } of moves) {
    for (let i = 0; i < chars.length; i += 2) {
      events.push({ at: chars[i], opens: true, target, side });
      events.push({ at: chars[i + 1] + 1, opens: false, target, side });
    }
  }
  events.sort((a, b) => a.at - b.at);
  const open = new Map<number, number>();
  const ranges: { low: number; high: number; targets: number[]; side: Side }[] = [];
  let side: Side = "other";
  for (let i = 0; i < events.length; ) {
    const { at } = events[i];
    for (; i < events.length && events[i].at === at; i++) {
      const { target, opens } = events[i];
      const count = (open.get(target) ?? 0) + (opens ? 1 : -1);
      if (count === 0) open.delete(target);
      else open.set(target, count);
      if (opens) side = events[i].side;
    }
    if (open.size === 0 || i >= events.length) continue;
    ranges.push({ low: at, high: events[i].at - 1, targets: [...open.keys()].sort((a, b) => a - b), side });
  }
  return ranges;
}
