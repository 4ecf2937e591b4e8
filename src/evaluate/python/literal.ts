// Python's `ast.literal_eval`: texts, numbers, lists, tuples, dicts, True, False, None.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { unescapeLiteral } from "../../tokenizers/chat-template/jinja/literals.ts";

const DEEPEST = 100;
const SPACE = /(?:[ \t\n\r\f]|#[^\n]*)*/y;
const STRING =
  /([rRuU]?)(?:'''([\s\S]*?)'''|"""([\s\S]*?)"""|'((?:[^'\\\n]|\\[\s\S])*)'|"((?:[^"\\\n]|\\[\s\S])*)")/y;
const NUMBER =
  /[+-]?\s*(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(\d[\d_]*)?(\.\d[\d_]*|\.)?([eE][+-]?\d+)?)/y;
const NAMED: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };

/**
 * The value of a literal, as `parsePythonJson` gives values; a tuple or a set is a list.
 * @throws {BaimoError} `format` for what is no literal
 */
export function parseLiteral(text: string): unknown {
  const reader = new LiteralReader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class LiteralReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.replace(/^[ \t]+/, "");
  }

  #fail(): never {
    throw new BaimoError("format", `${brief(this.#text)} is no literal of Python, at character ${this.#at}`);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at += match[0].length;
    return match;
  }

  #takes(mark: string): boolean {
    this.#match(SPACE);
    if (!this.#text.startsWith(mark, this.#at)) return false;
    this.#at += mark.length;
    return true;
  }

  end(): void {
    this.#match(SPACE);
    if (this.#at < this.#text.length) this.#fail();
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) this.#fail();
    if (this.#takes("[")) return this.#items("]", depth).items;
    if (this.#takes("(")) {
      const { items, commas } = this.#items(")", depth);
      return items.length === 1 && commas === 0 ? items[0] : items;
    }
    if (this.#takes("{")) return this.#braces(depth);
    const text = this.#string();
    if (text !== undefined) return text;
    const name = this.#match(/(?:True|False|None)(?!\w)/y);
    return name ? NAMED[name[0]] : this.#number();
  }

  #items(close: string, depth: number): { items: unknown[]; commas: number } {
    const items: unknown[] = [];
    let commas = 0;
    while (!this.#takes(close)) {
      if (items.length > commas) this.#fail();
      items.push(this.value(depth + 1));
      if (this.#takes(",")) commas++;
    }
    return { items, commas };
  }

  #braces(depth: number): unknown {
    const entries: [string, unknown][] = [];
    const items: unknown[] = [];
    let commas = 0;
    while (!this.#takes("}")) {
      if (entries.length + items.length > commas) this.#fail();
      const key = this.value(depth + 1);
      if (this.#takes(":")) entries.push([String(key), this.value(depth + 1)]);
      else items.push(key);
      if (this.#takes(",")) commas++;
    }
    if (items.length > 0 && entries.length > 0) this.#fail();
    return items.length > 0 ? items : Object.fromEntries(entries);
  }

  /** One string, or several that stand side by side. */
  #string(): string | undefined {
    let text: string | undefined;
    for (;;) {
      this.#match(SPACE);
      const match = this.#match(STRING);
      if (!match) return text;
      const body = match[2] ?? match[3] ?? match[4] ?? match[5] ?? "";
      text = (text ?? "") + (/r/i.test(match[1]) ? body : unescapeLiteral(body, 1));
    }
  }

  #number(): unknown {
    const start = this.#at;
    const match = this.#match(NUMBER);
    const text = match?.[0].replace(/[\s_]/g, "") ?? "";
    if (!match || !/\d/.test(text) || (match[1] && /^[+-]?0\d*[1-9]/.test(text) && !match[2] && !match[3])) {
      this.#at = start;
      this.#fail();
    }
    if (match[2] !== undefined || match[3] !== undefined) {
      const value = Number(text);
      return Number.isInteger(value) ? Object(value) : value;
    }
    const negative = text.startsWith("-");
    const size = BigInt(text.replace(/^[+-]/, ""));
    const value = negative ? -size : size;
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
}
