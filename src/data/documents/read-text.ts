// A text file as one row.
import { readFile, stat } from "node:fs/promises";
import { BaimoError } from "../../errors.ts";
import { textOf } from "../../json.ts";
import { type CorpusRow, LONGEST_TEXT } from "./document.ts";
import { readLines } from "./read-lines.ts";

/** The whole file as the column `text`. @throws {BaimoError} `format` where it is too large, or no UTF-8 */
export async function* readTextFile(path: string): AsyncGenerator<CorpusRow, void> {
  const { size } = await stat(path);
  if (size > LONGEST_TEXT)
    throw new BaimoError(
      "format",
      `${path}: has ${size} bytes, too many for one document; cut it, or write JSON Lines`,
    );
  if (!/\.(?:gz|zst)$/.test(path)) {
    yield { row: { text: textOf(await readFile(path), path) }, where: path };
    return;
  }
  const lines: string[] = [];
  let length = 0;
  for await (const line of readLines(path)) {
    lines.push(line);
    length += line.length + 1;
    if (length > LONGEST_TEXT)
      throw new BaimoError(
        "format",
        `${path}: unpacks to more than ${LONGEST_TEXT} characters, too many for one document`,
      );
  }
  yield { row: { text: lines.join("\n") }, where: path };
}
