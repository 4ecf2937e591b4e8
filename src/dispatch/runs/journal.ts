// The journal of runs in SQLite: runs, their steps and approvals; what is large lies beside it.
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import { type Database, first, type Statement, transaction } from "../../store/database.ts";
import { newId } from "../../store/ids.ts";
import { type Driver, openDatabase } from "../../store/open-database.ts";
import { isAlive, thisProcess } from "./owner.ts";
import { Payloads } from "./payloads.ts";

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

/** A payload is named by a row so soon after it was put. */
const NAMED_WITHIN_MS = 1000;

export type RunState = "running" | "waiting" | "done" | "failed";

const ROW = "id, payload, state, created, person";

export interface RunRow {
  readonly id: string;
  readonly payload: string;
  readonly state: RunState;
  readonly created: number;
  /** Whose it is, where a server began it for somebody. */
  readonly person: string | null;
}

export interface StepRow {
  readonly state: "begun" | "done" | "failed";
  readonly payload: string | null;
  readonly attempts: number;
}

export interface ApprovalRow {
  readonly name: string;
  readonly arguments: string;
  readonly payload: string;
  readonly state: "waiting" | "approved" | "rejected";
  readonly expires: number;
  readonly decided_by: string | null;
}

/** Opens the journal of a folder, or makes it. @throws {BaimoError} as `openDatabase`; `format` for a later version's */
export async function openJournal(folder: string, driver?: Driver): Promise<Journal> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "runs.db");
  const database = await openDatabase(path, driver);
  try {
    chmodSync(path, 0o600);
    migrate(database, path);
    return new Journal(database, new Payloads(join(folder, "payloads")));
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

/** Runs, steps and approvals. What is written outlives the process; an approval outlives a power cut, too. */
export class Journal {
  readonly payloads: Payloads;
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database, payloads: Payloads) {
    this.#database = database;
    this.payloads = payloads;
  }

  close(): void {
    this.#database.close();
  }

  /** A new run of this process. `person`: for whom. */
  begin(payload: string, person: string | null = null): string {
    const id = newId();
    const now = Date.now();
    this.#write(
      "INSERT INTO runs (id, payload, state, owner, created, updated, person) VALUES (?, ?, 'running', ?, ?, ?, ?)",
      id,
      payload,
      thisProcess(),
      now,
      now,
      person,
    );
    return id;
  }

  find(id: string): RunRow | undefined {
    return this.#all<RunRow>(`SELECT ${ROW} FROM runs WHERE id = ?`, id)[0];
  }

  /** @throws {BaimoError} `request` where there is none */
  run(id: string): RunRow {
    const found = this.find(id);
    if (found) return found;
    throw new BaimoError("request", `there is no run ${id}; baimo dispatch --runs lists them`);
  }

  /** The newest first. */
  runs(limit = 50): RunRow[] {
    return this.#all(`SELECT ${ROW} FROM runs ORDER BY created DESC LIMIT ?`, limit);
  }

  /** Those of one person, the newest first; without a limit all. */
  runsOf(person: string, limit = -1): RunRow[] {
    return this.#all(`SELECT ${ROW} FROM runs WHERE person = ? ORDER BY created DESC LIMIT ?`, person, limit);
  }

  /** Forgets a person's runs for good, and the payloads that no other run names. None of them may be under way. */
  async forget(person: string): Promise<void> {
    const theirs = this.#payloadsOf("WHERE person = ?", person);
    this.#write("DELETE FROM runs WHERE person = ?", person);
    if (theirs.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, NAMED_WITHIN_MS + 1));
    transaction(this.#database, () => {
      const named = new Set(this.#payloadsOf(""));
      for (const hash of theirs) if (!named.has(hash)) this.payloads.remove(hash, NAMED_WITHIN_MS);
    });
  }

  /** The payloads of the runs that a condition chooses. */
  #payloadsOf(where: string, ...values: string[]): string[] {
    const found = `SELECT id FROM runs ${where}`;
    return this.#all<{ payload: string }>(
      `WITH chosen(id) AS (${found}) SELECT payload FROM runs WHERE id IN chosen
       UNION SELECT payload FROM steps WHERE run IN chosen AND payload IS NOT NULL
       UNION SELECT payload FROM approvals WHERE run IN chosen`,
      ...values,
    ).map(({ payload }) => payload);
  }

  /** Runs that have not ended. */
  open(): RunRow[] {
    return this.#all(`SELECT ${ROW} FROM runs WHERE state IN ('running', 'waiting')`);
  }

  /** Takes a run in hand. @throws {BaimoError} `busy` where another process has it */
  claim(id: string): void {
    this.run(id);
    transaction(
      this.#database,
      () => {
        const [{ owner }] = this.#all<{ owner: string | null }>("SELECT owner FROM runs WHERE id = ?", id);
        const mine = thisProcess();
        if (owner !== null && owner !== mine && isAlive(owner)) {
          throw new BaimoError("busy", `run ${id} is in the hands of ${owner}`);
        }
        this.#statement("UPDATE runs SET owner = ?, state = 'running', updated = ? WHERE id = ?").run(
          mine,
          Date.now(),
          id,
        );
      },
      { synced: false },
    );
  }

  /** Lets go of a run. */
  end(id: string, state: RunState): void {
    this.#write("UPDATE runs SET owner = NULL, state = ?, updated = ? WHERE id = ?", state, Date.now(), id);
  }

  step(run: string, name: string): StepRow | undefined {
    return this.#all<StepRow>(
      "SELECT state, payload, attempts FROM steps WHERE run = ? AND name = ?",
      run,
      name,
    )[0];
  }

  /** All steps that were begun. */
  steps(run: string): (StepRow & { readonly name: string })[] {
    return this.#all("SELECT name, state, payload, attempts FROM steps WHERE run = ?", run);
  }

  beginStep(run: string, name: string): void {
    this.#write(
      "INSERT INTO steps VALUES (?, ?, 'begun', NULL, 1, ?) ON CONFLICT DO UPDATE SET attempts = attempts + 1, at = excluded.at",
      run,
      name,
      Date.now(),
    );
  }

  endStep(run: string, name: string, state: "done" | "failed", payload: string): void {
    this.#write(
      "UPDATE steps SET state = ?, payload = ?, at = ? WHERE run = ? AND name = ?",
      state,
      payload,
      Date.now(),
      run,
      name,
    );
  }

  approvals(run: string): ApprovalRow[] {
    return this.#all(
      "SELECT name, arguments, payload, state, expires, decided_by FROM approvals WHERE run = ?",
      run,
    );
  }

  ask(run: string, row: { name: string; arguments: string; payload: string; expires: number }): void {
    this.#write(
      "INSERT INTO approvals VALUES (?, ?, ?, ?, 'waiting', ?, NULL, NULL)",
      run,
      row.name,
      row.arguments,
      row.payload,
      row.expires,
    );
  }

  /**
   * Decides what a run asks.
   *
   * argumentsSha256  what was shown to whoever decides
   * @throws {BaimoError} `request` where nothing waits, its time is over, or it asks for something else
   */
  decide(
    run: string,
    name: string,
    { approve, by, argumentsSha256 }: { approve: boolean; by: string; argumentsSha256: string },
  ): void {
    transaction(this.#database, () => {
      const found = this.approvals(run).find((each) => each.name === name);
      const refused = (text: string) => new BaimoError("request", `run ${run}, ${name}: ${text}`);
      if (!found) throw refused("nothing waits for an approval");
      if (found.state !== "waiting") throw refused(`it was ${found.state} before`);
      if (found.expires <= Date.now()) throw refused("the time to approve is over; run the task again");
      if (found.arguments !== argumentsSha256) throw refused("what it asks for is not what was shown");
      this.#statement(
        "UPDATE approvals SET state = ?, decided = ?, decided_by = ? WHERE run = ? AND name = ?",
      ).run(approve ? "approved" : "rejected", Date.now(), by, run, name);
    });
  }

  #statement(sql: string): Statement {
    const kept = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, kept);
    return kept;
  }

  #all<Row>(sql: string, ...values: (string | number)[]): Row[] {
    return this.#statement(sql).all<Row>(...values);
  }

  #write(sql: string, ...values: (string | number | null)[]): void {
    transaction(this.#database, () => this.#statement(sql).run(...values), { synced: false });
  }
}
