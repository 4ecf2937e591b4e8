// Cuts a template into tokens in linear time, with or without trim_blocks and lstrip_blocks.

import { TemplateError } from "./errors.ts";
import { unescapeLiteral } from "./literals.ts";
import { SPACE_CLASS, stripText } from "./text.ts";
import { OPERATORS, type Token, type TokenType } from "./tokens.ts";

const SPACES = new RegExp(`[${SPACE_CLASS}]*`, "y");
const DIGITS = "(?:\\p{Nd}+_)*\\p{Nd}+";
const FLOAT = new RegExp(`${DIGITS}(?:(?:\\.${DIGITS})?[eE][+-]?${DIGITS}|\\.${DIGITS})`, "uy");
const INTEGER =
  /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\p{Nd}a-fA-F])+|[1-9](?:_?\p{Nd})*|0(?:_?0)*/uy;
const NAME = /[\p{L}\p{N}\p{M}\p{Pc}\u00b7\u0387\u1369-\u1371\u19da\u2118\u212e\u309b\u309c]+/uy;
const IDENTIFIER = /^[\p{XIDS}_]\p{XIDC}*$/u;
const WORDS = [
  [FLOAT, "float"],
  [INTEGER, "integer"],
  [NAME, "name"],
] as const;
const LETTER = /[a-zA-Z_]/;
const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** How blanks around tags are read. */
export interface Whitespace {
  /** trim_blocks and lstrip_blocks: a block takes its line's indent and its line break away. Default true. */
  readonly trimBlocks?: boolean;
  /** keep_trailing_newline: the line break at the template's end stays. Default false. */
  readonly keepTrailingNewline?: boolean;
}

