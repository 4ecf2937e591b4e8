// Numbers as languages of their JSON texts: bounds, multiples, integers, single values.
import { BaimoError } from "../../errors.ts";
import type { Language, Languages } from "./dfa.ts";
import type { RawState } from "./dfa-states.ts";
import { languageOfRegex } from "./regex.ts";

/*
 * Texts are compared as decimals, validators compare doubles. Rounding keeps order, so that inclusive bounds agree; an
 * exclusive bound is the inclusive one of the next double. Digits are limited so that no text becomes infinite.
 */

/** Digits as JSON has them, 1 to 20 before the point and up to 17 after it. */
const PLAIN = "-?(?:0|[1-9]\\d{0,19})(?:\\.\\d{1,17})?";
/** The same with an exponent that keeps the number finite. */
const EXPONENT = "-?\\d(?:\\.\\d{1,17})?[eE](?:-\\d{1,3}|\\+?(?:\\d{1,2}|[12]\\d{2}|30[0-7]))";
/** So few digits that two of them are never the same double, and products stay exact. */
const EXACT = "-?(?:0|[1-9]\\d{0,14})(?:\\.\\d{1,17})?";
const SHORT = "-?(?:0|[1-9]\\d{0,6})(?:\\.\\d{1,8})?";
const INTEGER = "-?(?:0|[1-9]\\d{0,19})(?:\\.0{1,17})?";
/** One spelling for each value. */
const CANONICAL = "0|-?(?:[1-9]\\d{0,19}(?:\\.\\d{0,16}[1-9])?|0\\.\\d{0,16}[1-9])";

/** Plain texts of which no two of different values are the same double. */
const DISTINCT = `-?(?:0|[1-9]\\d{0,14})(?:\\.0{1,8})?|${SHORT}`;

/** The languages of numbers that one compiler needs, each made once. */
export class Numbers {
  #languages: Languages;
  #made = new Map<string, Language>();

  constructor(languages: Languages) {
    this.#languages = languages;
  }

  #regex(source: string): Language {
    let made = this.#made.get(source);
    if (made === undefined) {
      made = languageOfRegex(source, this.#languages, { whole: true });
      this.#made.set(source, made);
    }
    return made;
  }

  /** Any number. */
  get any(): Language {
    return this.#regex(`${PLAIN}|${EXPONENT}`);
  }

  /** 1.0 is one, too. */
  get integer(): Language {
    return this.#regex(INTEGER);
  }

  /** Numbers of few digits, no two of which are the same double. */
  get short(): Language {
    return this.#regex(SHORT);
  }

  get notInteger(): Language {
    return this.#languages.minus(this.short, this.integer);
  }

  /** Numbers whose equality can be told. */
  get distinct(): Language {
    return this.#regex(DISTINCT);
  }

  /** One text for each value, to count values. */
  get canonical(): Language {
    return this.#regex(CANONICAL);
  }

  /** All spellings of a value, without exponent. */
  spellings(value: number): Language {
    const { negative, digits, scale } = decimalOf(value);
    const padded = digits.padStart(scale + 1, "0");
    const whole = padded.slice(0, padded.length - scale);
    const fraction = padded.slice(padded.length - scale);
    const sign = value === 0 ? "-?" : negative ? "-" : "";
    const zeros = scale > 0 ? `\\.${fraction}0{0,17}` : "(?:\\.0{1,17})?";
    return this.#regex(`${sign}${whole}${zeros}`);
  }

  atLeast(bound: number): Language {
    return this.#bounded(bound, 1);
  }

  atMost(bound: number): Language {
    return this.#bounded(-bound, -1);
  }

  above(bound: number): Language {
    return this.atLeast(nextDouble(bound, 1));
  }

  below(bound: number): Language {
    return this.atMost(nextDouble(bound, -1));
  }

  multipleOf(divisor: number): Language {
    return this.#languages.and(this.#regex(EXACT), this.#multiples(divisor));
  }

  notMultipleOf(divisor: number): Language {
    return this.#languages.minus(this.short, this.#multiples(divisor));
  }

