// The tree of a translated pattern: of what regex.ts writes, and of no other regular expression.

/** A part of a pattern. */
export type PatternNode =
  /** One character of a class; those with the same source are the same. `only`: the one that the class has. */
  | { kind: "class"; source: string; has: (character: string) => boolean; only?: string }
  | { kind: "sequence"; parts: PatternNode[] }
  /** The first that fits. */
  | { kind: "either"; choices: PatternNode[] }
  | { kind: "repeat"; inner: PatternNode; least: number; most: number; lazy: boolean }
  /** What must follow or go before, or must not. */
  | { kind: "look"; inner: PatternNode; behind: boolean; negated: boolean }
  /** What is not tried in another way once it has matched. */
  | { kind: "atomic"; inner: PatternNode };

const QUANTIFIER = /[*+?]|\{(\d+)(,?)(\d*)\}/y;
const ESCAPE = /\\(?:[pPu]\{[^}]+\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/y;
const LITERAL = /^\\u\{([0-9a-f]+)\}$/;
const LOOK = /\(\?(<?)([=!])/y;
const ATOMIC = /\(\?:\(\?=\(\?<(atomic\d+)>/y;

/** Parses the source that `compileOniguruma` makes. */
export function parseTranslated(source: string): PatternNode {
  let at = 0;
  const take = (sticky: RegExp): RegExpExecArray | null => {
    sticky.lastIndex = at;
    const match = sticky.exec(source);
    if (match) at += match[0].length;
    return match;
  };
  const skip = (text: string): boolean => {
    const there = source.startsWith(text, at);
    if (there) at += text.length;
    return there;
  };

  const either = (): PatternNode => {
    const choices = [sequence()];
    while (skip("|")) choices.push(sequence());
    return choices.length === 1 ? choices[0] : { kind: "either", choices };
  };

  const sequence = (): PatternNode => {
    const parts: PatternNode[] = [];
    while (at < source.length && source[at] !== "|" && source[at] !== ")") {
      const part = quantified();
      if (part.kind === "sequence") for (const inner of part.parts) parts.push(inner);
      else parts.push(part);
    }
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  };

  const quantified = (): PatternNode => {
    const inner = atom();
    const match = take(QUANTIFIER);
    if (!match) return inner;
    const [quantifier, low, comma, high] = match;
    const unbounded = quantifier === "*" || quantifier === "+" || (comma === "," && high === "");
    const least = low === undefined ? Number(quantifier === "+") : Number(low);
    const bound = low === undefined ? 1 : Number(comma === "," ? high : low);
    const most = unbounded ? Number.POSITIVE_INFINITY : bound;
    return { kind: "repeat", inner, least, most, lazy: skip("?") };
  };

  const atom = (): PatternNode => {
    const atomic = take(ATOMIC);
    if (atomic) {
      const inner = either();
      skip(`))\\k<${atomic[1]}>)`);
      return { kind: "atomic", inner };
    }
    const look = take(LOOK);
    if (look) return { kind: "look", inner: closed(), behind: look[1] === "<", negated: look[2] === "!" };
    if (skip("(?:")) return closed();
    return classOf(source[at] === "[" ? characterClass() : character());
  };

  const closed = (): PatternNode => {
    const inner = either();
    skip(")");
    return inner;
  };

  const character = (): string => take(ESCAPE)?.[0] ?? source[at++];

  const characterClass = (): string => {
    const start = at;
    let depth = 0;
    do {
      if (source[at] === "[") depth++;
      else if (source[at] === "]") depth--;
      if (!take(ESCAPE)) at++;
    } while (depth > 0);
    return source.slice(start, at);
  };

  return either();
}

function classOf(source: string): PatternNode {
  const literal = LITERAL.exec(source);
  if (literal) {
    const only = String.fromCodePoint(Number.parseInt(literal[1], 16));
    return { kind: "class", source, has: (character) => character === only, only };
  }
  const test = new RegExp(`^${source}$`, "v");
  return { kind: "class", source, has: (character) => test.test(character) };
}
