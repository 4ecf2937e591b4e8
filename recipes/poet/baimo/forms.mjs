// What a clause and a form are: the same as forms.py, for the recipe without Python.
export const MARKS = "，。？！、；：";

const NAMES = { "4,5": "五言绝句", "4,7": "七言绝句", "8,5": "五言律诗", "8,7": "七言律诗", "4,6": "六言绝句" };
const OTHERS = { 4: "四言诗", 5: "五言古诗", 7: "七言古诗" };

/** The stretches between marks and line ends. */
export const clausesOf = (text) => text.split(new RegExp(`[${MARKS}\\s]+`)).filter((piece) => piece !== "");

/** The form's name by the number and length of its clauses; "" where it is irregular. */
export function formOf(text) {
  const lengths = clausesOf(text).map((clause) => [...clause].length);
  if (new Set(lengths).size !== 1 || lengths.length < 4 || lengths.length % 2 === 1) return "";
  return NAMES[`${lengths.length},${lengths[0]}`] ?? OTHERS[lengths[0]] ?? "";
}
