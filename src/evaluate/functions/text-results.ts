// `process_results` over texts: words of SQuAD, LongBench and MLQA that agree, RULER, BABILong.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { SPACE_CLASS } from "../../tokenizers/chat-template/jinja/text.ts";
import { splitWords, strip } from "../python/text.ts";
import { float } from "../python/values.ts";
import { argmax } from "../score/likeliest.ts";
import type { Document } from "../tasks/document.ts";
import { logprobsOf, type Results, textOfAnswer } from "./answers.ts";
import { textIn, textsIn, wholeIn } from "./documents.ts";

const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/g;
/** `\b(a|an|the)\b` of Python, whose words have letters of any script. */
const wholeWords = (words: string) => new RegExp(`(?<![\\p{L}\\p{N}_])(?:${words})(?![\\p{L}\\p{N}_])`, "gu");
const ENGLISH = wholeWords("a|an|the");

const normalized = (text: string): string[] =>
  splitWords(text.toLowerCase().replace(ASCII_PUNCTUATION, "").replace(ENGLISH, " "));

/** Words that two lists share, each as often as in both. */
function shared(a: readonly string[], b: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const word of a) counts.set(word, (counts.get(word) ?? 0) + 1);
  let same = 0;
  for (const word of b) {
    const left = counts.get(word) ?? 0;
    if (left > 0) same++;
    counts.set(word, left - 1);
  }
  return same;
}

/** F1 of words; an int where none agrees, as Python gives it. */
function wordsF1(answer: readonly string[], wanted: readonly string[]): unknown {
  const same = shared(answer, wanted);
  if (same === 0) return 0;
  const precision = same / answer.length;
  const recall = same / wanted.length;
  return float((2 * precision * recall) / (precision + recall));
}

/** The best value of the wanted answers; of equal ones the first. */
const best = (values: readonly unknown[]): unknown =>
  values.reduce((most, value) => (Number(value) > Number(most) ? value : most));

// --- SQuAD, as transformers scores it ---

function squadF1(wanted: string, answer: string): unknown {
  const [gold, own] = [normalized(wanted), normalized(answer)];
  if (gold.length === 0 || own.length === 0) return Number(gold.length === own.length);
  return wordsF1(own, gold);
}

const squadExact = (wanted: string, answer: string): number =>
  Number(normalized(wanted).join(" ") === normalized(answer).join(" "));

/** The first of a document's right answers, whose column is a list of records, or a record of lists. */
function firstAnswer({ answers }: Document): string {
  const first = Array.isArray(answers) ? answers[0] : answers;
  const text = isRecord(first) ? [first.text].flat()[0] : undefined;
  if (typeof text === "string") return text;
  throw new BaimoError("format", `a document's answers must have a text but is ${brief(answers)}`);
}

export const squadFirst: Results = (document, answers) => {
  const [wanted, answer] = [firstAnswer(document), textOfAnswer(answers)];
  return { f1: squadF1(wanted, answer), exact_match: squadExact(wanted, answer) };
};

/** ReCoRD: the likeliest entity against all right ones. */
export const record: Results = (document, answers) => {
  const answer = textsIn(document, "entities")[argmax(logprobsOf(answers))];
  const wanted = textsIn(document, "answers");
  return {
    f1: best(wanted.map((one) => squadF1(one, answer))),
    em: best(wanted.map((one) => squadExact(one, answer))),
  };
};

// --- LongBench ---

/** The best over a document's answers, at least 0.0, under two names. */
const longbench =
  (name: string, score: (answer: string, wanted: string, document: Document) => unknown): Results =>
  (document, answers) => {
    const answer = strip(textOfAnswer(answers));
    const values = textsIn(document, "answers").map((wanted) => score(answer, wanted, document));
    const found = float(Number(best([0, ...values])));
    return { score: found, [name]: found };
  };

