// Sums that leave rows out by conditions of their own: `sum(a = 1)`, `count(case when … end)`.

const AGGREGATE = /\b(sum|count|avg|total|min|max|group_concat)\s*\(/gi;
const CASE =
  /^case\s+when\b([\s\S]+?)\bthen\b(?:(?!\b(?:when|case|else)\b)[\s\S])+?(?:\belse\s+(?:0|null)\s+)?end$/i;
/** What is 0 where it does not hold. */
const TRUTH = /[=<>]|\b(?:in|like|is|between|glob)\b/i;

/** Whether a SELECT's columns put rows together. */
export const hasSums = (selected: string): boolean => Array.from(selected.matchAll(AGGREGATE)).length > 0;

/** The condition under which a row is in any of the sums; nothing where one has every row. */
export function conditionOfSums(selected: string): string | undefined {
  const conditions = Array.from(selected.matchAll(AGGREGATE), ({ index, 0: head, 1: name }) => {
    const begin = index + head.length;
    const end = endOf(selected, begin);
    const isFiltered = /^\)\s*filter\s*\(\s*where\b/i.test(selected.slice(end));
    return isFiltered
      ? filterAt(selected, end)
      : conditionOf(name.toLowerCase(), selected.slice(begin, end).trim());
  });
  const known = [...new Set(conditions.filter((each) => each !== undefined))];
  if (known.length === 0 || conditions.includes(undefined)) return undefined;
  return known.map((each) => `(${each})`).join(" or ");
}

function conditionOf(name: string, inside: string): string | undefined {
  const [, when] = CASE.exec(inside) ?? [];
  if (when !== undefined && name !== "min" && name !== "max") return when.trim();
  return (name === "sum" || name === "total") && !/\bcase\b/i.test(inside) && TRUTH.test(outside(inside))
    ? inside
    : undefined;
}

/** The condition of `FILTER (WHERE …)`, which stands from `at` on. */
function filterAt(text: string, at: number): string {
  const begin = text.indexOf("(", at) + 1;
  return text
    .slice(begin, endOf(text, begin))
    .replace(/^\s*where\b/i, "")
    .trim();
}

/** Where the parenthesis ends that was opened before `begin`. */
function endOf(text: string, begin: number): number {
  let depth = 1;
  for (const { index, 0: sign } of text.slice(begin).matchAll(/'(?:[^']|'')*'|[()]/g)) {
    if (sign === "(") depth++;
    if (sign === ")" && --depth === 0) return begin + index;
  }
  return text.length;
}

/** A text without what stands in parentheses. */
const outside = (text: string): string => text.replace(/\([^()]*\)/g, "");
