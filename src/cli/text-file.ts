// Reads a text file that a command works on.
import { readFile } from "node:fs/promises";
import { BaimoError } from "../errors.ts";
import { parseJson } from "../json.ts";

/** The text of a file, which must be UTF-8. */
export async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BaimoError("format", `${path}: is not a text in UTF-8`, { cause });
  }
}

/** Why a file cannot be read. */
export function unreadable(path: string, cause: unknown): BaimoError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const why: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    EISDIR: "is a folder; name a file",
    EACCES: "may not be read",
  };
  return new BaimoError("request", `${path}: ${why[String(code)] ?? "cannot be read"}`, { cause });
}

/** What a file of JSON holds. */
export async function readJsonFile(path: string): Promise<unknown> {
  return parseJson(await readText(path), path);
}
