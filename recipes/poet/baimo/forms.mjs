// What a clause, a form and a tune's variant are: the same as forms.py.
export const MARKS = "，。？！、；：";

const SPLIT = new RegExp(`[${MARKS}\\s]+`);
const NAMES = { "4,5": "五言绝句", "4,7": "七言绝句", "8,5": "五言律诗", "8,7": "七言律诗", "4,6": "六言绝句" };
const OTHERS = { 4: "四言诗", 5: "五言古诗", 7: "七言古诗" };

/** The clauses of each form of a fixed length, as `shapeOf` writes them. */
export const SHAPES = Object.fromEntries(
  Object.entries(NAMES).map(([key, name]) => {
    const [count, length] = key.split(",");
    return [name, new Array(Number(count)).fill(length).join()];
  }),
);

/** The stretches between marks and line ends, in order. */
export const clausesOf = (text) => text.split(SPLIT).filter((piece) => piece !== "");

/** Characters of each clause, as "5,5,7,5": what identifies a form of shi, and a variant of a ci tune. */
export const shapeOf = (text) =>
  clausesOf(text)
    .map((clause) => [...clause].length)
    .join();

/** The form's name by the number and length of its clauses; "" where it is irregular. */
export function formOf(text) {
  const lengths = clausesOf(text).map((clause) => [...clause].length);
  if (new Set(lengths).size !== 1 || lengths.length < 4 || lengths.length % 2 === 1) return "";
  return NAMES[`${lengths.length},${lengths[0]}`] ?? OTHERS[lengths[0]] ?? "";
}

/** A poem's characters without line breaks. */
export const textOf = (poem) => poem.lines.join("");
