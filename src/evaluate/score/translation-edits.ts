// TER: the edits and shifts that make a reference of an answer, as sacrebleu counts them.
import { stripText } from "../../tokenizers/chat-template/jinja/text.ts";
import { type Statistics, wordsOf } from "./ngrams.ts";

const MOST_SHIFTED = 10;
const FARTHEST = 50;
const BEAM = 25;
const MOST_CANDIDATES = 1000;
const FAR = 1e16;

type Edit = "keep" | "replace" | "delete" | "insert" | "none";

/** [edits, words of the reference] */
export function terStatistics(reference: string, answer: string): Statistics {
  const words = (text: string) => wordsOf(stripText(text, undefined, false, true).toLowerCase());
  const right = words(reference);
  return [countEdits(words(answer), right), right.length];
}

/** TER in percent. */
export function ter([edits, words]: Statistics): number {
  if (words > 0) return 100 * (edits / words);
  return edits > 0 ? 100 : 0;
}

function countEdits(answer: readonly string[], reference: readonly string[]): number {
  if (reference.length === 0) return answer.length;
  let words = answer;
  let shifts = 0;
  let checked = 0;
  for (;;) {
    const best = bestShift(words, reference, checked);
    checked = best.checked;
    if (checked >= MOST_CANDIDATES || best.gain <= 0) break;
    shifts++;
    words = best.words;
  }
  return shifts + editDistance(words, reference).distance;
}

interface Shift {
  readonly gain: number;
  readonly words: readonly string[];
  readonly checked: number;
}

/** The shift that saves most edits; of equal ones the longest, then the earliest, then to the earliest place. */
function bestShift(words: readonly string[], reference: readonly string[], before: number): Shift {
  const { distance, edits } = editDistance(words, reference);
  const { places, wrongWords, wrongReference } = alignment(edits);
  let checked = before;
  let best: { rank: readonly number[]; words: readonly string[] } | undefined;
  for (const { start, at, length } of commonRuns(words, reference)) {
    const isWrong = (errors: readonly boolean[], from: number) =>
      errors.slice(from, from + length).includes(true);
    if (!isWrong(wrongWords, start) || !isWrong(wrongReference, at)) continue;
    const place = places[at];
    if (start <= place && place < start + length) continue;
    let last = -1;
    for (let offset = -1; offset < length; offset++) {
      if (at + offset >= places.length) break;
      const target = at + offset === -1 ? 0 : places[at + offset] + 1;
      if (target === last) continue;
      last = target;
      const shifted = shift(words, start, length, target);
      const rank = [distance - editDistance(shifted, reference).distance, length, -start, -target];
      checked++;
      if (!best || isAbove(rank, best.rank)) best = { rank, words: shifted };
    }
    if (checked >= MOST_CANDIDATES) break;
  }
  return best ? { gain: best.rank[0], words: best.words, checked } : { gain: 0, words, checked };
}

function isAbove(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, at) => value !== b[at]);
  return i >= 0 && a[i] > b[i];
}

function shift(words: readonly string[], start: number, length: number, target: number): string[] {
  const moved = words.slice(start, start + length);
  const rest = words.slice(0, start).concat(words.slice(start + length));
  const to = target < start ? target : target > start + length ? target - length : target;
  return rest.slice(0, to).concat(moved, rest.slice(to));
}

/** Runs of words that stand on both sides, of every length. */
function* commonRuns(words: readonly string[], reference: readonly string[]) {
  for (let start = 0; start < words.length; start++) {
    for (let at = 0; at < reference.length; at++) {
      if (Math.abs(at - start) > FARTHEST) continue;
      for (let length = 0; length < MOST_SHIFTED && words[start + length] === reference[at + length]; ) {
        length++;
        yield { start, at, length };
        if (start + length === words.length || at + length === reference.length) break;
      }
    }
  }
}

/** For each word of the reference the word before which it stands, and which words are wrong. */
function alignment(edits: readonly Edit[]) {
  const places: number[] = [];
  const wrongWords: boolean[] = [];
  const wrongReference: boolean[] = [];
  let at = -1;
  // Read the other way round: what is deleted from the answer is inserted in the reference.
  for (const edit of edits) {
    if (edit === "delete") {
      at++;
      wrongWords.push(true);
      continue;
    }
    if (edit !== "insert") {
      at++;
      wrongWords.push(edit === "replace");
    }
    places.push(at);
    wrongReference.push(edit !== "keep");
  }
  return { places, wrongWords, wrongReference };
}

/** Levenshtein's distance within a beam around the diagonal, with the edits. */
function editDistance(
  words: readonly string[],
  reference: readonly string[],
): { distance: number; edits: Edit[] } {
  const width = reference.length + 1;
  const costs = new Float64Array((words.length + 1) * width).fill(FAR);
  const steps = new Array<Edit>(costs.length).fill("none");
  for (let j = 0; j < width; j++) {
    costs[j] = j;
    steps[j] = "insert";
  }
  const ratio = words.length > 0 ? reference.length / words.length : 1;
  const beam = BEAM < ratio / 2 ? Math.ceil(ratio / 2 + BEAM) : BEAM;
  for (let i = 1; i <= words.length; i++) {
    const diagonal = Math.floor(i * ratio);
    const last = i === words.length ? width : Math.min(width, diagonal + beam);
    for (let j = Math.max(0, diagonal - beam); j < last; j++) {
      const at = i * width + j;
      const take = (cost: number, step: Edit) => {
        if (costs[at] <= cost) return;
        costs[at] = cost;
        steps[at] = step;
      };
      if (j === 0) {
        costs[at] = costs[at - width] + 1;
        steps[at] = "delete";
        continue;
      }
      const equal = words[i - 1] === reference[j - 1];
      take(costs[at - width - 1] + (equal ? 0 : 1), equal ? "keep" : "replace");
      take(costs[at - width] + 1, "delete");
      take(costs[at - 1] + 1, "insert");
    }
  }
  const edits: Edit[] = [];
  for (let i = words.length, j = reference.length; i > 0 || j > 0; ) {
    const edit = steps[i * width + j];
    edits.push(edit);
    if (edit !== "insert") i--;
    if (edit !== "delete") j--;
  }
  return { distance: costs[costs.length - 1], edits: edits.reverse() };
}
