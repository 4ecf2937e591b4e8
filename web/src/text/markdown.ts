// Reads Markdown with TeX in it; HTML in an answer is text like any other.
import { Marked, type Token, type TokenizerAndRendererExtension } from "marked";

/** TeX among words or on lines of its own. */
export interface MathToken {
  type: "math";
  raw: string;
  text: string;
  display: boolean;
}

/** The first match of the patterns, as a token. */
function readMath(source: string, patterns: readonly RegExp[], display: boolean): MathToken | undefined {
  for (const pattern of patterns) {
    const match = pattern.exec(source);
    if (match) return { type: "math", raw: match[0], text: match[1]!.trim(), display };
  }
  return undefined;
}

const displays = [/^ {0,3}\$\$([^$]+?)\$\$[ \t]*(?:\n|$)/, /^ {0,3}\\\[([\s\S]+?)\\\][ \t]*(?:\n|$)/];
// A dollar before a figure is a price unless it closes like TeX: "$5 and $6" is not.
const inlines = [
  /^\$\$([^$\n]+?)\$\$/,
  /^\$(?!\s)((?:\\.|[^\\$\n])+?)(?<!\s)\$(?![\d\w])/,
  /^\\\((.+?)\\\)/,
  /^\\\[(.+?)\\\]/,
];

const displayMath: TokenizerAndRendererExtension = {
  name: "displayMath",
  level: "block",
  start: (source) => source.match(/(?:^|\n) {0,3}(?:\$\$|\\\[)/)?.index,
  tokenizer: (source) => readMath(source, displays, true),
};
const inlineMath: TokenizerAndRendererExtension = {
  name: "inlineMath",
  level: "inline",
  start: (source) => source.match(/\$|\\[([]/)?.index,
  tokenizer: (source) => readMath(source, inlines, false),
};

const reader = new Marked({
  gfm: true,
  breaks: true,
  extensions: [displayMath, inlineMath],
  tokenizer: {
    html: () => undefined,
    // The one tag that models write for want of another way: a new line in a table's cell.
    tag(source) {
      const match = /^<br *\/?>/i.exec(source);
      return match ? ({ type: "br", raw: match[0] } as never) : undefined;
    },
  },
});

/** The blocks of a text. */
export function readMarkdown(text: string): Token[] {
  return reader.lexer(text);
}
