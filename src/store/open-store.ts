// Opens the store in a folder of this machine, for one server at a time.
import { BaimoError } from "../errors.ts";
import { callback, flag, text, withDefault } from "../option-kinds.ts";
import { call, readOptions, type TableOf } from "../options.ts";
import type { Database } from "./database.ts";
import { type Driver, openAny, openDatabase } from "./open-database.ts";
import { Store } from "./store.ts";

/** The file's name in its folder. */
export const STORE_FILE = "baimo.db";

/** Options of `openStore`. */
export interface OpenStoreOptions {
  /** How SQLite is opened. Default: with the first driver that is there. */
  readonly driver?: Driver;
  /** Whether a server will run answers in it; then no other may, and answers that broke off are marked. Default true. */
  readonly serving?: boolean;
}

/** The same, declared. */
const openStoreTable = {
  driver: callback<Driver>(),
  serving: withDefault(flag, true),
} satisfies TableOf<OpenStoreOptions>;

/**
 * Opens the store, or makes it.
 *
 * @throws {BaimoError} `device` where there is no SQLite, `format` for a file that is damaged or of a later version,
 *   `request` when another server uses it
 */
export async function openStore(given: string, options: OpenStoreOptions = {}): Promise<Store> {
  const folder = text().read(given, "folder", call("openStore"));
  const { driver = openAny, serving } = readOptions(options, openStoreTable, call("openStore"));
  const { chmod, mkdir } = await import("node:fs/promises");
  const { join } = await import("node:path");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, STORE_FILE);
  const lock = serving ? await takeLock(`${path}.lock`, driver) : undefined;
  let database: Database | undefined;
  try {
    database = await openDatabase(path, driver);
    await chmod(path, 0o600); // conversations are their owner's alone
    const store = new Store(database, { where: path, release: () => lock?.close() });
    if (serving) store.recover();
    return store;
  } catch (error) {
    database?.close();
    lock?.close();
    throw error;
  }
}

/** A database of nothing that is held while the server runs: the system lets go of it however the process ends. */
async function takeLock(path: string, driver: Driver): Promise<Database> {
  const database = await driver(path);
  try {
    database.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return database;
  } catch (cause) {
    database.close();
    throw new BaimoError(
      "request",
      `another baimo server uses ${path.replace(/\.lock$/, "")}; end it, or give this one another folder (BAIMO_HOME)`,
      { cause },
    );
  }
}
