// The tables of a journal in Postgres, beside those of DBOS; payloads are rows by their hash.
import { BaimoError } from "../../../errors.ts";
import { parseJson } from "../../../json.ts";
import type { Schema } from "../../../machines/postgres-tables.ts";
import type { Tables } from "../../../machines/tables.ts";
import { sha256 } from "../../../sha256.ts";
import type { Payloads } from "../engine.ts";

export const JOURNAL_SCHEMA: Schema = {
  name: "baimo",
  version: 1,
  tables: `
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
  `,
};

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
