// Oniguruma's character classes, properties and letters of any case, as JavaScript writes them.

/** The members of [[:word:]], and of \w in brackets. */
export const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
/** Those of \w outside of brackets, and of \b: Oniguruma has ²³¹¼½¾ there, too. */
export const WORD_ALONE = `${WORD}\\xb2\\xb3\\xb9\\xbc-\\xbe`;

/** A code point as \u{…}: valid everywhere in a pattern, inside classes and out. */
export function quote(point: number): string {
  return `\\u{${point.toString(16)}}`;
}

// Letters of more than one upper or lower case, each with all of its forms.
const MANY_CASES =
  "Kk\u212a Ssſ Åå\u212b ß\u1e9e Ǆǅǆ Ǉǈǉ Ǌǋǌ Ǳǲǳ \u0345Ιι\u1fbe ΐ\u1fd3 Ββϐ Εεϵ Θθϑϴ Κκϰ \u00b5Μμ Ππϖ Ρρϱ Σςσ Φφϕ " +
  "Ωω\u2126 ΰ\u1fe3 Вв\u1c80 Дд\u1c81 Оо\u1c82 Сс\u1c83 Тт\u1c84\u1c85 Ъъ\u1c86 Ѣѣ\u1c87 \u1e60\u1e61\u1e9b " +
  "\u1f80\u1f88 \u1f81\u1f89 \u1f82\u1f8a \u1f83\u1f8b \u1f84\u1f8c \u1f85\u1f8d \u1f86\u1f8e \u1f87\u1f8f " +
  "\u1f90\u1f98 \u1f91\u1f99 \u1f92\u1f9a \u1f93\u1f9b \u1f94\u1f9c \u1f95\u1f9d \u1f96\u1f9e \u1f97\u1f9f " +
  "\u1fa0\u1fa8 \u1fa1\u1fa9 \u1fa2\u1faa \u1fa3\u1fab \u1fa4\u1fac \u1fa5\u1fad \u1fa6\u1fae \u1fa7\u1faf " +
  "\u1fb3\u1fbc \u1fc3\u1fcc \u1ff3\u1ffc \u1c88\ua64a\ua64b \ufb05\ufb06";

/** The code points that are the same letter when case is ignored (simple folding). */
export function caseVariants(point: number): number[] {
  const text = String.fromCodePoint(point);
  const two = [text, text.toLowerCase(), text.toUpperCase()];
  const group = MANY_CASES.split(" ").find((letters) => letters.includes(text));
  const variants = group ?? two.filter((other) => isSame(other, text)).join("");
  return [...new Set(variants)].map((letter) => letter.codePointAt(0) as number);
}

const isSame = (letter: string, other: string): boolean =>
  [...letter].length === 1 && letter.toLowerCase() === other.toLowerCase();

/** A property or script as JavaScript writes it, or undefined where it has none of that name. */
export function propertyOf(name: string, negated: boolean): string | undefined {
  const bracket = POSIX_PROPERTIES.includes(name.toLowerCase()) && posixClass(name.toLowerCase(), negated);
  if (bracket) return bracket;
  for (const candidate of propertyNames(name)) {
    const text = `\\${negated ? "P" : "p"}{${candidate}}`;
    try {
      new RegExp(text, "v");
      return text;
    } catch {
      // Not a name that JavaScript knows; try the next.
    }
  }
  return undefined;
}

function propertyNames(name: string): string[] {
  const compact = name.replace(/[\s_-]/g, "").toLowerCase();
  const posix: Record<string, string> = {
    alnum: "Alphabetic",
    alpha: "Alphabetic",
    space: "White_Space",
    digit: "Nd",
    upper: "Uppercase",
    lower: "Lowercase",
    punct: "P",
    any: "Any",
    assigned: "Assigned",
  };
  const capital = name
    .split(/[\s_-]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1).toLowerCase())
    .join("_");
  const candidates = [name, capital, `Script=${name}`, `Script=${capital}`];
  if (Object.hasOwn(posix, compact) && compact !== "alnum") candidates.unshift(posix[compact]);
  return candidates;
}

const GRAPH = "[^\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]";

/** Properties that Unicode does not name so. */
const POSIX_PROPERTIES = ["alnum", "blank", "cntrl", "graph", "print", "xdigit"];

/** The class of a POSIX bracket, [:name:]. */
export function posixClass(name: string, negated: boolean): string | undefined {
  const classes: Record<string, string> = {
    alpha: "\\p{Alphabetic}",
    digit: "\\p{Nd}",
    alnum: "\\p{Alphabetic}\\p{Nd}",
    upper: "\\p{Uppercase}",
    lower: "\\p{Lowercase}",
    space: "\\p{White_Space}",
    blank: "\\p{Zs}\\t",
    cntrl: "\\p{Cc}",
    punct: "\\p{P}\\p{S}",
    xdigit: "0-9a-fA-F",
    word: WORD,
    ascii: "\\x00-\\x7f",
    print: `${GRAPH}\\p{Zs}`,
    graph: GRAPH,
  };
  if (!Object.hasOwn(classes, name)) return undefined;
  return negated ? `[^${classes[name]}]` : `[${classes[name]}]`;
}
