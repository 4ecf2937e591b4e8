// Rows of a JSON Lines file.
import { parseJson } from "../../json.ts";
import type { CorpusRow } from "./document.ts";
import { readLines } from "./read-lines.ts";

/**
 * One row a line; empty lines are passed over.
 * @throws {BaimoError} `format` naming the line
 */
export async function* readJsonl(path: string): AsyncGenerator<CorpusRow, void> {
  let number = 0;
  for await (const line of readLines(path)) {
    number++;
    if (line.trim() === "") continue;
    const where = `${path}, line ${number}`;
    yield { row: parseJson(line, where), where };
  }
}
