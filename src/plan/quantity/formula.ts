// Formulas as text and as functions: what is shown is what is computed.
import { BaimoError } from "../../errors.ts";
import { erlangC, fewestServers } from "./erlang.ts";

/** A formula of n inputs, as a function of their values in the order of their names. */
export type Compiled = (values: ArrayLike<number>) => number;

const functions: Readonly<Record<string, { readonly inputs: number; of(...values: number[]): number }>> = {
  min: { inputs: 2, of: Math.min },
  max: { inputs: 2, of: Math.max },
  ceil: { inputs: 1, of: Math.ceil },
  floor: { inputs: 1, of: Math.floor },
  sqrt: { inputs: 1, of: Math.sqrt },
  ln: { inputs: 1, of: Math.log },
  exp: { inputs: 1, of: Math.exp },
  /** What is above 0, else no number. */
  positive: { inputs: 1, of: (x) => (x > 0 ? x : Number.NaN) },
  /** The probability of waiting: servers, offered load. */
  erlangC: { inputs: 2, of: erlangC },
  /** The fewest servers: arrivals, service rate, the share of requests that waits no longer than the limit, the limit. */
  fewestServers: { inputs: 4, of: fewestServers },
};

/** Those of some inputs that a formula names. */
export function inputsIn<T>(formula: string, all: Readonly<Record<string, T>>): Record<string, T> {
  const words = new Set(formula.match(/[A-Za-z]\w*/g));
  return Object.fromEntries(Object.entries(all).filter(([name]) => words.has(name)));
}

/** Names that a formula may not give to its inputs. */
const isFunction = (word: string) => Object.hasOwn(functions, word);

/**
 * Compiles a formula: + - * / ^, parentheses, the functions above, names, and of numbers only 0 and 1. Every other number
 * is an input with a name and a source, so that no constant is bare.
 *
 * text   "flops / (secondsPerHour * peak * mfu)"
 * names  of the inputs; each must occur
 * @throws {BaimoError} `request` for a formula that cannot be read
 */
export function compileFormula(text: string, names: readonly string[]): Compiled {
  const key = `${text}|${names.join()}`;
  const known = compiledBefore.get(key);
  if (known) return known;
  const compiled = parseFormula(text, names);
  compiledBefore.set(key, compiled);
  return compiled;
}

/** A memo; formulas come from this library's code alone, so it stays small. */
const compiledBefore = new Map<string, Compiled>();

function parseFormula(text: string, names: readonly string[]): Compiled {
  const tokens = text.match(/[A-Za-z]\w*|\d+(?:\.\d+)?|[-+*/^(),]|\S/g) ?? [];
  const used = new Set<string>();
  let at = 0;
  const fail = (expected: string): never => {
    const found = tokens[at] ?? "the end";
    throw new BaimoError("request", `formula "${text}": expected ${expected}, found ${found}`);
  };
  const take = (token: string) => {
    const isNext = tokens[at] === token;
    if (isNext) at++;
    return isNext;
  };
  const need = (token: string) => void (take(token) || fail(`"${token}"`));

  function sum(): Compiled {
    let left = product();
    for (;;) {
      const [a, sign] = [left, tokens[at]];
      if (take("+")) left = joined(a, product(), (x, y) => x + y);
      else if (sign === "-" && take("-")) left = joined(a, product(), (x, y) => x - y);
      else return left;
    }
  }
  function product(): Compiled {
    let left = power();
    for (;;) {
      const a = left;
      if (take("*")) left = joined(a, power(), (x, y) => x * y);
      else if (take("/")) left = joined(a, power(), (x, y) => x / y);
      else return left;
    }
  }
  function power(): Compiled {
    if (take("-")) return joined(constant(0), power(), (x, y) => x - y);
    const base = atom();
    return take("^") ? joined(base, power(), (x, y) => x ** y) : base;
  }
  function atom(): Compiled {
    if (take("(")) {
      const inner = sum();
      need(")");
      return inner;
    }
    const word = tokens[at] ?? "";
    if (word === "0" || word === "1") {
      at++;
      return constant(Number(word));
    }
    if (!/^[A-Za-z]/.test(word)) return fail("a name, 0, 1 or (");
    if (isFunction(word) && tokens[at + 1] === "(") return callOf(word);
    const index = names.indexOf(word);
    if (index < 0) return fail(`one of ${names.join(", ")}`);
    at++;
    used.add(word);
    return (values) => values[index];
  }
  function callOf(word: string): Compiled {
    const { inputs, of } = functions[word];
    at += 2;
    const given = [sum()];
    while (given.length < inputs) {
      need(",");
      given.push(sum());
    }
    need(")");
    if (inputs === 1) return (values) => of(given[0](values));
    return (values) => of(...given.map((each) => each(values)));
  }

  const compiled = sum();
  if (at < tokens.length) fail("an operator or the end");
  const idle = names.find((name) => !used.has(name));
  if (idle !== undefined) throw new BaimoError("request", `formula "${text}" has no ${idle}`);
  return compiled;
}

const constant =
  (value: number): Compiled =>
  () =>
    value;
const joined =
  (a: Compiled, b: Compiled, of: (x: number, y: number) => number): Compiled =>
  (values) =>
    of(a(values), b(values));
