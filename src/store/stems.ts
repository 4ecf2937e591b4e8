// Stems of English words by Porter's algorithm, as SQLite's FTS5 has them.
//
// M. F. Porter, An algorithm for suffix stripping, Program 14(3), 1980.

const CONSONANTS = "[^aeiou][^aeiouy]*";
const VOWELS = "[aeiouy][aeiou]*";
/** What stands before the first vowel; a y at the beginning is none. */
const START = `^(${CONSONANTS}|(?=[aeiou]))`;
/** How many times vowels and then consonants come: more than none, one, more than one. */
const SOME = new RegExp(`${START}${VOWELS}${CONSONANTS}`);
const ONE = new RegExp(`${START}${VOWELS}${CONSONANTS}(${VOWELS})?$`);
const MANY = new RegExp(`${START}${VOWELS}${CONSONANTS}${VOWELS}${CONSONANTS}`);
const VOWEL = new RegExp(`${START}[aeiouy]`);
const DOUBLE = /([^aeiouylsz])\1$/;
/** Consonant, vowel, consonant, the last none of these. */
const SHORT = new RegExp(`^${CONSONANTS}[aeiouy][^aeiouwxy]$`);

/** Ends and what they become, the longest first. */
const SECOND: readonly [string, string][] = [
  ["ational", "ate"],
  ["tional", "tion"],
  ["enci", "ence"],
  ["anci", "ance"],
  ["izer", "ize"],
  ["logi", "log"],
  ["bli", "ble"],
  ["alli", "al"],
  ["entli", "ent"],
  ["eli", "e"],
  ["ousli", "ous"],
  ["ization", "ize"],
  ["ation", "ate"],
  ["ator", "ate"],
  ["alism", "al"],
  ["iveness", "ive"],
  ["fulness", "ful"],
  ["ousness", "ous"],
  ["aliti", "al"],
  ["iviti", "ive"],
  ["biliti", "ble"],
];
const THIRD: readonly [string, string][] = [
  ["icate", "ic"],
  ["ative", ""],
  ["alize", "al"],
  ["iciti", "ic"],
  ["ical", "ic"],
  ["ful", ""],
  ["ness", ""],
];
const FOURTH = /(al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|(?<=[st])ion|ou|ism|ate|iti|ous|ive|ize)$/;

/** The stem of a word in small letters; of what is no English word of 3 to 64 letters, the word. */
export function stemOf(word: string): string {
  if (!/^[a-z0-9]{3,64}$/.test(word)) return word;
  let stem = word.replace(/(ss|i)es$/, "$1").replace(/([^s])s$/, "$1");
  stem = pastOrPresent(stem);
  const before = stem.slice(0, -1);
  if (stem.endsWith("y") && VOWEL.test(before)) stem = `${before}i`;
  stem = replaceEnd(replaceEnd(stem, SECOND), THIRD);
  const [end] = FOURTH.exec(stem) ?? [""];
  if (end !== "" && MANY.test(stem.slice(0, -end.length))) stem = stem.slice(0, -end.length);
  const rest = stem.slice(0, -1);
  if (stem.endsWith("e") && (MANY.test(rest) || (ONE.test(rest) && !SHORT.test(rest)))) stem = rest;
  return stem.endsWith("ll") && MANY.test(stem) ? stem.slice(0, -1) : stem;
}

/** Without -eed, -ed and -ing. */
function pastOrPresent(word: string): string {
  if (word.endsWith("eed")) return SOME.test(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const [end] = /(ed|ing)$/.exec(word) ?? [""];
  const stem = word.slice(0, word.length - end.length);
  if (end === "" || !VOWEL.test(stem)) return word;
  if (/(at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (DOUBLE.test(stem)) return stem.slice(0, -1);
  return SHORT.test(stem) ? `${stem}e` : stem;
}

function replaceEnd(word: string, ends: readonly [string, string][]): string {
  const found = ends.find(([end]) => word.endsWith(end));
  if (!found) return word;
  const [end, put] = found;
  const stem = word.slice(0, -end.length);
  return SOME.test(stem) ? stem + put : word;
}
