// The ways in which prompts differ: word by word, what one has in place of the other's.
import { diffWords, type Stretch } from "./word-diff.ts";

/** A way in which prompts differ. */
export interface PromptDifference {
  /** The first document that it is seen in. */
  readonly document: number;
  /** How many have the same differences. */
  readonly documents: number;
  /** What differs in that document, with a little of what both have around it. */
  readonly stretches: readonly Stretch[];
}

/** Characters that are shown of what both have, at either side; and of what one has. */
const AROUND = 24;
const MOST = 200;

/** A pair of prompts of one document, a text for each request. */
export interface PromptPair {
  readonly document: number;
  readonly a: readonly string[];
  readonly b: readonly string[];
}

/** The ways, the commonest first. */
export function promptDifferences(pairs: readonly PromptPair[]): PromptDifference[] {
  const ways = new Map<string, PromptDifference>();
  for (const { document, a, b } of pairs) {
    const first = a.findIndex((text, i) => text !== b[i]);
    const at = first < 0 ? a.length : first;
    const stretches = diffWords(a[at] ?? "", b[at] ?? "");
    const key = JSON.stringify(stretches.filter((one) => !("same" in one)));
    const known = ways.get(key);
    ways.set(
      key,
      known
        ? { ...known, documents: known.documents + 1 }
        : { document, documents: 1, stretches: stretches.map(shortened) },
    );
  }
  return [...ways.values()].sort((one, other) => other.documents - one.documents);
}

function shortened(stretch: Stretch, i: number, all: readonly Stretch[]): Stretch {
  if (!("same" in stretch))
    return { a: cut(stretch.a, MOST / 2, MOST / 2), b: cut(stretch.b, MOST / 2, MOST / 2) };
  return { same: cut(stretch.same, i === 0 ? 0 : AROUND, i === all.length - 1 ? 0 : AROUND) };
}

/** So many characters of a text's beginning and end. */
function cut(text: string, head: number, tail: number): string {
  const characters = [...text];
  if (characters.length <= head + tail + 1) return text;
  const end = tail === 0 ? "" : characters.slice(-tail).join("");
  return `${characters.slice(0, head).join("")}…${end}`;
}
