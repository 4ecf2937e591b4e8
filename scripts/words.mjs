// Rules for the text of source files: the first comment, and no spread of a literal.
import { firstComment } from "./sources.mjs";

const LONGEST = 100;

/** Files that do not begin with one line, of at most 100 characters, that says what lives there. */
export function checkFirstComments(sources) {
  const problems = [];
  for (const { path, text } of sources) {
    const [line = "", next = ""] = firstComment(text);
    if (line === "") problems.push(`${path} does not begin with a comment that says what lives there`);
    else if (next !== "")
      problems.push(`${path}: the first comment is one line; leave a line "//" empty before the rest`);
    const length = `// ${line}`.length;
    if (length > LONGEST)
      problems.push(`${path}: the first comment has ${length} characters, allowed ${LONGEST}`);
    if (/\bleans? on\b/i.test(line)) problems.push(`${path}: "leans on" is what the imports say`);
  }
  return problems;
}

/** Spreads of literal objects and lists, in which the compiler does not see a misspelt key. */
export function checkSpreads(sources) {
  const problems = [];
  for (const { path, text } of sources) {
    for (const { 0: spread, index } of text.matchAll(/\.\.\.\s*\(?\s*[{[]/g)) {
      const open = index + spread.length - 1;
      // The items of a list that a method makes of a literal are no literal.
      if (text[open] === "[" && /^(\s+as const)?\s*\)?\s*\??\./.test(text.slice(endOfList(text, open))))
        continue;
      const line = text.slice(0, index).split("\n").length;
      problems.push(`${path}:${line} spreads a literal; write its keys or items plainly`);
    }
  }
  return problems;
}

/** Where the list that begins at `open` has ended. */
function endOfList(text, open) {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "[") depth++;
    else if (text[at] === "]" && --depth === 0) return at + 1;
  }
  return text.length;
}
