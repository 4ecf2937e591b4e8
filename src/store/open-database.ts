// Opens SQLite's file with the driver that is there, checked and set up.
import { BaimoError } from "../errors.ts";
import type { Database } from "./database.ts";
import { openLibsql } from "./drivers/libsql.ts";
import { openNodeSqlite } from "./drivers/node-sqlite.ts";

/** Opens a database file. */
export type Driver = (path: string) => Promise<Database>;

/** In the order in which they are tried. */
export const drivers: readonly Driver[] = [openNodeSqlite, openLibsql];

/** How long a statement waits for another process that writes, in milliseconds. */
const BUSY_MS = 5000;

const SETTINGS = `
  PRAGMA busy_timeout = ${BUSY_MS};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA recursive_triggers = ON;
`;

/**
 * Opens a file, or makes it.
 *
 * @throws {BaimoError} `device` where there is no SQLite, `format` for a file that is damaged or something else
 */
export async function openDatabase(path: string, open: Driver = openAny): Promise<Database> {
  let database: Database | undefined;
  try {
    database = await open(path);
    database.exec(SETTINGS);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof BaimoError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `${path} cannot be opened as a database: ${reason}; put a backup in its place, or move it away to begin anew`;
    throw new BaimoError("format", message, { cause });
  }
}

/** Opens with the first driver that this runtime has. @throws {BaimoError} `device` where it has none */
export async function openAny(path: string): Promise<Database> {
  for (const open of drivers) {
    try {
      return await open(path);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }
  throw new BaimoError(
    "device",
    "they need SQLite, which Node has from 22.13 on; on an older one install it beside baimo: npm install libsql",
  );
}

function isAbsent(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return (
    code === "ERR_UNKNOWN_BUILTIN_MODULE" || code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND"
  );
}
