// A command line in words, as a shell would split it; nothing in it is expanded.
import { BaimoError } from "../errors.ts";

/** The words of a command line: quotes hold words together. @throws {BaimoError} `request` for quotes that do not end */
export function splitCommand(line: string): string[] {
  const words = line.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  const rest = line.replace(/"[^"]*"|'[^']*'/g, "");
  if (/["']/.test(rest) || words.length === 0) {
    const message = `the command ${JSON.stringify(line.slice(0, 200))} ${words.length === 0 ? "is empty" : "has a quote that does not end"}`;
    throw new BaimoError("request", message);
  }
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, one, other) => one ?? other));
}
