// Parses a calculation: `share = part / sum(part); largest = first(share, 3)`.
import { BaimoError } from "../../errors.ts";
import type { Expression, Statement } from "./syntax.ts";

const LONGEST = 4000;
const DEEPEST = 64;
const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|'([^']*)'|([\p{L}_][\p{L}\p{N}_]*)|(<=|>=|<>|!=|[-+*/^<>=(),;[\]%]))/uy;

/** Signs from the loosest to the closest. */
const LEVELS = [["or"], ["and"], ["=", "!=", "<>", "<", "<=", ">", ">="], ["+", "-"], ["*", "/", "%"]];
const WORDS = ["and", "or", "not", "true", "false"];

interface Token {
  readonly kind: "number" | "string" | "name" | "sign" | "end";
  readonly text: string;
  readonly at: number;
}

/** @throws {BaimoError} `request` with the place where it is no calculation */
export function parseCalc(text: string): Statement[] {
  if (text.length > LONGEST) {
    throw new BaimoError(
      "request",
      `a calculation of ${text.length} characters; at most ${LONGEST} are read`,
    );
  }
  const tokens = tokensOf(text);
  let next = 0;
  const peek = () => tokens[next];
  const takes = (...signs: string[]): Token | undefined => {
    const token = peek();
    return token.kind !== "string" && signs.includes(token.text) ? tokens[next++] : undefined;
  };
  const expect = (sign: string) => {
    if (!takes(sign)) throw wrong(text, peek(), `"${sign}"`);
  };

  function items(end: string, depth: number): Expression[] {
    const read: Expression[] = [];
    if (takes(end)) return read;
    do read.push(binary(0, depth));
    while (takes(","));
    expect(end);
    return read;
  }

  function binary(level: number, depth: number): Expression {
    if (depth > DEEPEST) throw new BaimoError("request", `a calculation nests deeper than ${DEEPEST} levels`);
    if (level === LEVELS.length) return unary(depth);
    let left = binary(level + 1, depth);
    for (let sign = takes(...LEVELS[level]); sign; sign = takes(...LEVELS[level])) {
      left = { kind: "binary", sign: sign.text, left, right: binary(level + 1, depth), at: sign.at };
    }
    return left;
  }

  function unary(depth: number): Expression {
    if (depth > DEEPEST) throw new BaimoError("request", `a calculation nests deeper than ${DEEPEST} levels`);
    const sign = takes("-", "+", "not");
    if (sign) return { kind: "unary", sign: sign.text, of: unary(depth + 1), at: sign.at };
    const base = primary(depth + 1);
    const power = takes("^"); // from the right, and its exponent may have a sign
    return power ? { kind: "binary", sign: "^", left: base, right: unary(depth + 1), at: power.at } : base;
  }

  function primary(depth: number): Expression {
    const token = peek();
    const { at } = token;
    next++;
    if (token.kind === "number") return { kind: "literal", value: Number(token.text), at };
    if (token.kind === "string") return { kind: "literal", value: token.text, at };
    if (token.text === "true" || token.text === "false") {
      return { kind: "literal", value: token.text === "true", at };
    }
    if (token.kind === "name" && !WORDS.includes(token.text)) {
      if (takes("(")) return { kind: "call", name: token.text, items: items(")", depth), at };
      return { kind: "name", name: token.text, at };
    }
    if (token.kind === "sign" && token.text === "[") return { kind: "list", items: items("]", depth), at };
    if (token.kind !== "sign" || token.text !== "(") throw wrong(text, token, "a value");
    const inner = binary(0, depth);
    expect(")");
    return inner;
  }

  const statements: Statement[] = [];
  do {
    if (peek().kind === "end" && statements.length > 0) break;
    const named = peek().kind === "name" && !WORDS.includes(peek().text) && tokens[next + 1]?.text === "=";
    const name = named ? peek().text : "value";
    if (named) next += 2;
    if (statements.some((each) => each.name === name)) {
      throw new BaimoError("request", `the calculation gives ${name} twice`);
    }
    statements.push({ name, expression: binary(0, 0) });
  } while (takes(";"));
  if (peek().kind !== "end") throw wrong(text, peek(), `an operator or ";"`);
  return statements;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== "") {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) {
      const place = at + (/\S/.exec(text.slice(at))?.index ?? 0);
      throw wrong(
        text,
        { kind: "sign", text: text.slice(place, place + 1), at: place },
        "a value or an operator",
      );
    }
    const [whole, number, string, name, sign] = match;
    const kind =
      number !== undefined
        ? "number"
        : string !== undefined
          ? "string"
          : name !== undefined
            ? "name"
            : "sign";
    const part = number ?? string ?? name ?? sign;
    tokens.push({ kind, text: part, at: at + whole.length - part.length });
    at += whole.length;
  }
  tokens.push({ kind: "end", text: "", at: text.length });
  return tokens;
}

function wrong(text: string, { at, kind }: Token, expected: string): BaimoError {
  const found = kind === "end" ? "its end" : JSON.stringify(text.slice(at, at + 12));
  return new BaimoError(
    "request",
    `the calculation has ${found} at character ${at} where ${expected} should be`,
  );
}
