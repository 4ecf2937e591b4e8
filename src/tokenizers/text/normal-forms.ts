// Unicode's normal forms in n log n, however many combining marks stand in a row.

/** A normal form of Unicode (UAX 15). */
export type NormalForm = "NFC" | "NFD" | "NFKC" | "NFKD";

// Runtimes insert each mark into the run before it, which takes quadratic time for long runs of mixed marks.
const LONG_RUN = 64;
/** What may become combining marks; the two halfwidth sound marks do so in the K forms. */
const MARK = "\\p{M}\\uff9e\\uff9f";
const MARKS = `[${MARK}]{${LONG_RUN},}`;
// Marks of the lowest and of the highest combining class.
const LOWEST = "\u0334";
const HIGHEST = "\u0345";

/** The text in a normal form, the same as the runtime's own `normalize` gives. */
export function toNormalForm(text: string, form: NormalForm): string {
  if (!mayHaveLongRun(text)) return text.normalize(form);
  const decomposition = form === "NFC" || form === "NFD" ? "NFD" : "NFKD";
  const composes = form === "NFC" || form === "NFKC";
  const isMark = createMarkTest();
  const parts = new Map<string, string>(); // by character: its decomposition
  let out = "";
  let head = ""; // decomposed text whose runs of marks are short
  let run: string[] = []; // the marks after it
  const flush = () => {
    if (run.length < LONG_RUN) {
      head += run.join("");
    } else {
      const classes = byClass(run);
      out += composes ? compose(head, classes) : head.normalize(form) + classes.flat().join("");
      head = "";
    }
    run = [];
  };
  const add = (character: string) => {
    let normal = parts.get(character);
    if (normal === undefined) {
      normal = character.normalize(decomposition);
      parts.set(character, normal);
    }
    for (const part of normal) {
      if (isMark(part)) {
        run.push(part);
        continue;
      }
      flush();
      head += part;
    }
  };
  let done = 0;
  for (const match of text.matchAll(new RegExp(MARKS, "gu"))) {
    // The character before the marks may have some of its own.
    const isPair = match.index > 1 && (text.charCodeAt(match.index - 1) & 0xfc00) === 0xdc00;
    const start = Math.max(done, match.index - (isPair ? 2 : 1));
    flush();
    head += text.slice(done, start).normalize(decomposition);
    done = match.index + match[0].length;
    for (const character of text.slice(start, done)) add(character);
  }
  flush();
  return out + (head + text.slice(done)).normalize(form);
}

/** Whether a text may have a long run of marks: it would hold one of every 64 code units. */
function mayHaveLongRun(text: string): boolean {
  const possible = new RegExp(`[${MARK}\\p{Cs}]`, "u"); // half of a character may belong to a mark
  const isPossible = (at: number) => text.charCodeAt(at) >= 0x300 && possible.test(text[at]);
  for (let at = LONG_RUN - 1; at < text.length; at += LONG_RUN) {
    if (!isPossible(at)) continue;
    const start = at;
    while (isPossible(at + 1)) at++;
    let before = start;
    while (isPossible(before - 1)) before--;
    if (at - before + 1 >= LONG_RUN) return true;
  }
  return false;
}

/** Tells characters that have a combining class. */
function createMarkTest(): (character: string) => boolean {
  const known = new Map<string, boolean>();
  return (character) => {
    if (character < "\u0300") return false;
    let answer = known.get(character);
    if (answer === undefined) {
      answer = goesAfter(character, LOWEST) || goesAfter(HIGHEST, character);
      known.set(character, answer);
    }
    return answer;
  };
}

/** Whether the class of the first mark is higher than that of the second. */
const goesAfter = (first: string, second: string): boolean =>
  (first + second).normalize("NFD") !== first + second;

/** Marks in canonical order, a list for each combining class: the lowest first, in a class as they stood. */
function byClass(marks: readonly string[]): string[][] {
  const kinds = [...new Set(marks)].sort((a, b) => Number(goesAfter(a, b)) - Number(goesAfter(b, a)));
  const classes: string[][] = [];
  const listOf = new Map<string, string[]>();
  for (const [i, kind] of kinds.entries()) {
    if (i === 0 || goesAfter(kind, kinds[i - 1])) classes.push([]);
    listOf.set(kind, classes[classes.length - 1]);
  }
  for (const mark of marks) listOf.get(mark)?.push(mark);
  return classes;
}

/** Composes decomposed text with the marks that follow it. */
function compose(head: string, classes: readonly string[][]): string {
  const text = head.normalize("NFC");
  const at = text.length - ((text.charCodeAt(text.length - 1) & 0xfc00) === 0xdc00 ? 2 : 1);
  let last = text.slice(Math.max(0, at));
  let rest = "";
  for (const marks of classes) {
    // A mark that stays keeps those of its class behind it from composing.
    let taken = 0;
    for (const mark of marks) {
      const composed = (last + mark).normalize("NFC");
      if (last === "" || [...composed].length > 1) break;
      last = composed;
      taken++;
    }
    rest += marks.slice(taken).join("");
  }
  return text.slice(0, Math.max(0, at)) + last + rest;
}
