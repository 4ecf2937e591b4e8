// Says what language a text is in: by its script, by forms of characters, by the words that any text has.
import { hanForms } from "./han-forms.ts";
import { LATIN_LANGUAGES } from "./latin-words.ts";

/** BCP 47 as far as it is told apart; `lzh` is classical Chinese, `und` no language. */
export type Language = string;

const SCRIPTS: readonly (readonly [script: string, pattern: RegExp])[] = [
  ["Han", /\p{Script=Han}/gu],
  ["Kana", /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ["Latin", /\p{Script=Latin}/gu],
  ["ko", /\p{Script=Hangul}/gu],
  ["Cyrillic", /\p{Script=Cyrillic}/gu],
  ["ar", /\p{Script=Arabic}/gu],
  ["th", /\p{Script=Thai}/gu],
  ["he", /\p{Script=Hebrew}/gu],
  ["el", /\p{Script=Greek}/gu],
  ["hi", /\p{Script=Devanagari}/gu],
  ["bn", /\p{Script=Bengali}/gu],
  ["ta", /\p{Script=Tamil}/gu],
  ["hy", /\p{Script=Armenian}/gu],
  ["ka", /\p{Script=Georgian}/gu],
  ["km", /\p{Script=Khmer}/gu],
  ["my", /\p{Script=Myanmar}/gu],
  ["bo", /\p{Script=Tibetan}/gu],
];

/** A Latin word counts as so many Han characters. */
const LETTERS_A_CHARACTER = 3;
/** Japanese has kana in every sentence; Chinese texts quote some. */
const LEAST_KANA = 0.1;
/** Words looked at. */
const MOST_CHARACTERS = 10_000;

/** The language of a text, by its beginning where it is long. */
export function identifyLanguage(text: string): Language {
  const start = text.slice(0, MOST_CHARACTERS);
  const weights = new Map(
    SCRIPTS.map(([script, pattern]) => {
      const count = start.match(pattern)?.length ?? 0;
      return [script, script === "Han" || script === "Kana" ? count * LETTERS_A_CHARACTER : count];
    }),
  );
  const weightOf = (script: string) => weights.get(script) ?? 0;
  const [han, kana] = [weightOf("Han"), weightOf("Kana")];
  if (kana > 0 && kana >= LEAST_KANA * (han + kana)) {
    weights.set("ja", han + kana);
    weights.delete("Han");
  }
  weights.delete("Kana");
  const [script, weight] = [...weights].reduce((best, each) => (each[1] > best[1] ? each : best));
  if (weight === 0) return "und";
  if (script === "Han") return chineseOf(start);
  if (script === "Latin") return latinOf(start);
  if (script === "Cyrillic") return /[іїєґ]/i.test(start) ? "uk" : "ru";
  if (script === "ar") return /[پچژگ]/.test(start) ? "fa" : "ar";
  return script;
}

/** Words of today's Chinese, in either form, and words that classical Chinese has in their place. */
const MODERN = /[的了是我你妳您他她它们們这這那哪吗嗎呢吧啊很都没沒把被给給让讓在和到说說什么麼怎]/gu;
const CLASSICAL = /[之乎者也矣焉哉曰兮其於吾尔爾汝孰盍弗勿毋岂豈乃亦耳欤歟邪耶]/gu;
const HAN = /\p{Script=Han}/gu;

function chineseOf(text: string): Language {
  const { isSimplified, isTraditional } = hanForms();
  const characters = text.match(HAN) ?? [];
  const share = (pattern: RegExp) => (text.match(pattern)?.length ?? 0) / characters.length;
  const [modern, classical] = [share(MODERN), share(CLASSICAL)];
  if (modern < 0.05 && (classical > 0.06 || isVerse(text))) return "lzh";
  let balance = 0;
  for (const character of characters)
    balance += Number(isSimplified(character)) - Number(isTraditional(character));
  return balance < 0 ? "zh-Hant" : "zh-Hans";
}

/** Whether most clauses have one length, of four, five or seven characters. */
function isVerse(text: string): boolean {
  const lengths = text
    .split(/[\p{P}\s]+/u)
    .map((clause) => clause.match(HAN)?.length ?? 0)
    .filter((length) => length > 0);
  return [4, 5, 7].some(
    (length) =>
      lengths.length >= 4 && lengths.filter((each) => each === length).length >= 0.7 * lengths.length,
  );
}

function latinOf(text: string): Language {
  const lower = text.normalize("NFC").toLowerCase();
  const words = lower.match(/[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*/gu) ?? [];
  const scores = LATIN_LANGUAGES.map(({ language, words: known, letters }) => {
    const met = words.filter((word) => known.has(word)).length;
    return { language, score: met + (lower.match(letters)?.length ?? 0) };
  });
  const best = scores.reduce((a, b) => (b.score > a.score ? b : a));
  return best.score === 0 ? "und" : best.language;
}
