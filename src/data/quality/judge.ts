// Measures a document's quality and says what a profile holds against it.
import { duplicateCharacters, topCharacters } from "./grams.ts";
import type { QualityProfile } from "./thresholds.ts";
import { lengthOf, wordsOf } from "./words.ts";

/** Whether a document is kept, why not, and what was measured, by the names of reasons. */
export interface QualityVerdict {
  readonly keep: boolean;
  readonly reasons: readonly string[];
  readonly measures: Readonly<Record<string, number>>;
}

/** Judges a text by every rule of a profile, also where the first has already failed. */
export function judgeQuality(text: string, profile: QualityProfile): QualityVerdict {
  const measures: Record<string, number> = {};
  const reasons: string[] = [];
  const note = (name: string, value: number, least: number, most: number): void => {
    measures[name] = value;
    if (value < least || value > most) reasons.push(name);
  };
  const share = (part: number, of: number): number => (of === 0 ? 0 : part / of);

  const words = wordsOf(text, new Set(profile.stopWords.words));
  note("words", words.count, profile.words.least, profile.words.most);
  note("stopWords", words.stopWords, profile.stopWords.least, Infinity);
  const { least, most } = profile.averageWordLength;
  note("averageWordLength", share(words.points.length, words.count), least, most);
  const nonAlphabetic = share(words.count - words.alphabetic, words.count);
  note("nonAlphabeticWords", nonAlphabetic, 0, 1 - profile.alphabeticWords);

  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const shareOfLines = (is: (line: string) => boolean) => share(lines.filter(is).length, lines.length);
  const { ends } = profile.lineEnds;
  const punctuated = shareOfLines((line) => ends.some((end) => line.trimEnd().endsWith(end)));
  note("lineEndsWithPunctuation", punctuated, profile.lineEnds.least, 1);
  note("newLineRatio", share(text.split("\n").length - 1, words.count), 0, profile.newLineRatio);
  const { shortLines, symbolsPerWord, bulletLines, ellipsisLines } = profile;
  if (shortLines) {
    const isShort = (line: string) => lengthOf(line) <= shortLines.length;
    note("shortLines", shareOfLines(isShort), 0, shortLines.most);
  }
  if (symbolsPerWord !== undefined) {
    const symbols = text.match(/#|\.\.\.|…/g)?.length ?? 0;
    note("symbolsPerWord", share(symbols, words.count), 0, symbolsPerWord);
  }
  if (bulletLines !== undefined)
    note(
      "bulletLines",
      shareOfLines((line) => /^\s*[•‣\-*]/.test(line)),
      0,
      bulletLines,
    );
  if (ellipsisLines !== undefined)
    note(
      "ellipsisLines",
      shareOfLines((line) => /(?:\.\.\.|…)\s*$/.test(line)),
      0,
      ellipsisLines,
    );

  const length = lengthOf(text);
  note("duplicateLineCharacters", share(repeated(lines), length), 0, profile.duplicateLineCharacters);
  for (const [n, limit] of Object.entries(profile.duplicateNgramCharacters))
    note(`duplicateNgramCharacters.${n}`, share(duplicateCharacters(words, Number(n)), length), 0, limit);
  for (const [n, limit] of Object.entries(profile.topNgramCharacters))
    note(`topNgramCharacters.${n}`, share(topCharacters(words, Number(n)), length), 0, limit);
  return { keep: reasons.length === 0, reasons, measures };
}

/** Characters of lines that were met before. */
function repeated(lines: readonly string[]): number {
  const met = new Set<string>();
  let characters = 0;
  for (const line of lines) {
    if (met.has(line)) characters += lengthOf(line);
    met.add(line);
  }
  return characters;
}
