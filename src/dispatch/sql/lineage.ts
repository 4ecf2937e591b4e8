// The rows that a result is made of: a statement for their keys, where its form is plain.
import { conditionOfSums, hasSums } from "./conditional-sums.ts";
import type { Table } from "./describe.ts";

/** Forms whose rows are not those of one FROM. */
const OTHER = /^\s*with\b|\b(?:union|intersect|except|over)\b/i;
const PARTS = /\b(from|where|group\s+by|having|order\s+by|limit)\b/gi;
const SOURCE =
  /(?:^|,|\bjoin\b)\s*([A-Za-z_]\w*)(?:\s+(?:as\s+)?(?!on\b|join\b|left\b|inner\b|cross\b|natural\b|using\b)([A-Za-z_]\w*))?/gi;

/**
 * The keys of the rows that went in, in their order; parameters are numbered, and the same.
 *
 * Nothing for a statement whose form says less.
 */
export function lineageOf(sql: string, tables: readonly Table[]): string | undefined {
  let number = 0;
  const numbered = sql.replace(/'(?:[^']|'')*'|\?(?!\d)/g, (found) =>
    found === "?" ? `?${++number}` : found,
  );
  const outer = blankInner(numbered);
  if (OTHER.test(outer) || (number > 0 && /\?\d/.test(sql))) return undefined;
  const places = [...outer.matchAll(PARTS)].map(({ index, 1: word, 0: text }) => ({
    word: word.toLowerCase(),
    at: index,
    begin: index + text.length,
  }));
  const partOf = (word: string): string | undefined => {
    const i = places.findIndex((place) => place.word === word);
    return i < 0 ? undefined : numbered.slice(places[i].begin, places[i + 1]?.at).trim();
  };
  const from = partOf("from");
  const selected = numbered.slice(numbered.search(/\S/), places[0]?.at).replace(/^select\b/i, "");
  const isPart = /\blimit\b/i.test(outer) && !hasSums(selected); // which rows, their order decides
  if (isPart || from === undefined || blankInner(from).includes("\u0001")) return undefined;
  const sources = [...from.matchAll(SOURCE)].flatMap(([, name, alias]) => {
    const table = tables.find((each) => each.name.toLowerCase() === name.toLowerCase());
    return table ? [{ alias: alias ?? name, keys: table.keys }] : [];
  });
  const keyed = sources.filter(({ keys }) => keys.length > 0);
  const joinedByKey = ({ alias, keys }: (typeof keyed)[number]) =>
    keys.length === 1 &&
    new RegExp(`\\b${alias}\\.${keys[0]}\\s*=|=\\s*${alias}\\.${keys[0]}\\b`, "i").test(from);
  const finest = keyed.filter((source) => !joinedByKey(source));
  const chosen = finest.length > 0 ? finest : keyed.slice(0, 1);
  if (chosen.length === 0) return undefined;
  const columns = chosen.flatMap(({ alias, keys }) => keys.map((key) => `${alias}.${key}`));
  const conditions = [partOf("where"), conditionOfSums(selected)].filter((each) => each !== undefined);
  const order = columns.map((_, at) => at + 1).join(", ");
  const named = columns.map((column) => `${column} AS "${column}"`).join(", ");
  const where = conditions.length > 1 ? conditions.map((each) => `(${each})`).join(" and ") : conditions[0];
  const lineage = `select ${named} from ${from}${where === undefined ? "" : ` where ${where}`} order by ${order}`;
  const used = Array.from(lineage.matchAll(/\?(\d+)/g), ([, each]) => Number(each));
  return Math.max(0, ...used) === number || number === 0 ? lineage : undefined; // the values must be the same
}

/** The statement with what stands in parentheses and quotes blanked, functions' names kept. */
function blankInner(sql: string): string {
  let depth = 0;
  let blank = "";
  for (const [piece] of sql.matchAll(/'(?:[^']|'')*'|"[^"]*"|[()]|[^'"()]/g)) {
    if (piece === ")") depth--;
    blank +=
      depth > 0 || piece.length > 1 ? (/select/i.test(piece) ? "\u0001" : " ").padEnd(piece.length) : piece;
    if (piece === "(") depth++;
  }
  return blank;
}
