// Runs on one machine: tables in SQLite, payloads in files, each run in the hands of a process.
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import { isAlive, thisProcess } from "../../machines/owner.ts";
import type { Tables } from "../../machines/tables.ts";
import { Turns } from "../../machines/turns.ts";
import { type Database, first, type Statement, transaction, type Value } from "../../store/database.ts";
import { type Driver, openDatabase } from "../../store/open-database.ts";
import type { Book, Engine, RunState, StepRow, Worker } from "./engine.ts";
import { FilePayloads } from "./file-payloads.ts";
import { Journal } from "./journal.ts";
import { SqliteSteps } from "./sqlite-steps.ts";

const VERSION = 2;
const SCHEMA = `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY, payload TEXT NOT NULL, state TEXT NOT NULL, owner TEXT,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, person TEXT
  ) WITHOUT ROWID;
  CREATE INDEX runs_person ON runs(person, created);
  CREATE INDEX runs_open ON runs(state) WHERE state IN ('running', 'waiting');
  CREATE INDEX runs_created ON runs(created);
  CREATE TABLE steps (
    run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, name TEXT NOT NULL,
    state TEXT NOT NULL, payload TEXT, attempts INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (run, name)
  ) WITHOUT ROWID;
  CREATE TABLE approvals (
    run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, name TEXT NOT NULL,
    arguments TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL,
    expires INTEGER NOT NULL, decided INTEGER, decided_by TEXT,
    PRIMARY KEY (run, name)
  ) WITHOUT ROWID;
  PRAGMA user_version = ${VERSION};
`;

/** From the version before: whose a run is. */
const FROM_1 = `
  ALTER TABLE runs ADD COLUMN person TEXT;
  CREATE INDEX runs_person ON runs(person, created);
  PRAGMA user_version = ${VERSION};
`;

/** Opens the journal of a folder, or makes it. @throws {BaimoError} as `openDatabase`; `format` for a later version's */
export async function openSqliteJournal(folder: string, driver?: Driver): Promise<Journal> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "runs.db");
  const database = await openDatabase(path, driver);
  try {
    chmodSync(path, 0o600);
    migrate(database, path);
    const tables = new SqliteTables(database);
    const payloads = new FilePayloads(join(folder, "payloads"));
    return new Journal({ tables, payloads, engine: new SqliteEngine(tables) });
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: Database, path: string): void {
  const versionOf = () =>
    first<{ user_version: number }>(database.prepare("PRAGMA user_version"))?.user_version;
  if (versionOf() === VERSION) return;
  transaction(database, () => {
    const version = versionOf() ?? 0; // another process may have made it
    if (version === 0) database.exec(SCHEMA);
    else if (version === 1) database.exec(FROM_1);
    else if (version !== VERSION) {
      throw new BaimoError(
        "format",
        `${path} has schema ${version}, and this version of baimo knows ${VERSION}; use the newer one`,
      );
    }
  });
}

class SqliteTables implements Tables {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  async all<Row>(sql: string, ...values: readonly Value[]): Promise<Row[]> {
    return this.#statement(sql).all<Row>(...values);
  }

  async write(sql: string, values: readonly Value[], { synced } = { synced: false }): Promise<number> {
    return transaction(this.#database, () => this.#statement(sql).run(...values), { synced });
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #statement(sql: string): Statement {
    const kept = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, kept);
    return kept;
  }
}

class SqliteEngine implements Engine {
  readonly #tables: Tables;
  /** Over all runs of the process. */
  readonly #turns = new Turns();

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  steps(run: string): Promise<StepRow[]> {
    return this.#tables.all("SELECT name, state, payload FROM steps WHERE run = ?", run);
  }

  async payloads(): Promise<string[]> {
    const rows = await this.#tables.all<{ payload: string }>(
      "SELECT DISTINCT payload FROM steps WHERE payload IS NOT NULL",
    );
    return rows.map(({ payload }) => payload);
  }

  /** They go with their run. */
  async forget(): Promise<void> {}

  async work(run: string, book: Book, worker: Worker): Promise<void> {
    await this.#claim(run);
    const steps = new SqliteSteps(run, { tables: this.#tables, book, turns: this.#turns }, worker);
    try {
      await this.#release(run, await worker.work(run, steps));
    } catch (error) {
      await this.#release(run, "running"); // it can be gone on with
      throw error;
    }
  }

  async attend(_book: Book, _worker: Worker, goOn: (run: string) => void): Promise<void> {
    const open = await this.#tables.all<{ id: string }>(
      "SELECT id FROM runs WHERE state = 'running' AND person IS NOT NULL",
    );
    for (const { id } of open) goOn(id);
  }

  async close(): Promise<void> {}

  /** Takes a run in hand. @throws {BaimoError} `busy` where another process has it */
  async #claim(run: string): Promise<void> {
    const [found] = await this.#tables.all<{ owner: string | null }>(
      "SELECT owner FROM runs WHERE id = ?",
      run,
    );
    const owner = found?.owner ?? null;
    const mine = thisProcess();
    const isFree = owner === null || owner === mine || !isAlive(owner);
    const claimed =
      isFree &&
      (await this.#tables.write(
        "UPDATE runs SET owner = ?, state = 'running', updated = ? WHERE id = ? AND owner IS ?",
        [mine, Date.now(), run, owner],
      ));
    if (!claimed) throw new BaimoError("busy", `run ${run} is in the hands of ${owner ?? "another process"}`);
  }

  /** Lets go of a run. */
  async #release(run: string, state: RunState): Promise<void> {
    await this.#tables.write("UPDATE runs SET owner = NULL, state = ?, updated = ? WHERE id = ?", [
      state,
      Date.now(),
      run,
    ]);
  }
}
