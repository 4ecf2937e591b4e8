// Where two prompts differ: what one has in place of the other's, and what stands around it.

/** Two prompts at what differs between them. */
export interface PromptDifference {
  readonly document: number;
  /** The character from which they differ. */
  readonly at: number;
  readonly before: string;
  readonly a: string;
  readonly b: string;
  readonly after: string;
  /** Documents whose prompts differ in the same way. */
  readonly documents: number;
}

/** Shown of what both have. */
const AROUND = 40;
/** Shown of what one has. */
const MOST = 400;

/** A pair of prompts of one document, a text for each request. */
export interface PromptPair {
  readonly document: number;
  readonly a: readonly string[];
  readonly b: readonly string[];
}

/** The ways in which prompts differ, the commonest first. */
export function promptDifferences(pairs: readonly PromptPair[]): PromptDifference[] {
  const ways = new Map<string, PromptDifference>();
  for (const { document, a, b } of pairs) {
    const i = a.findIndex((text, i) => text !== b[i]);
    const found = differenceOf(a[i] ?? "", b[i] ?? b.at(a.length) ?? "");
    const key = JSON.stringify([found.a, found.b]);
    const known = ways.get(key);
    ways.set(
      key,
      known ? { ...known, documents: known.documents + 1 } : { document, documents: 1, ...found },
    );
  }
  return [...ways.values()].sort((one, other) => other.documents - one.documents);
}

function differenceOf(a: string, b: string): Pick<PromptDifference, "at" | "before" | "a" | "b" | "after"> {
  const [own, other] = [[...a], [...b]];
  const least = Math.min(own.length, other.length);
  let head = 0;
  while (head < least && own[head] === other[head]) head++;
  let tail = 0;
  while (tail < least - head && own.at(-1 - tail) === other.at(-1 - tail)) tail++;
  const middle = (text: readonly string[]) => shortened(text.slice(head, text.length - tail));
  return {
    at: head,
    before: own.slice(Math.max(0, head - AROUND), head).join(""),
    a: middle(own),
    b: middle(other),
    after: own.slice(own.length - tail, own.length - tail + AROUND).join(""),
  };
}

function shortened(text: readonly string[]): string {
  if (text.length <= MOST) return text.join("");
  const end = (from: number, to?: number) => text.slice(from, to).join("");
  return `${end(0, MOST / 2)}… (${text.length - MOST} characters) …${end(-MOST / 2)}`;
}
