// Opens a journal where runs are kept: a folder, or a database of Postgres.
import { isPostgres } from "../../machines/postgres-tables.ts";
import type { Driver } from "../../store/open-database.ts";
import type { Journal } from "./journal.ts";

export interface JournalOptions {
  /** Of SQLite. */
  readonly driver?: Driver;
  /** Of Postgres: how long a machine is not heard of before others take its runs over, in milliseconds. */
  readonly deadMs?: number;
}

/** @throws {BaimoError} `request` where packages or the database are not there; as `openSqliteJournal` */
export async function openJournal(place: string, { driver, deadMs }: JournalOptions = {}): Promise<Journal> {
  if (isPostgres(place)) {
    const { openDbosJournal } = await import("./dbos/dbos-engine.ts");
    return openDbosJournal(place, { deadMs });
  }
  const { openSqliteJournal } = await import("./sqlite-engine.ts");
  return openSqliteJournal(place, driver);
}
