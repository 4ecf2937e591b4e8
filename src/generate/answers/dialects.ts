// How values are written in calls: JSON, Python's literals, and Gemma's own.

/** A way of writing values. */
export interface Dialect {
  readonly name: "json" | "python" | "keywords" | "gemma";
  /** Marks around a text, and what a backslash does inside. */
  readonly quotes: readonly Quote[];
  /** Words that are values, as JSON has them. */
  readonly words: Readonly<Record<string, string>>;
  /** Keys may stand without quotes. */
  readonly bareKeys: boolean;
  /** A comma may stand before the end, tuples are lists, and numbers may begin or end with their point. */
  readonly loose: boolean;
  /** What encloses the arguments, and what stands between key and value. */
  readonly outer: Brackets;
}

export interface Quote {
  readonly mark: string;
  readonly escapes: "json" | "python" | "none";
}

export interface Brackets {
  readonly open: string;
  readonly close: string;
  readonly assign: string;
}

export const BRACES: Brackets = { open: "{", close: "}", assign: ":" };

/** JSON's words, and Python's for the same. */
const WORDS = { true: "true", false: "false", null: "null", True: "true", False: "false", None: "null" };

/** JSON, passed on as it is written. Python's quotes and words, which models mix in, are written anew. */
export const JSON_DIALECT: Dialect = {
  name: "json",
  quotes: [
    { mark: '"', escapes: "json" },
    { mark: "'", escapes: "python" },
  ],
  words: WORDS,
  bareKeys: false,
  loose: false,
  outer: BRACES,
};

/** What Python prints, and JSON. */
export const PYTHON_DIALECT: Dialect = {
  name: "python",
  quotes: [
    { mark: '"', escapes: "python" },
    { mark: "'", escapes: "python" },
  ],
  words: WORDS,
  bareKeys: false,
  loose: true,
  outer: BRACES,
};

/** Python's keyword arguments: `(city="Paris", days=3)`. */
export const KEYWORDS_DIALECT: Dialect = {
  name: "keywords",
  quotes: PYTHON_DIALECT.quotes,
  words: WORDS,
  bareKeys: false,
  loose: true,
  outer: { open: "(", close: ")", assign: "=" },
};

/** Gemma 4's: keys without quotes, and a mark of its own around texts, in which nothing is escaped. */
export const GEMMA_DIALECT: Dialect = {
  name: "gemma",
  quotes: [
    { mark: '<|"|>', escapes: "none" },
    { mark: '"', escapes: "json" },
  ],
  words: WORDS,
  bareKeys: true,
  loose: true,
  outer: BRACES,
};
