// Whether a database is whole.
import { BaimoError } from "../errors.ts";
import { type Database, first } from "./database.ts";

/**
 * Reads a table to its end, or without one the whole file, which takes a second for some hundred megabytes.
 *
 * where  the file's name, for messages
 * @throws {BaimoError} `format` with what is wrong first
 */
export function checkIntegrity(database: Database, where: string, table?: string): void {
  const row = first<{ quick_check: string }>(database.prepare(`PRAGMA quick_check(${table ?? 1})`));
  if (row?.quick_check === "ok") return;
  const found = row?.quick_check ?? "nothing";
  throw new BaimoError(
    "format",
    `${where} is damaged (${found}); put a backup in its place, or save what can be read: sqlite3 "${where}" .recover`,
  );
}