/** The tokens of a template, the last one being `eof`. */
export function readTokens(source: string, whitespace: Whitespace = {}): Token[] {
  return new Lexer(source, whitespace).read();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  readonly #trimBlocks: boolean;
  #position = 0;
  #line = 1;
  /** Whether what was read last ended with a line break. */
  #lineStarting = true;

  constructor(source: string, { trimBlocks = true, keepTrailingNewline = false }: Whitespace) {
    const text = source.includes("\r") ? source.replace(/\r\n?/g, "\n") : source;
    this.#source = text.endsWith("\n") && !keepTrailingNewline ? text.slice(0, -1) : text;
    this.#trimBlocks = trimBlocks;
  }

  read(): Token[] {
    while (this.#position < this.#source.length) this.#root();
    this.#push("eof", "");
    return this.#tokens;
  }

  /** Text up to the next tag, and that tag. */
  #root(): void {
    const source = this.#source;
    const start = this.#position;
    let at = source.indexOf("{", start);
    while (at >= 0 && !"{%#".includes(source.charAt(at + 1) || " ")) at = source.indexOf("{", at + 1);
    if (at < 0) {
      this.#data(source.slice(start));
      this.#position = source.length;
      return;
    }
    const kind = source[at + 1];
    const sign = this.#sign(at + 2);
    const inside = at + 2 + sign.length;
    this.#text(source.slice(start, at), sign, kind !== "{");
    if (kind === "#") this.#comment(inside);
    else if (kind === "{") this.#inside("variable", inside);
    else {
      const raw = this.#rawBegin(inside);
      if (raw < 0) this.#inside("block", inside);
      else this.#raw(inside, raw);
    }
  }

  #sign(at: number): string {
    const sign = this.#source[at];
    return sign === "-" || sign === "+" ? sign : "";
  }

  /** Text before a tag, without the blanks that the tag takes away. */
  #text(text: string, sign: string, strippable: boolean): void {
    let kept = text;
    if (sign === "-") {
      kept = stripText(text, undefined, false, true);
    } else if (sign !== "+" && strippable && this.#trimBlocks) {
      const lineStart = text.lastIndexOf("\n") + 1;
      if ((lineStart > 0 || this.#lineStarting) && this.#spaces(lineStart, text) === text.length) {
        kept = text.slice(0, lineStart);
      }
    }
    this.#data(kept);
    this.#count(text, kept.length);
  }

  #data(text: string): void {
    if (text !== "") this.#push("data", text);
    this.#count(text);
  }

  /** Counts lines in what was passed over. */
  #count(text: string, from = 0): void {
    for (let at = text.indexOf("\n", from); at >= 0; at = text.indexOf("\n", at + 1)) this.#line++;
  }

  /** The end of the white space that begins at `at`. */
  #spaces(at: number, text = this.#source): number {
    SPACES.lastIndex = at;
    SPACES.exec(text);
    return SPACES.lastIndex;
  }

  #advance(to: number): void {
    const passed = this.#source.slice(this.#position, to);
    this.#count(passed);
    if (passed !== "") this.#lineStarting = passed.endsWith("\n");
    this.#position = to;
  }

  /** The end of a tag whose `%}` or `#}` begins at `at`, behind an optional sign. */
  #tagEnd(at: number, sign: string): number {
    if (sign === "-") return this.#spaces(at + 2);
    return sign === "" && this.#trimBlocks && this.#source[at + 2] === "\n" ? at + 3 : at + 2;
  }

  #comment(from: number): void {
    if (from >= this.#source.length) {
      this.#position = from;
      return;
    }
    const end = this.#source.indexOf("#}", from);
    if (end < 0) throw new TemplateError("TemplateSyntaxError", "Missing end of comment tag", this.#line);
    this.#position = from;
    const sign = end > from ? this.#sign(end - 1) : "";
    this.#advance(this.#tagEnd(end, sign));
  }

  /** Where the text of a raw block begins if one begins here, or -1. */
  #rawBegin(inside: number): number {
    const source = this.#source;
    let at = this.#spaces(inside);
    if (!source.startsWith("raw", at)) return -1;
    at = this.#spaces(at + 3);
    if (source.startsWith("-%}", at)) return this.#spaces(at + 3);
    return source.startsWith("%}", at) ? at + 2 : -1;
  }

  #raw(inside: number, from: number): void {
    const source = this.#source;
    this.#position = inside;
    this.#advance(from);
    if (from >= source.length) return;
    for (let at = source.indexOf("{%", from); at >= 0; at = source.indexOf("{%", at + 2)) {
      const sign = this.#sign(at + 2);
      const name = this.#spaces(at + 2 + sign.length);
      if (!source.startsWith("endraw", name)) continue;
      const behind = this.#spaces(name + 6);
      const endSign = this.#sign(behind);
      const end = behind + endSign.length;
      if (!source.startsWith("%}", end)) continue;
      this.#text(source.slice(from, at), sign, true);
      this.#position = at;
      this.#advance(this.#tagEnd(end, endSign));
      return;
    }
    throw new TemplateError("TemplateSyntaxError", "Missing end of raw directive", this.#line);
  }

  /** The tokens of an expression or a statement, to its end. */
  #inside(kind: "variable" | "block", from: number): void {
    const source = this.#source;
    const open: string[] = [];
    this.#push(`${kind}_begin`, "");
    this.#position = from;
    this.#lineStarting = false;
    while (this.#position < source.length) {
      this.#advance(this.#spaces(this.#position));
      const at = this.#position;
      if (at >= source.length) return;
      if (open.length === 0) {
        const end = this.#closing(kind, at);
        if (end >= 0) {
          this.#push(`${kind}_end`, "");
          this.#advance(end);
          return;
        }
      }
      this.#token(at, open);
    }
  }

  /** The end of the tag when it closes here, or -1. */
  #closing(kind: "variable" | "block", at: number): number {
    const sign = this.#sign(at);
    const end = at + sign.length;
    if (kind === "block") return this.#source.startsWith("%}", end) ? this.#tagEnd(end, sign) : -1;
    if (sign === "+" || !this.#source.startsWith("}}", end)) return -1;
    return sign === "-" ? this.#spaces(end + 2) : end + 2;
  }

  #token(at: number, open: string[]): void {
    const source = this.#source;
    const character = source[at];
    if (character === "'" || character === '"') {
      const end = closingQuote(source, at);
      if (end >= 0) {
        this.#push("string", unescapeLiteral(source.slice(at + 1, end), this.#line));
        this.#advance(end + 1);
        return;
      }
    }
    const letter = LETTER.test(character);
    for (const [pattern, type] of WORDS) {
      if (letter && type !== "name") continue;
      if (type === "float" && source[at - 1] === ".") continue;
      pattern.lastIndex = at;
      const match = pattern.exec(source);
      if (!match) continue;
      if (type === "name" && !IDENTIFIER.test(match[0])) {
        throw new TemplateError("TemplateSyntaxError", "Invalid character in identifier", this.#line);
      }
      this.#push(type, type === "name" ? match[0] : match[0].replaceAll("_", ""));
      this.#advance(at + match[0].length);
      return;
    }
    const two = source.slice(at, at + 2);
    const operator = Object.hasOwn(OPERATORS, two) ? two : character;
    if (!Object.hasOwn(OPERATORS, operator)) {
      const shown = String.fromCodePoint(source.codePointAt(at) as number);
      throw new TemplateError("TemplateSyntaxError", `unexpected char '${shown}' at ${at}`, this.#line);
    }
    this.#balance(operator, open);
    this.#push(OPERATORS[operator as keyof typeof OPERATORS], operator);
    this.#advance(at + operator.length);
  }

  #balance(operator: string, open: string[]): void {
    if (Object.hasOwn(CLOSING, operator)) open.push(CLOSING[operator]);
    else if (operator === ")" || operator === "]" || operator === "}") {
      const expected = open.pop();
      if (expected === operator) return;
      const hint = expected === undefined ? "" : `, expected '${expected}'`;
      throw new TemplateError("TemplateSyntaxError", `unexpected '${operator}'${hint}`, this.#line);
    }
  }

  #push(type: TokenType, value: string): void {
    this.#tokens.push({ type, value, line: this.#line });
  }
}

/** Where the string that begins at `at` ends, or -1. */
function closingQuote(source: string, at: number): number {
  const quote = source[at];
  for (let i = at + 1; i < source.length; i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === quote) return i;
  }
  return -1;
}
