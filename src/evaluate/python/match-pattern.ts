// Matches a parsed pattern by backtracking, as Python does, within a bound of steps.
import { BaimoError } from "../../errors.ts";
import { isWord } from "./pattern-classes.ts";
import type { PatternNode } from "./pattern-tree.ts";

/** What a search works on. */
export interface Search {
  readonly text: string;
  /** Start and end of each group, -1 where it took no part. */
  groups: Int32Array;
  /** Steps that are left. */
  steps: number;
}

/** Goes on from a place; -1 where it does not match, else where the whole match ends. */
type Next = (at: number) => number;
/** Matches a node at a place, then what follows it. */
type Matcher = (search: Search, at: number, next: Next) => number;

/** Compiles a node. */
export function compileNode(node: PatternNode): Matcher {
  switch (node.kind) {
    case "character": {
      const { test } = node;
      return (search, at, next) => {
        step(search);
        const point = search.text.codePointAt(at);
        if (point === undefined || !test(point)) return -1;
        return next(at + (point > 0xffff ? 2 : 1));
      };
    }
    case "sequence":
      return sequence(node.parts.map(compileNode));
    case "either":
      return either(node.choices.map(compileNode));
    case "repeat":
      return repeat(node);
    case "group":
      return group(node.index, compileNode(node.inner));
    case "atomic":
      return atomic(compileNode(node.inner));
    case "look":
      return look(node);
    case "back":
      return back(node.index, node.ignoreCase);
    case "if": {
      const [yes, no] = [compileNode(node.yes), compileNode(node.no)];
      const { index } = node;
      return (search, at, next) => (search.groups[2 * index + 1] >= 0 ? yes : no)(search, at, next);
    }
    case "anchor": {
      const holds = ANCHORS[node.at];
      return (search, at, next) => (holds(search.text, at) ? next(at) : -1);
    }
  }
}

function step(search: Search): void {
  if (--search.steps < 0) {
    throw new BaimoError("request", "a regular expression takes too long on a text; make it less ambiguous");
  }
}

const end: Next = (at) => at;

function sequence(parts: readonly Matcher[]): Matcher {
  return parts.reduceRight<Matcher>(
    (rest, part) => (search, at, next) => part(search, at, (then) => rest(search, then, next)),
    (_search, at, next) => next(at),
  );
}

function either(choices: readonly Matcher[]): Matcher {
  return (search, at, next) => {
    for (const choice of choices) {
      const kept = search.groups;
      const found = choice(search, at, next);
      if (found >= 0) return found;
      search.groups = kept;
    }
    return -1;
  };
}

function repeat(node: PatternNode & { kind: "repeat" }): Matcher {
  const { least, most, mode, inner } = node;
  if (mode === "possessive") return atomic(repeat({ ...node, mode: "greedy" }));
  if (inner.kind === "character") return repeatCharacter(inner.test, least, most, mode === "lazy");
  const one = compileNode(inner);
  /** last  where the repetition before began: at one place no two begin beyond the least count */
  const more = (search: Search, at: number, count: number, last: number, next: Next): number => {
    step(search);
    const again = (): number => {
      if (count >= most || (count >= least && at === last)) return -1;
      const kept = search.groups;
      const found = one(search, at, (then) => more(search, then, count + 1, at, next));
      if (found < 0) search.groups = kept;
      return found;
    };
    if (count < least) return again();
    if (mode === "lazy") {
      const kept = search.groups;
      const found = next(at);
      if (found >= 0) return found;
      search.groups = kept;
      return again();
    }
    const found = again();
    return found >= 0 ? found : next(at);
  };
  return (search, at, next) => more(search, at, 0, -1, next);
}