  /** Values v with v * sign at least the bound. */
  #bounded(bound: number, sign: 1 | -1): Language {
    if (Number.isNaN(bound)) throw new BaimoError("request", "a bound is not a number");
    if (bound === Number.NEGATIVE_INFINITY) return this.any;
    if (bound === Number.POSITIVE_INFINITY) return null;
    const { negative, digits, scale } = decimalOf(bound);
    const padded = digits.padStart(scale + 1, "0");
    const whole = padded.slice(0, padded.length - scale);
    const fraction = padded.slice(padded.length - scale);
    const key = `bound ${bound} ${sign}`;
    let made = this.#made.get(key);
    if (made !== undefined) return made;
    const language = explore(
      this.#languages,
      key,
      "+w0=",
      (state, char) => {
        // A state: the sign, the part that is read (whole or fraction), its digits so far, and how they compare.
        const [, signRead, part, count, order] = state.match(/^([+-])([wf])(\d+)([<=>])$/)!;
        if (char === "-") return state === "+w0=" ? "-w0=" : null;
        const length = Number(count);
        if (char === ".") {
          if (part === "f" || length === 0) return null;
          const compared = length < whole.length ? "<" : order;
          return `${signRead}f0${compared}`;
        }
        const wanted = (part === "w" ? whole : fraction)[length] ?? (part === "w" ? undefined : "0");
        if (part === "w" && length >= whole.length) return `${signRead}w${whole.length}>`;
        const compared = order !== "=" ? order : char < wanted! ? "<" : char > wanted! ? ">" : "=";
        const next = part === "f" && (compared !== "=" || length >= fraction.length) ? length : length + 1;
        return `${signRead}${part}${next}${compared}`;
      },
      (state) => {
        const [, signRead, part, count, order] = state.match(/^([+-])([wf])(\d+)([<=>])$/)!;
        const length = Number(count);
        const digitsMissing = part === "w" ? fraction.length : fraction.length - length;
        const ended = (part === "w" && length < whole.length) || (order === "=" && digitsMissing > 0);
        const compared = ended ? "<" : order;
        const positive = (signRead === "+") === (sign === 1);
        if (!negative || digits === "0") {
          return positive ? compared !== "<" : digits === "0" && compared === "=";
        }
        return positive || compared !== ">";
      },
    );
    made = this.#languages.and(this.#regex(PLAIN), language);
    this.#made.set(key, made);
    return made;
  }

  /** Texts of digits, without regard to their number, that are a multiple. */
  #multiples(divisor: number): Language {
    const { digits, scale } = decimalOf(divisor);
    const modulus = Number(digits);
    this.#languages.budget.checkStates(modulus * (scale + 1));
    const key = `multiple ${divisor}`;
    let made = this.#made.get(key);
    if (made !== undefined) return made;
    // A state: digits read after the point (-1: no point yet), and the remainder of all digits.
    made = explore(
      this.#languages,
      key,
      "-1 0",
      (state, char) => {
        const [places, remainder] = state.split(" ").map(Number);
        if (char === "-") return state;
        if (char === ".") return places < 0 ? `0 ${remainder}` : null;
        if (places === scale) return char === "0" ? state : null;
        return `${places < 0 ? -1 : places + 1} ${(remainder * 10 + Number(char)) % modulus}`;
      },
      (state) => {
        const [places, remainder] = state.split(" ").map(Number);
        return (remainder * (10 ** (scale - Math.max(places, 0)) % modulus)) % modulus === 0;
      },
    );
    this.#made.set(key, made);
    return made;
  }
}

/** A finite automaton from its states' names: what a character leads to, and where a text may end. */
function explore(
  languages: Languages,
  about: string,
  start: string,
  next: (state: string, char: string) => string | null,
  accepts: (state: string) => boolean,
): Language {
  return languages.made(about, () => {
    const numbers = new Map([[start, 0]]);
    const states: RawState[] = [];
    for (const [state] of numbers) {
      const edges: RawState["edges"] = [];
      for (const char of "-.0123456789") {
        const target = next(state, char);
        if (target === null) continue;
        if (!numbers.has(target)) numbers.set(target, numbers.size);
        const code = char.charCodeAt(0);
        edges.push({ low: code, high: code, target: numbers.get(target)! });
      }
      states.push({ accepts: accepts(state), edges });
      languages.budget.checkStates(numbers.size);
      languages.budget.spend(1 + edges.length);
    }
    return languages.add(states);
  });
}

/** A double as its shortest decimal: digits divided by ten to the power of `scale`. */
export function decimalOf(value: number): { negative: boolean; digits: string; scale: number } {
  const [, sign, whole, fraction = "", exponent = "0"] = String(value).match(
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/,
  )!;
  let scale = fraction.length - Number(exponent);
  let digits = whole + fraction;
  if (scale < 0) {
    digits += "0".repeat(-scale);
    scale = 0;
  }
  digits = digits.replace(/^0+(?=\d)/, "");
  while (scale > 0 && digits.endsWith("0")) {
    digits = digits.slice(0, -1);
    scale--;
  }
  return { negative: sign === "-", digits: digits === "" ? "0" : digits, scale };
}

/** The neighbour of a finite double. */
export function nextDouble(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const step = value > 0 === direction > 0 ? 1n : -1n;
  view.setBigInt64(0, view.getBigInt64(0) + step);
  return view.getFloat64(0);
}
