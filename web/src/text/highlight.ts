// Colours code: highlight.js by way of its tree, so that no text becomes HTML.
import { common, createLowlight } from "lowlight";

/** A piece of code, and what it is ("" for the rest). */
export interface Piece {
  kind: string;
  text: string;
}

const lowlight = createLowlight(common);
/** Longer code stays plain: colouring it would take too long at a stretch. */
const LONGEST = 30_000;

type Nodes = ReturnType<typeof lowlight.highlight>["children"];

/** The pieces of a code in a language, or undefined where it is unknown or too long. */
export function highlight(text: string, language: string): Piece[] | undefined {
  const name = language.toLowerCase();
  if (text.length > LONGEST || !lowlight.registered(name)) return undefined;
  return [...flatten(lowlight.highlight(name, text).children, "")];
}

function* flatten(nodes: Nodes, kind: string): Generator<Piece> {
  for (const node of nodes) {
    if (node.type === "text") yield { kind, text: node.value };
    if (node.type !== "element") continue;
    const [name] = (node.properties.className as string[] | undefined) ?? [];
    yield* flatten(node.children, name?.replace("hljs-", "") ?? kind);
  }
}
