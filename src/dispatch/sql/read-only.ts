// Opens a database file that nothing can write, and tries to.
import { pathToFileURL } from "node:url";
import { BaimoError } from "../../errors.ts";
import type { Database } from "../../store/database.ts";
import { type Driver, openAny } from "../../store/open-database.ts";

/**
 * Opens a file for reading alone; a driver that lets a canary be written is not used.
 *
 * @throws {BaimoError} `device` where it can be written, `format` where it is no database
 */
export async function openReadOnly(path: string, open: Driver = openAny): Promise<Database> {
  const database = await open(`${pathToFileURL(path).href}?mode=ro`);
  try {
    database.prepare("SELECT count(*) FROM sqlite_schema").all();
    checkCanary(database, path);
    return database;
  } catch (cause) {
    database.close();
    if (cause instanceof BaimoError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BaimoError("format", `${path} cannot be read as a database: ${reason}`, { cause });
  }
}

/** A write that must fail; what it wrote is taken back. */
function checkCanary(database: Database, path: string): void {
  database.exec("BEGIN");
  let reason = "";
  try {
    database.exec("CREATE TABLE baimo_canary (song TEXT)");
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  database.exec("ROLLBACK");
  if (/readonly|read-only/i.test(reason)) return;
  const found = reason === "" ? "can be written" : `refuses a write for another reason: ${reason}`;
  throw new BaimoError(
    "device",
    `${path} must be open for reading only, but ${database.driver} says it ${found}`,
  );
}
