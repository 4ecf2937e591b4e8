// Tables in Postgres, in a schema of their own, which the first machine makes.
import { BaimoError } from "../errors.ts";
import type { Value } from "../store/database.ts";
import type { Pool, Postgres } from "./load-postgres.ts";
import type { Tables } from "./tables.ts";

/** Tables that belong together. Times are milliseconds since 1970, in a type that comes back as a number. */
export interface Schema {
  readonly name: string;
  readonly version: number;
  /** Statements that make them; those of heartbeats are made beside them. */
  readonly tables: string;
}

/** Those that heartbeats need, and the version of all. */
const COMMON = `
  CREATE TABLE executors (id TEXT PRIMARY KEY, heard TIMESTAMPTZ NOT NULL);
  CREATE TABLE versions (version INTEGER NOT NULL);
`;

/** Whether a place is a database of Postgres, not a folder. */
export const isPostgres = (place: string): boolean => /^postgres(ql)?:\/\//u.test(place);

/** As over SQLite: what is not synced outlives the process, but not a power cut of the server. */
const settingsOf = ({ name }: Schema) => `-c search_path=${name} -c synchronous_commit=off`;

/**
 * Opens a database, and makes the tables where they are not yet, after what `prepare` makes.
 *
 * @throws {BaimoError} `request` where it cannot be reached; `format` for a later version's
 */
export async function openPostgres(
  address: string,
  schema: Schema,
  { Pool }: Postgres,
  prepare: (pool: Pool) => Promise<void> = async () => {},
): Promise<Pool> {
  try {
    const pool = new Pool({ connectionString: address, options: settingsOf(schema) });
    pool.on("error", () => {}); // of a connection that is not in use; the next query takes another
    try {
      await migrate(pool, schema, () => prepare(pool));
      return pool;
    } catch (cause) {
      await pool.end();
      throw cause;
    }
  } catch (cause) {
    throw cause instanceof BaimoError ? cause : postgresFailure(address, cause);
  }
}

/** That of the driver or the server, told with the place, without a password. */
export function postgresFailure(address: string, cause: unknown): BaimoError {
  const { host, pathname } = URL.canParse(address) ? new URL(address) : { host: "", pathname: "?" };
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  const message = `the database of Postgres ${host || "localhost"}${pathname} cannot be used: ${reason}`;
  return new BaimoError("request", message, { cause });
}

/** One machine at a time. */
async function migrate(
  pool: Pool,
  { name, version: known, tables }: Schema,
  prepare: () => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(hashtext('${name}'))`);
    const { rows } = await client.query(`SELECT to_regclass('${name}.versions') AS found`);
    const [{ found }] = rows as [{ found: string | null }];
    if (found === null) {
      await prepare();
      const filled = `INSERT INTO versions VALUES (${known})`;
      await client.query(`BEGIN; CREATE SCHEMA IF NOT EXISTS ${name}; ${COMMON} ${tables} ${filled}; COMMIT`);
    }
    const versions = await client.query("SELECT version FROM versions");
    const [{ version }] = versions.rows as [{ version: number }];
    if (version === known) return;
    throw new BaimoError(
      "format",
      `the tables ${name} in Postgres have schema ${version}, and this version of baimo knows ${known}; use the newer one`,
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
