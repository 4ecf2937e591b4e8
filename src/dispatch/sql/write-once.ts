// Writes once: the key stands in the same transaction as the change, so that a second try finds it.
import { BaimoError } from "../../errors.ts";
import type { Database, Value } from "../../store/database.ts";
import { first } from "../../store/database.ts";
import { type Driver, openAny } from "../../store/open-database.ts";
import { readRows } from "./query.ts";
import type { WriteForm } from "./write-form.ts";

/** What is written, and what was shown of it. */
export interface Write {
  readonly form: WriteForm;
  readonly parameters: readonly Value[];
  readonly key: string;
  /** Of the rows that the preview gave. */
  readonly rowsSha256: string;
  readonly maxRows: number;
}

const KEYS =
  "CREATE TABLE IF NOT EXISTS baimo_writes (key TEXT PRIMARY KEY, changed INTEGER NOT NULL, at TEXT NOT NULL) WITHOUT ROWID";

/**
 * Changes the rows that were shown; returns how many.
 *
 * @throws {BaimoError} `request` where the rows are others by now, or the database refuses
 */
export async function writeOnce(path: string, write: Write, open: Driver = openAny): Promise<number> {
  const database = await open(path);
  try {
    database.exec("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE");
    try {
      const changed = await change(database, write);
      database.exec("COMMIT");
      return changed;
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  } catch (cause) {
    if (cause instanceof BaimoError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BaimoError("request", `the write failed and changed nothing: ${reason}`, { cause });
  } finally {
    database.close();
  }
}

async function change(
  database: Database,
  { form, parameters, key, rowsSha256, maxRows }: Write,
): Promise<number> {
  database.exec(KEYS);
  const before = first<{ changed: number }>(
    database.prepare("SELECT changed FROM baimo_writes WHERE key = ?"),
    key,
  );
  if (before) return before.changed;
  const values = parameters.slice(0, form.parameters);
  const { sha256, rows } = await readRows(database, form.preview, values, maxRows);
  if (sha256 !== rowsSha256) {
    throw new BaimoError(
      "request",
      "the rows are others than those that were approved; nothing was written, run the task again",
    );
  }
  const changed = database.prepare(form.sql).run(...values);
  if (changed !== rows.length) {
    throw new BaimoError(
      "request",
      `the write would change ${changed} rows, but ${rows.length} were shown; nothing was written`,
    );
  }
  database.prepare("INSERT INTO baimo_writes VALUES (?, ?, datetime('now'))").run(key, changed);
  return changed;
}
