// Tells verse from prose, so that a poem can be set as one.

const marks = "，。？！、；：";
const verseOnly = new RegExp(`^[\\p{Script=Han}○□${marks}\\s]+$`, "u");
const clause = new RegExp(`[^${marks}\\s]+[${marks}]*`, "gu");

/** A line of verse, cut into clauses: a line that is too wide breaks between them. */
export type VerseLine = string[];

/**
 * The lines of a poem, or undefined for prose.
 *
 * A text of Han characters alone is verse when it is expected to be (the model writes nothing else); otherwise its
 * clauses must be regular: at least two, all of one length from 4 to 7.
 */
export function readVerse(text: string, { expected }: { expected: boolean }): VerseLine[] | undefined {
  const trimmed = text.trim();
  if (!verseOnly.test(trimmed)) return undefined;
  const lines = trimmed.split(/\n+/).map((line) => line.match(clause) ?? []);
  if (expected) return lines;
  const lengths = lines
    .flat()
    .map((piece) => [...piece].filter((character) => !marks.includes(character)).length);
  const last = lengths.at(-1)!;
  const complete = lengths.slice(0, -1);
  const size = complete[0] ?? 0;
  const regular = size >= 4 && size <= 7 && complete.every((length) => length === size) && last <= size;
  return regular ? lines : undefined;
}

/**
 * How many characters wide a poem is set, told by what was asked for: two clauses with their marks. Seven to a clause
 * where the question says nothing.
 */
export function measureOf(question: string): number {
  const named: Record<string, number> = { 四: 4, 五: 5, 六: 6, 七: 7 };
  const [, name] = /([四五六七])(?:言|绝|律|古)/.exec(question) ?? [];
  return 2 * ((name === undefined ? 7 : named[name]!) + 1);
}
