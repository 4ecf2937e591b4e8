// A backtracking matcher that counts its steps, so that no pattern can hang it.

import { BaimoError } from "../../errors.ts";
import { refuseSteps, stepLimit } from "../limits.ts";
import { type CharacterSet, createCharacterSet } from "./character-set.ts";
import type { Matches } from "./class-patterns.ts";
import { cannotFail, countNodes, firstCharacter, mayBeEmpty, mayBegin, widthOf } from "./regex-facts.ts";
import type { PatternNode } from "./regex-tree.ts";

/** Goes on from a place in the text: the end of the match, or -1. */
type Next = (at: number) => number;

type Class = PatternNode & { kind: "class" };
type Either = PatternNode & { kind: "either" };
type Look = PatternNode & { kind: "look" };
type Repeat = PatternNode & { kind: "repeat" };

// Long patterns may take more steps at a character, up to a bound.
const NODES_A_SHARE = 16;
const MAX_SHARES = 8;
/** Characters of which a part knows whether it may begin with them; at all others it is tried. */
const MAX_KNOWN = 10_000;
const AT_END = -1;

const itself: Next = (at) => at;

/** The matches of a pattern. They throw {BaimoError} `request` for a text that takes too many steps. */
export function countedMatches(tree: PatternNode, where: string): Matches {
  const shares = Math.min(MAX_SHARES, Math.ceil(countNodes(tree) / NODES_A_SHARE));
  let text = "";
  let end = 0;
  let steps = 0; // that are left

  const spend = (count: number) => {
    steps -= count;
    if (steps < 0) refuseSteps(where);
  };

  const sets = new Map<string, CharacterSet>();
  const setOf = ({ source, has, only }: Class): CharacterSet => {
    if (only !== undefined) return (text, at) => (text.startsWith(only, at) ? only.length : 0);
    const known = sets.get(source) ?? createCharacterSet(has);
    sets.set(source, known);
    return known;
  };

  /** `sure` says that `next` finds a match wherever it begins, so that nothing need be tried in another way. */
  const compile = (node: PatternNode, next: Next, sure: boolean): Next => {
    switch (node.kind) {
      case "class": {
        const widthAt = setOf(node);
        return (at) => {
          spend(1);
          const width = at < end ? widthAt(text, at) : 0;
          return width > 0 ? next(at + width) : -1;
        };
      }
      case "sequence": {
        let after = next;
        let isSure = sure;
        for (const part of node.parts.toReversed()) {
          after = compile(part, after, isSure);
          isSure = isSure && cannotFail(part);
        }
        return after;
      }
      case "either":
        return either(node, next, sure);
      case "atomic": {
        const inner = compile(node.inner, itself, true);
        return (at) => {
          const stop = inner(at);
          return stop < 0 ? -1 : next(stop);
        };
      }
      case "look":
        return node.behind ? lookBehind(node, next) : lookAhead(node, next);
      case "repeat":
        if (node.inner.kind === "class") return run(node, node.inner, next);
        return sure && node.least <= 1 && !node.lazy ? sureLoop(node, next) : loop(node, next);
    }
  };

  const either = ({ choices }: Either, next: Next, sure: boolean): Next => {
    const all = choices.map((choice) => compile(choice, next, sure));
    const mayMatch = (choice: PatternNode, point: number) =>
      mayBeEmpty(choice) || (point !== AT_END && mayBegin(choice, String.fromCodePoint(point)));
    const known = new Map<number, Next[]>(); // by the character that stands there: the choices that may match
    return (at) => {
      spend(1);
      const point = at < end ? (text.codePointAt(at) as number) : AT_END;
      let possible = known.get(point);
      if (!possible) {
        const isFull = known.size >= MAX_KNOWN;
        possible = isFull ? all : all.filter((_, i) => mayMatch(choices[i], point));
        if (!isFull) known.set(point, possible);
      }
      for (const go of possible) {
        const stop = go(at);
        if (stop >= 0) return stop;
      }
      return -1;
    };
  };

  const lookAhead = ({ inner, negated }: Look, next: Next): Next => {
    const ahead = compile(inner, itself, true);
    return (at) => (ahead(at) >= 0 === negated ? -1 : next(at));
  };

  const lookBehind = ({ inner, negated }: Look, next: Next): Next => {
    let target = 0;
    const behind = compile(inner, (at) => (at === target ? at : -1), false);
    const [narrowest, widest] = widthOf(inner);
    return (at) => {
      const outer = target;
      target = at;
      let found = false;
      for (let width = narrowest; !found && width <= widest && width <= at; width++) {
        spend(1);
        found = behind(at - width) >= 0;
      }
      target = outer;
      return found === negated ? -1 : next(at);
    };
  };

  /** A class again and again. */
  const run = ({ least, most, lazy }: Repeat, inner: Class, next: Next): Next => {
    const widthAt = setOf(inner);
    if (lazy) {
      return (start) => {
        for (let at = start, n = 0; ; n++) {
          const stop = n >= least ? next(at) : -1;
          if (stop >= 0) return stop;
          spend(1);
          const width = n < most && at < end ? widthAt(text, at) : 0;
          if (width === 0) return -1;
          at += width;
        }
      };
    }
    return (start) => {
      let at = start;
      let n = 0;
      while (n < most && at < end) {
        const width = widthAt(text, at);
        if (width === 0) break;
        at += width;
        n++;
      }
      spend(n + 1);
      for (; n >= least; n--) {
        const stop = next(at);
        if (stop >= 0) return stop;
        spend(1);
        at -= at - 2 >= start && isPair(text, at - 2) ? 2 : 1;
      }
      return -1;
    };
  };

  /** Anything else again and again, where the longest way is sure to be the one. */
  const sureLoop = ({ inner, least, most }: Repeat, next: Next): Next => {
    const body = compile(inner, itself, true);
    return (start) => {
      let at = start;
      let n = 0;
      for (let from = -1; n < most && at !== from; n++) {
        spend(1);
        const stop = body(at);
        if (stop < 0) break;
        from = at;
        at = stop;
      }
      return n < least ? -1 : next(at);
    };
  };

  /** Anything else again and again; an iteration that takes nothing is the last, as in Oniguruma. */
  const loop = ({ inner, least, most, lazy }: Repeat, next: Next): Next => {
    let done = 0; // iterations
    let from = -1; // where the last one began
    /** Runs a step with its own count, and brings back the count of what goes on around it. */
    const within = (step: Next, at: number, iterations: number, start: number): number => {
      const [oldDone, oldFrom] = [done, from];
      [done, from] = [iterations, start];
      const stop = step(at);
      [done, from] = [oldDone, oldFrom];
      return stop;
    };
    const again: Next = (at) => (done < most ? within(body, at, done + 1, at) : -1);
    const leave: Next = (at) => (done >= least ? within(next, at, done, from) : -1);
    const decide: Next = (at) => {
      spend(1);
      if (at === from && done >= least) return leave(at);
      const stop = lazy ? leave(at) : again(at);
      if (stop >= 0) return stop;
      return lazy ? again(at) : leave(at);
    };
    const body = compile(inner, (at) => within(decide, at, done, from), false);
    return (at) => within(decide, at, 0, -1);
  };

  const match = compile(tree, itself, true);
  const isAnywhere = mayBeEmpty(tree);
  let asked = 0;
  const beginning = createCharacterSet((character) => ++asked > MAX_KNOWN || mayBegin(tree, character));
  const first = firstCharacter(tree);
  /** The first place from `at` on where a match may begin, or the end. */
  const nextBeginning = (at: number): number => {
    if (first !== undefined) {
      const found = text.indexOf(first, at);
      return found < 0 ? end : found;
    }
    let place = at;
    while (place < end && beginning(text, place) === 0) place++;
    return place;
  };

  return (whole, start, stop, onMatch) => {
    // The piece is a text of its own.
    const own = start === 0 && stop === whole.length ? whole : whole.slice(start, stop);
    if (own === "") return;
    let left = stepLimit(own.length) * shares;
    let last = -1; // where the last match ends
    for (let at = 0; at <= own.length; ) {
      // What is told of a match may run this pattern again.
      [text, end, steps] = [own, own.length, left];
      if (!isAnywhere) {
        at = nextBeginning(at);
        if (at === end) return;
      }
      const to = guarded(match, at, where);
      left = steps;
      // An empty match directly after another does not count (Rust's onig, find_iter).
      if (to > at || (to === at && to !== last)) onMatch(start + at, start + to);
      if (to >= 0) last = to;
      at = to > at ? to : at + (isPair(own, at) ? 2 : 1);
    }
  };
}

/** One match, whose recursion may be deeper than the stack. */
function guarded(match: Next, at: number, where: string): number {
  try {
    return match(at);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BaimoError(
      "request",
      `${where}: this text repeats a group of the pattern too often; give a shorter text`,
      { cause: error },
    );
  }
}

const isPair = (text: string, at: number): boolean =>
  (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
