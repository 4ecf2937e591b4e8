// Names of files that fit a pattern, as fsspec reads it: * and ? in a folder, ** over folders.
import { BaimoError } from "../../errors.ts";

const LONGEST = 1024;

/** Whether names fit the pattern. @throws {BaimoError} `format` for a pattern that is none */
export function compileGlob(pattern: string, where: string): (name: string) => boolean {
  const parts = pattern.replace(/^\.\//, "").split("/");
  if (pattern.length > LONGEST || parts.some((part) => part.includes("**") && part !== "**"))
    throw new BaimoError("format", `${where}: "${pattern.slice(0, 80)}" is no pattern of files`);
  const fits = parts.map((part) => (part === "**" ? part : compilePart(part)));
  return (name) => fitsAll(fits, name.split("/"));
}

type Part = "**" | ((text: string) => boolean);

/** Folder by folder; at the end `**` takes any names, elsewhere any folders, also none. */
function fitsAll(parts: readonly Part[], names: readonly string[]): boolean {
  // reached[i]: the parts so far fit the first i names
  let reached = names.map((_, i) => i === 0).concat(names.length === 0);
  for (const [at, part] of parts.entries()) {
    const isLast = at === parts.length - 1;
    const next = reached.map(() => false);
    for (const [i, here] of reached.entries()) {
      if (part === "**" && isLast) next[names.length] ||= here && i < names.length;
      else if (part === "**") next[i] ||= here || (i > 0 && next[i - 1]);
      else if (here && i < names.length && part(names[i])) next[i + 1] = true;
    }
    reached = next;
  }
  return reached[names.length];
}

/** One folder's part: a star goes back to itself alone, so that the steps are at most length times length. */
function compilePart(part: string): (text: string) => boolean {
  const tokens = Array.from(part.matchAll(/\[[!^]?\]?[^\]]*\]|[\s\S]/gu), ([token]) =>
    token.length > 2 && token.startsWith("[") ? classOf(token) : token,
  );
  return (text) => {
    const letters = Array.from(text);
    let [i, at, star, from] = [0, 0, -1, 0];
    while (i < letters.length) {
      const token = tokens[at];
      if (token === "*") [star, from, at] = [at, i, at + 1];
      else if (fitsOne(token, letters[i])) [i, at] = [i + 1, at + 1];
      else if (star >= 0) [i, from, at] = [from + 1, from + 1, star + 1];
      else return false;
    }
    while (tokens[at] === "*") at++;
    return at === tokens.length;
  };
}

const fitsOne = (token: string | RegExp | undefined, letter: string): boolean =>
  token instanceof RegExp ? token.test(letter) : token === "?" || token === letter;

function classOf(token: string): RegExp {
  const negated = /^\[[!^]/.test(token);
  const inside = token.slice(negated ? 2 : 1, -1).replace(/[\\\]^[]/g, "\\$&");
  try {
    return new RegExp(`^[${negated ? "^" : ""}${inside}]$`);
  } catch {
    return /^(?!)/; // a range the wrong way round fits nothing
  }
}