function repeatCharacter(
  test: (point: number) => boolean,
  least: number,
  most: number,
  lazy: boolean,
): Matcher {
  return (search, at, next) => {
    const { text } = search;
    let to = at;
    let count = 0;
    const take = (): boolean => {
      const point = text.codePointAt(to);
      if (count >= most || point === undefined || !test(point)) return false;
      to += point > 0xffff ? 2 : 1;
      count++;
      step(search);
      return true;
    };
    while (count < least) if (!take()) return -1;
    const kept = search.groups;
    if (lazy) {
      for (;;) {
        const found = next(to);
        if (found >= 0) return found;
        search.groups = kept;
        if (!take()) return -1;
      }
    }
    const lowest = to;
    while (take());
    for (;;) {
      step(search);
      const found = next(to);
      if (found >= 0) return found;
      search.groups = kept;
      if (to <= lowest) return -1;
      to -= to >= 2 && (text.codePointAt(to - 2) as number) > 0xffff ? 2 : 1;
    }
  };
}

function group(index: number, inner: Matcher): Matcher {
  return (search, at, next) =>
    inner(search, at, (then) => {
      const outer = search.groups;
      search.groups = outer.slice();
      search.groups[2 * index] = at;
      search.groups[2 * index + 1] = then;
      const found = next(then);
      if (found < 0) search.groups = outer;
      return found;
    });
}

function atomic(inner: Matcher): Matcher {
  return (search, at, next) => {
    const then = inner(search, at, end);
    return then < 0 ? -1 : next(then);
  };
}

function look(node: PatternNode & { kind: "look" }): Matcher {
  const inner = compileNode(node.inner);
  const width = node.behind ? widthOf(node.inner) : 0;
  return (search, at, next) => {
    const kept = search.groups;
    const from = node.behind ? stepBack(search.text, at, width) : at;
    const found =
      from >= 0 && inner(search, from, node.behind ? (then) => (then === at ? then : -1) : end) >= 0;
    if (found === node.negated) {
      search.groups = kept;
      return -1;
    }
    if (node.negated) search.groups = kept;
    return next(at);
  };
}

function stepBack(text: string, at: number, width: number): number {
  let from = at;
  for (let i = 0; i < width && from >= 0; i++) {
    from -= from >= 2 && (text.codePointAt(from - 2) as number) > 0xffff ? 2 : 1;
  }
  return from;
}

/** How many characters a node takes, which Python must know of what stands behind. */
function widthOf(node: PatternNode): number {
  const vary = (): never => {
    throw new BaimoError("format", "a regular expression looks behind at what has no fixed width");
  };
  switch (node.kind) {
    case "character":
      return 1;
    case "sequence":
      return node.parts.reduce((sum, part) => sum + widthOf(part), 0);
    case "either": {
      const [first, ...others] = node.choices.map(widthOf);
      return others.every((width) => width === first) ? first : vary();
    }
    case "repeat":
      return node.least === node.most ? node.least * widthOf(node.inner) : vary();
    case "group":
    case "atomic":
      return widthOf(node.inner);
    case "look":
    case "anchor":
      return 0;
    default:
      return vary();
  }
}

function back(index: number, ignoreCase: boolean): Matcher {
  const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text);
  return (search, at, next) => {
    step(search);
    const [from, to] = search.groups.subarray(2 * index, 2 * index + 2);
    if (to < 0) return -1;
    const then = at + to - from;
    return fold(search.text.slice(at, then)) === fold(search.text.slice(from, to)) ? next(then) : -1;
  };
}

const before = (text: string, at: number) => text.codePointAt(stepBack(text, at, 1));
const isBoundary = (text: string, at: number): boolean => {
  const left = at > 0 && isWord(before(text, at) as number);
  const right = at < text.length && isWord(text.codePointAt(at) as number);
  return left !== right;
};
const ANCHORS: Readonly<
  Record<(PatternNode & { kind: "anchor" })["at"], (text: string, at: number) => boolean>
> = {
  start: (_text, at) => at === 0,
  end: (text, at) => at === text.length,
  lineStart: (text, at) => at === 0 || text[at - 1] === "\n",
  lineEnd: (text, at) => at === text.length || text[at] === "\n",
  lastLine: (text, at) => at === text.length || (at === text.length - 1 && text[at] === "\n"),
  word: isBoundary,
  // Python finds no boundary, and no place without one, in an empty text.
  noWord: (text, at) => text.length > 0 && !isBoundary(text, at),
};
