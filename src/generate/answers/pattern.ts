// The parts of which a format's calls are described; reader and grammar are both made of them.
import type { Dialect } from "./dialects.ts";

/**
 * One part of how calls are written. A text stands for itself: each line of it exactly, with any white space, or none,
 * before it. What is written anew has the text's own line breaks.
 */
export type Part =
  | string
  | MaybePart
  | EitherPart
  | CallsPart
  | NamePart
  | ArgumentsPart
  | EnvelopePart
  | ParametersPart
  | SkipPart
  | BeforePart;

/** Parts that may be missing. Where calls do not begin with them, `written` says whether a grammar has them. */
export interface MaybePart {
  readonly kind: "maybe";
  readonly parts: readonly Part[];
  readonly written: boolean;
}

/** One of several ways, told apart by how they begin; one of them may begin anyhow. */
export interface EitherPart {
  readonly kind: "either";
  readonly ways: readonly (readonly Part[])[];
  /** How many of them, from the first on, a grammar has. */
  readonly written: number;
}

/** One call or more. */
export interface CallsPart {
  readonly kind: "calls";
  readonly call: readonly Part[];
  /** What stands between two calls. White space alone need not be there. */
  readonly between: string;
  /** A grammar has only one. */
  readonly single?: boolean;
}

/** The name of a tool. */
export interface NamePart {
  readonly kind: "name";
  /** Written before and after the name; the reader does without. */
  readonly before?: string;
  readonly after?: string;
  /** A colon and a number follow; all together is the call's id. */
  readonly numbered?: boolean;
  /** Only an offered tool's name makes it a call. */
  readonly offered?: boolean;
}

/** The arguments as one object. */
export interface ArgumentsPart {
  readonly kind: "arguments";
  readonly dialect: Dialect;
}

/** One JSON object with the name and the arguments in it, in any order. */
export interface EnvelopePart {
  readonly kind: "envelope";
  /** Keys, as they are written and then as they are also read. */
  readonly name: readonly string[];
  readonly arguments: readonly string[];
  /** A key that is written first, with a number. */
  readonly numbered?: string;
  /** No mark says that this is a call: only these keys and an offered tool's name do. */
  readonly unmarked?: readonly string[];
}

/** The arguments one by one, their values without quotes. */
export interface ParametersPart {
  readonly kind: "parameters";
  readonly open: readonly (string | "KEY" | "IS_STRING")[];
  readonly close: string;
  /** What ends the arguments. */
  readonly end: string;
  /** A value stands on lines of its own: one line break before and one after are none of it. */
  readonly ownLines?: boolean;
}

/** Whatever comes before a text, which is read too. Not written. */
export interface SkipPart {
  readonly kind: "skip";
  readonly until: string;
}

/** What must follow, or the end of the answer; it is not read. */
export interface BeforePart {
  readonly kind: "before";
  readonly marks: readonly string[];
}

/** The lines of a text, which white space may separate. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trimStart())
    .filter((line) => line !== "");
}

/** The texts with which parts may begin; none where that is not known. */
export function beginningsOf(parts: readonly Part[]): string[] {
  const beginnings: string[] = [];
  for (const part of parts) {
    if (typeof part === "string") {
      const [line] = linesOf(part);
      if (line === undefined) continue;
      return [...beginnings, line];
    }
    switch (part.kind) {
      case "maybe":
        beginnings.push(...beginningsOf(part.parts));
        continue;
      case "either":
        return beginnings.concat(part.ways.flatMap(beginningsOf));
      case "calls":
        return beginnings.concat(beginningsOf(part.call));
      case "envelope":
        return [...beginnings, "{"];
      default:
        return beginnings;
    }
  }
  return beginnings;
}
