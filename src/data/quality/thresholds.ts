// FineWeb's and FineWeb-2's quality filters as data: a profile's thresholds, stop words and line ends.

/** What a document must keep to; what is left out is not measured. */
export interface QualityProfile {
  readonly name: string;
  readonly source: string;
  readonly words: { readonly least: number; readonly most: number };
  /** Words that any text of the language has, and how many of them at least. */
  readonly stopWords: { readonly words: readonly string[]; readonly least: number };
  /** Characters a word: between these. */
  readonly averageWordLength: { readonly least: number; readonly most: number };
  /** The least share of words with a letter. */
  readonly alphabeticWords: number;
  /** The least share of lines that end with one of these. */
  readonly lineEnds: { readonly ends: readonly string[]; readonly least: number };
  /** Most line breaks a word. */
  readonly newLineRatio: number;
  /** The most of the characters that may stand in lines met before. */
  readonly duplicateLineCharacters: number;
  /** The same in runs of so many words met before. */
  readonly duplicateNgramCharacters: Readonly<Record<number, number>>;
  /** The most of the characters that one run of so many words may take. */
  readonly topNgramCharacters: Readonly<Record<number, number>>;
  /** The largest share of lines of at most `length` characters. */
  readonly shortLines?: { readonly length: number; readonly most: number };
  /** The most signs "#" and "…" a word. */
  readonly symbolsPerWord?: number;
  /** The largest share of lines that begin with a bullet. */
  readonly bulletLines?: number;
  /** The largest share of lines that end with an ellipsis. */
  readonly ellipsisLines?: number;
}

/** FineWeb-2 for Chinese. Its thresholds were measured with a segmenter's words; here a Han character is a word. */
export const CHINESE: QualityProfile = {
  name: "cmn_Hani",
  source: "huggingface/fineweb-2, configs/cmn_Hani.yml, read 2026-11-22",
  words: { least: 50, most: 100_000 },
  stopWords: { words: Array.from("的了在是和有我不人这他也就到说要你会着上对与"), least: 2 },
  averageWordLength: { least: 1, most: 5 },
  alphabeticWords: 0.735,
  lineEnds: { ends: Array.from("。！？；…”」』）.!?;\"'"), least: 0.106 },
  newLineRatio: 0.178,
  duplicateLineCharacters: 0.287,
  duplicateNgramCharacters: { 5: 0.198, 6: 0.182, 7: 0.167, 8: 0.154, 9: 0.14, 10: 0.127 },
  topNgramCharacters: { 2: 0.256, 3: 0.201, 4: 0.171 },
};

/** FineWeb for English: Gopher's repetition and quality rules, with FineWeb's own of lines. */
export const ENGLISH: QualityProfile = {
  name: "eng_Latn",
  source: "FineWeb, arXiv 2406.17557 §3.5 and appendix; Gopher, arXiv 2112.11446 table A1",
  words: { least: 50, most: 100_000 },
  stopWords: { words: ["the", "be", "to", "of", "and", "that", "have", "with"], least: 2 },
  averageWordLength: { least: 3, most: 10 },
  alphabeticWords: 0.8,
  lineEnds: { ends: [".", "!", "?", '"', "'", "”", "’", ";", ":", ")"], least: 0.12 },
  newLineRatio: 0.3,
  duplicateLineCharacters: 0.1,
  duplicateNgramCharacters: { 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1 },
  topNgramCharacters: { 2: 0.2, 3: 0.18, 4: 0.16 },
  shortLines: { length: 30, most: 0.67 },
  symbolsPerWord: 0.1,
  bulletLines: 0.9,
  ellipsisLines: 0.3,
};

/** By name. */
export const QUALITY_PROFILES: ReadonlyMap<string, QualityProfile> = new Map(
  [CHINESE, ENGLISH].map((profile) => [profile.name, profile]),
);
