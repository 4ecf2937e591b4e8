// The tables of a journal in Postgres, beside those of DBOS; payloads are rows by their hash.
import { BaimoError } from "../../../errors.ts";
import { parseJson } from "../../../json.ts";
import { sha256 } from "../../../sha256.ts";
import type { Value } from "../../../store/database.ts";
import type { Payloads } from "../engine.ts";
import type { Tables } from "../tables.ts";
import type { Packages, Pool } from "./load-dbos.ts";

const VERSION = 1;
/** Times are milliseconds since 1970, in a type that comes back as a number. */
const SCHEMA = `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY, payload TEXT NOT NULL, state TEXT NOT NULL, stretch INTEGER NOT NULL DEFAULT 0,
    created DOUBLE PRECISION NOT NULL, updated DOUBLE PRECISION NOT NULL, person TEXT
  );
  CREATE INDEX runs_person ON runs(person, created);
  CREATE INDEX runs_open ON runs(state) WHERE state IN ('running', 'waiting');
  CREATE INDEX runs_created ON runs(created);
  CREATE TABLE approvals (
    run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, name TEXT NOT NULL,
    arguments TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL,
    expires DOUBLE PRECISION NOT NULL, decided DOUBLE PRECISION, decided_by TEXT,
    PRIMARY KEY (run, name)
  );
  CREATE TABLE payloads (hash TEXT PRIMARY KEY, json TEXT NOT NULL, put TIMESTAMPTZ NOT NULL);
  CREATE TABLE executors (id TEXT PRIMARY KEY, heard TIMESTAMPTZ NOT NULL);
  CREATE TABLE versions (version INTEGER NOT NULL);
  INSERT INTO versions VALUES (${VERSION});
`;

/** As over SQLite: what is not synced outlives the process, but not a power cut of the server. */
const SETTINGS = "-c search_path=baimo -c synchronous_commit=off";

/**
 * Opens a database, and makes the tables where they are not yet, after what `prepare` makes.
 *
 * @throws {BaimoError} `request` where it cannot be reached; `format` for a later version's
 */
export async function openPostgres(
  address: string,
  Pool: Packages["Pool"],
  prepare: (pool: Pool) => Promise<void>,
): Promise<Pool> {
  const pool = new Pool({ connectionString: address, options: SETTINGS });
  pool.on("error", () => {}); // of a connection that is not in use; the next query takes another
  try {
    await migrate(pool, () => prepare(pool));
    return pool;
  } catch (cause) {
    await pool.end();
    if (cause instanceof BaimoError) throw cause;
    const { host, pathname } = new URL(address);
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
    const message = `the database of Postgres ${host}${pathname} cannot be used: ${reason}`;
    throw new BaimoError("request", message, { cause });
  }
}

/** One machine at a time. */
async function migrate(pool: Pool, prepare: () => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("SELECT pg_advisory_lock(hashtext('baimo'))");
    const { rows } = await client.query("SELECT to_regclass('baimo.versions') AS found");
    const [{ found }] = rows as [{ found: string | null }];
    if (found === null) {
      await prepare();
      await client.query(`BEGIN; CREATE SCHEMA IF NOT EXISTS baimo; ${SCHEMA} COMMIT`);
    }
    const versions = await client.query("SELECT version FROM versions");
    const [{ version }] = versions.rows as [{ version: number }];
    if (version === VERSION) return;
    throw new BaimoError(
      "format",
      `the journal in Postgres has schema ${version}, and this version of baimo knows ${VERSION}; use the newer one`,
    );
  } finally {
    client.release(true); // its lock ends with it
  }
}

export class PostgresTables implements Tables {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async all<Row>(sql: string, ...values: readonly Value[]): Promise<Row[]> {
    const { rows } = await this.#pool.query(numbered(sql), values);
    return rows as Row[]; // as the statement selects them
  }

  async write(sql: string, values: readonly Value[], { synced } = { synced: false }): Promise<number> {
    if (!synced) return (await this.#pool.query(numbered(sql), values)).rowCount;
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN; SET LOCAL synchronous_commit = on");
      const { rowCount } = await client.query(numbered(sql), values);
      await client.query("COMMIT");
      client.release();
      return rowCount;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

/** `$1`, `$2` … in the place of each `?`. */
function numbered(sql: string): string {
  let n = 0;
  return sql.replaceAll("?", () => `$${++n}`);
}

export class PostgresPayloads implements Payloads {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  async put(value: unknown): Promise<string> {
    const json = JSON.stringify(value) ?? "null";
    const hash = await sha256(json);
    await this.#tables.write(
      "INSERT INTO payloads VALUES (?, ?, now()) ON CONFLICT (hash) DO UPDATE SET put = now()",
      [hash, json],
    );
    return hash;
  }

  async get(hash: string): Promise<unknown> {
    const [row] = await this.#tables.all<{ json: string }>("SELECT json FROM payloads WHERE hash = ?", hash);
    if (row && (await sha256(row.json)) === hash) return parseJson(row.json, `payload ${hash}`);
    const fault = row ? "was changed: its hash is another than its name" : "is gone; put its backup back";
    throw new BaimoError("format", `the payload ${hash} ${fault}`);
  }

  async remove(hash: string, within: number): Promise<void> {
    await this.#tables.write(
      "DELETE FROM payloads WHERE hash = ? AND put < now() - ? * INTERVAL '1 millisecond'",
      [hash, within],
    );
  }
}
