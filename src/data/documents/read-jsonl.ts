// Documents of a JSON Lines file.
import { parseJson } from "../../json.ts";
import { type Columns, type CorpusDocument, documentOf } from "./document.ts";
import { readLines } from "./read-lines.ts";

/**
 * One document a line; empty lines are passed over.
 * @throws {BaimoError} `format` naming the line
 */
export async function* readJsonl(path: string, columns: Columns): AsyncGenerator<CorpusDocument, void> {
  let number = 0;
  for await (const line of readLines(path)) {
    number++;
    if (line.trim() === "") continue;
    const where = `${path}, line ${number}`;
    yield documentOf(parseJson(line, where), columns, where);
  }
}
