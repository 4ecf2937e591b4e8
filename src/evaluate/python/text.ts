// Methods of Python's str that tasks use.
import { SPACE_CLASS, stripText } from "../../tokenizers/chat-template/jinja/text.ts";

/** str.strip() */
export const strip = (text: string): string => stripText(text, undefined, true, true);

/** str.capitalize(): the first letter as in titles, the others small. */
export function capitalize(text: string): string {
  const [first = "", ...rest] = text;
  const upper = Array.from(first.toUpperCase());
  return (
    upper
      .slice(0, 1)
      .concat(upper.slice(1).map((c) => c.toLowerCase()))
      .join("") + lowered(first, rest.join(""))
  );
}

/** What follows a letter, in small letters: a last sigma looks at what stands before it. */
function lowered(before: string, rest: string): string {
  return (before + rest).toLowerCase().slice(before.toLowerCase().length);
}

const SPACES = new RegExp(`[${SPACE_CLASS}]+`, "gu");

/** str.split() */
export const splitWords = (text: string): string[] => text.split(SPACES).filter((word) => word !== "");

/** len(re.split(r"\s+", text)) */
export const countWords = (text: string): number => (text.match(SPACES)?.length ?? 0) + 1;
