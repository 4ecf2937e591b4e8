// Names in a text: known ones, those in capitals, those that end as known ones, quotations.

/** A name, and where it stands. */
export interface Name {
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

/** Words in capitals that name nothing of the data. */
const ORDINARY = new Set(
  (
    "I A An The January February March April May June July August September October November December Jan Feb Mar Apr Jun " +
    "Jul Aug Sep Sept Oct Nov Dec Monday Tuesday Wednesday Thursday Friday Saturday Sunday Q1 Q2 Q3 Q4 Chinese English " +
    "Herfindahl Hirschman Welch Student Erlang Gini Dr Mr Ms Mrs Prof No M"
  ).split(" "),
);
const CAPITALS = /(?<![\p{L}\p{N}])\p{Lu}[\p{L}]*(?:['’]\p{L}+)?(?:[ -]\p{Lu}[\p{L}]*)*/gu;
const SENTENCE_START = /(?:^|[.!?:;。！？：；•|“"「(（]\s*|[,，、]\s*(?=$))$/u;
const QUOTED = /[“"「『]([^”"」』]{1,200})[”"」』]/gu;

/** Names of data: texts of one to some words. */
export const isName = (text: string): boolean =>
  text.length >= 2 &&
  text.length <= 60 &&
  /\p{L}/u.test(text) &&
  !/[\n。！？!?:：;；，,]|\. /u.test(text) &&
  text.split(/\s+/).length <= 6;

/** Names of the data, ready to be looked for. */
export interface Lexicon {
  readonly names: readonly string[];
  /** Chinese names end so. */
  readonly endings: readonly RegExp[];
}

export function lexiconOf(names: ReadonlySet<string>): Lexicon {
  const endings = endingsOf(names).map((ending) => new RegExp(`[\\p{Script=Han}]{2,8}?${ending}`, "gu"));
  return { names: [...names].filter(isName), endings };
}

/** Names that a text may have. */
export function namesIn(text: string, { names, endings }: Lexicon): Name[] {
  const found: Name[] = [];
  const add = (at: number, name: string) => found.push({ at, end: at + name.length, text: name });
  for (const name of names) {
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
      if (isWhole(text, at, name)) add(at, name);
    }
  }
  for (const { index, 1: quoted } of text.matchAll(QUOTED)) add(index + 1, quoted);
  for (const { index, 0: run } of text.matchAll(CAPITALS)) {
    const words = run.split(/(?=[ -])/);
    let at = index;
    if (SENTENCE_START.test(text.slice(0, index))) at += words.shift()?.length ?? 0;
    const name = words.join("").replace(/['’]s$/, "");
    const isOrdinary = words.every((word) => isOrdinaryWord(word.replace(/^[ -]/, "")));
    if (name !== "" && !isOrdinary) add(at + (/^[ -]/.test(name) ? 1 : 0), name.replace(/^[ -]/, ""));
  }
  for (const pattern of endings) {
    for (const { index, 0: name } of text.matchAll(pattern)) add(index, name);
  }
  // within a longer name the shorter one says nothing
  return found.filter(
    (each) =>
      !found.some(
        (other) => other.at <= each.at && each.end <= other.end && other.end - other.at > each.end - each.at,
      ),
  );
}

const isOrdinaryWord = (word: string): boolean => ORDINARY.has(word) || /^\p{Lu}{2,6}s?$/u.test(word);

/** Not within a longer Latin word. */
const isWhole = (text: string, at: number, name: string): boolean => {
  const isLatin = (sign: string | undefined) => sign !== undefined && /[\p{Script=Latin}\p{N}]/u.test(sign);
  return (
    !(isLatin(name[0]) && isLatin(text[at - 1])) && !(isLatin(name.at(-1)) && isLatin(text[at + name.length]))
  );
};

/** The last two characters of Chinese names, where several end so: 贸易, 支行. */
function endingsOf(lexicon: ReadonlySet<string>): string[] {
  const counts = new Map<string, number>();
  for (const name of lexicon) {
    if (!/^\p{Script=Han}{4,}$/u.test(name)) continue;
    const ending = name.slice(-2);
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 1).map(([ending]) => ending);
}
