// Reads a text file that a command works on.
import { readFile } from "node:fs/promises";
import { BaimoError } from "../errors.ts";
import { parseJson } from "../json.ts";

/** The text of a file, which must be UTF-8. */
export async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new BaimoError("request", `${path}: the text cannot be read`, { cause });
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BaimoError("format", `${path}: is not a text in UTF-8`, { cause });
  }
}

/** What a file of JSON holds. */
export async function readJsonFile(path: string): Promise<unknown> {
  return parseJson(await readText(path), path);
}
