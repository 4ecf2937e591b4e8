// Decontamination: which evaluation texts share 13 units in a row with a document.
import { eachGram, unitsOf } from "./units.ts";

/** Units in a row that two texts share only where one was copied (GPT-3, arXiv 2005.14165, appendix C). */
export const CONTAMINATION_LENGTH = 13;

/** Texts of evaluations, to be kept out of what a model learns from. */
export interface EvaluationTexts {
  /** How many texts are long enough to be found. */
  readonly size: number;
  /** The ids of those that share `length` units in a row with a text, in the order in which they were given. */
  foundIn(text: string): string[];
}

/** Indexes the texts by every run of `length` units. */
export function indexEvaluationTexts(
  texts: Iterable<{ readonly id: string; readonly text: string }>,
  length = CONTAMINATION_LENGTH,
): EvaluationTexts {
  const ids: string[] = [];
  const owners = new Map<number, number | number[]>();
  for (const { id, text } of texts) {
    const units = unitsOf(text);
    if (units.length < length) continue;
    const own = ids.push(id) - 1;
    eachGram(units, length, (hash) => {
      const known = owners.get(hash);
      if (known === undefined) owners.set(hash, own);
      else if (typeof known !== "number") {
        if (known.at(-1) !== own) known.push(own);
      } else if (known !== own) owners.set(hash, [known, own]);
    });
  }
  return {
    size: ids.length,
    foundIn(text) {
      const found = new Set<number>();
      eachGram(unitsOf(text), length, (hash) => {
        const known = owners.get(hash);
        if (typeof known === "number") found.add(known);
        else for (const own of known ?? []) found.add(own);
      });
      return Array.from(found)
        .sort((a, b) => a - b)
        .map((own) => ids[own]);
    },
  };
}
