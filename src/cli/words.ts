// Reads a list of words from one flag: "a,b".
import { InvalidArgumentError } from "commander";

/** The words, at least one. */
export function words(text: string): string[] {
  const found = text.split(",").map((word) => word.trim());
  if (found.every((word) => word !== "")) return found;
  throw new InvalidArgumentError("It must be words with commas between them, for example a,b.");
}