export const longbenchQa = longbench("qa_f1_score", (answer, wanted) =>
  wordsF1(normalized(answer), normalized(wanted)),
);

const shareOfNumbers = (answer: string, wanted: string | undefined): number => {
  const numbers = answer.match(/\p{Nd}+/gu) ?? [];
  return numbers.length === 0 ? 0 : numbers.filter((number) => number === wanted).length / numbers.length;
};

export const longbenchCount = longbench("count_score", shareOfNumbers);

const retrieval = (pattern: RegExp) => (answer: string, wanted: string) => {
  const found = pattern.exec(wanted);
  if (found) return shareOfNumbers(answer, found[1]);
  throw new BaimoError("format", `a document's answer must name a paragraph but is ${brief(wanted)}`);
};
export const longbenchRetrieval = longbench("retrieval_score", retrieval(/Paragraph (\p{Nd}+)/u));
export const longbenchRetrievalZh = longbench("retrieval_zh_score", retrieval(/段落(\p{Nd}+)/u));

export const longbenchClasses = longbench("classification_score", (answer, wanted, document) => {
  const found = textsIn(document, "all_classes").filter((name) => answer.includes(name));
  // Python takes from the list that it walks over: what moves up is not looked at.
  for (let i = 0; i < found.length; i++)
    if (wanted.includes(found[i]) && found[i] !== wanted) found.splice(found.indexOf(found[i]), 1);
  return found.includes(wanted) ? 1 / found.length : 0;
});

// --- MLQA ---

const PUNCTUATION = /[\p{P}$+<=>^`|~]/gu;
const ARTICLES: Readonly<Record<string, RegExp>> = {
  en: ENGLISH,
  es: wholeWords("un|una|unos|unas|el|la|los|las"),
  vi: wholeWords("của|là|cái|chiếc|những"),
  de: wholeWords("ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des"),
  ar: new RegExp(`(?:^|[${SPACE_CLASS}])ال`, "gu"),
};

export const mlqa = (language: string): Results => {
  const words = (text: string): string[] => {
    const plain = text.toLowerCase().replace(PUNCTUATION, "");
    const bare = Object.hasOwn(ARTICLES, language) ? plain.replace(ARTICLES[language], " ") : plain;
    return splitWords(language === "zh" ? bare.replace(/[\u4e00-\u9fa5]/gu, " $& ") : bare);
  };
  return (document, answers) => {
    const answer = words(strip(textOfAnswer(answers)));
    const all = textsIn(document, "answers").map(words);
    const isSame = (wanted: readonly string[]) => wanted.join(" ") === answer.join(" ");
    return { exact_match: all.some(isSame), f1: best(all.map((wanted) => wordsF1(answer, wanted))) };
  };
};

// --- RULER, BABILong, InfiniteBench ---

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROLS = /[\x00-\x1f]/g;
const withoutControls = (text: string, by: string): string => strip(strip(text).replace(CONTROLS, by));

/** The share of the wanted texts that an answer has. Lengths that a document is not of have -1. */
export const ruler: Results = (document, answers) => {
  const answer = withoutControls(textOfAnswer(answers), "\n").toLowerCase();
  const wanted = textsIn(document, "outputs");
  const found = wanted.filter((one) => answer.includes(one.toLowerCase())).length;
  const scores: Record<string, unknown> = { 4096: float(-1) };
  scores[String(wholeIn(document, "max_length"))] = float(found / wanted.length);
  return scores;
};

export const babilong: Results = (document, answers) => {
  const answer = withoutControls(textOfAnswer(answers), "\n").toLowerCase();
  return { acc: float(Number(answer.includes(strip(textIn(document, "target")).toLowerCase()))) };
};

export const infinitebench: Results = (document, answers) => {
  const answer = withoutControls(textOfAnswer(answers), " ").toUpperCase();
  const isThere = textsIn(document, "answer").some((one) => answer.includes(strip(one).toUpperCase()));
  return { score: float(Number(isThere)) };
};
