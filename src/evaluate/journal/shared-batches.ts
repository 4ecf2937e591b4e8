// Batches of a run that several machines ask: claimed and answered in tables of Postgres.
import { randomUUID } from "node:crypto";
import { BaimoError } from "../../errors.ts";
import { brief, parseJson, recordOf } from "../../json.ts";
import { Heartbeat } from "../../machines/heartbeat.ts";
import { loadPostgres, type Pool } from "../../machines/load-postgres.ts";
import { thisProcess } from "../../machines/owner.ts";
import {
  openPostgres,
  PostgresTables,
  postgresFailure,
  type Schema,
} from "../../machines/postgres-tables.ts";
import { PostgresTurns } from "../../machines/postgres-turns.ts";
import type { Answered } from "../subjects/subject.ts";
import { entryLine, type JournalEntry, readEntries } from "./journal.ts";

/** Where machines meet that share a run. */
export interface SharedPlace {
  /** Of a database of Postgres. */
  readonly address: string;
  /** What the run is called there. */
  readonly name: string;
  /** How long a machine is not heard of before others ask its questions, in milliseconds. Default: 10,000. */
  readonly deadMs?: number;
}

/** What all machines of a run must have alike. */
export interface SharedRun {
  readonly settings: Readonly<Record<string, unknown>>;
  /** When it began; that of the first machine stands. */
  readonly started: string;
  /** Batches of it. */
  readonly count: number;
}

/** A batch in the hands of this machine. */
export interface Claim {
  readonly place: number;
  /** What was answered of it before: some of it failed. */
  readonly before: ReadonlyMap<string, Answered>;
}

const DEAD_MS = 10_000;
/** Settings that a refusal names. */
const MOST_TOLD = 6;
/** Batches read together at the end. */
const PAGE = 500;

const SCHEMA: Schema = {
  name: "baimo_evaluation",
  version: 1,
  tables: `
    CREATE TABLE runs (name TEXT PRIMARY KEY, settings TEXT NOT NULL, started TEXT NOT NULL);
    CREATE TABLE batches (
      run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, place INTEGER NOT NULL,
      executor TEXT, lines TEXT, is_done BOOLEAN NOT NULL DEFAULT FALSE, has_failed BOOLEAN NOT NULL DEFAULT FALSE,
      PRIMARY KEY (run, place)
    );
    CREATE INDEX batches_open ON batches(run, place) WHERE NOT is_done;
  `,
};

/**
 * Joins a run, or begins it; of answers that failed the batches are open again.
 *
 * @throws {BaimoError} `request` where the driver or the database is not there, or for a run of other settings
 */
export async function openSharedBatches(place: SharedPlace, run: SharedRun): Promise<SharedBatches> {
  const pool = await openPostgres(place.address, SCHEMA, await loadPostgres());
  try {
    const tables = new PostgresTables(pool);
    const { name } = place;
    const settings = JSON.stringify(run.settings);
    await tables.write("INSERT INTO runs VALUES (?, ?, ?) ON CONFLICT DO NOTHING", [
      name,
      settings,
      run.started,
    ]);
    const [found] = await tables.all<{ settings: string; started: string }>(
      "SELECT settings, started FROM runs WHERE name = ?",
      name,
    );
    if (found.settings !== settings) throw otherSettings(name, found.settings, run.settings);
    await tables.write(
      "INSERT INTO batches (run, place) SELECT ?::text, place FROM generate_series(0, ?::int - 1) AS place ON CONFLICT DO NOTHING",
      [name, run.count],
    );
    await tables.write("UPDATE batches SET is_done = FALSE WHERE run = ? AND is_done AND has_failed", [name]);
    const shared = new SharedBatches(place, pool, found.started);
    await shared.start();
    return shared;
  } catch (cause) {
    await pool.end();
    throw cause instanceof BaimoError ? cause : postgresFailure(place.address, cause);
  }
}

/** Says of each setting that differs what it is there and here. */
function otherSettings(name: string, kept: string, here: SharedRun["settings"]): BaimoError {
  const where = `the settings of the shared run "${name}"`;
  const there = recordOf(parseJson(kept, where), where);
  const plain = recordOf(parseJson(JSON.stringify(here), where), where);
  const keys = [...new Set([...Object.keys(there), ...Object.keys(plain)])].filter(
    (key) => JSON.stringify(there[key]) !== JSON.stringify(plain[key]),
  );
  const say = (value: unknown) => (value === undefined ? "not set" : brief(value));
  const differences = keys
    .slice(0, MOST_TOLD)
    .map((key) => `${key} is ${say(there[key])} there and ${say(plain[key])} here`);
  if (keys.length > MOST_TOLD) differences.push(`and ${keys.length - MOST_TOLD} more differ`);
  return new BaimoError(
    "request",
    `the shared run "${name}" was begun with other settings: ${differences.join("; ")}; start every machine with the same arguments, or give this run another name ("#NAME" behind the address)`,
  );
}

export class SharedBatches {
  /** When the run began. */
  readonly started: string;
  readonly #place: SharedPlace;
  readonly #pool: Pool;
  readonly #tables: PostgresTables;
  readonly #turns: PostgresTurns;
  readonly #heartbeat: Heartbeat;
  readonly #executor = `${thisProcess()}/${randomUUID()}`;

  constructor(place: SharedPlace, pool: Pool, started: string) {
    this.#place = place;
    this.#pool = pool;
    this.started = started;
    this.#tables = new PostgresTables(pool);
    this.#turns = new PostgresTurns(pool);
    this.#heartbeat = new Heartbeat(this.#tables, {
      executor: this.#executor,
      deadMs: place.deadMs ?? DEAD_MS,
      takeOver: async (dead) => {
        await this.#tables.write("UPDATE batches SET executor = NULL WHERE executor = ?", [dead]);
      },
      beaten: async () => {},
    });
  }

  /** From here on others know when this machine is gone. */
  async start(): Promise<void> {
    await this.#heartbeat.beat();
    this.#heartbeat.start();
  }

  /** Takes the first batch that nobody has; undefined where there is none now. */
  async claim(): Promise<Claim | undefined> {
    const [row] = await this.#all<{ place: number; lines: string | null }>(
      "UPDATE batches SET executor = ? WHERE run = ? AND place = (SELECT place FROM batches WHERE run = ? AND NOT is_done AND executor IS NULL ORDER BY place LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING place, lines",
      this.#executor,
      this.#place.name,
      this.#place.name,
    );
    return row && { place: row.place, before: this.#read(row.lines ?? "") };
  }

  /** Keeps the answers of a batch, on disk; those of whoever was first stand. */
  async keep(place: number, entries: readonly JournalEntry[]): Promise<void> {
    const failed = entries.some(({ failed }) => failed !== undefined);
    const lines = entries.map(entryLine).join("");
    await this.#checked(
      this.#tables.write(
        `UPDATE batches SET lines = ?, is_done = TRUE, has_failed = ${failed}, executor = NULL WHERE run = ? AND place = ? AND NOT is_done`,
        [lines, this.#place.name, place],
        { synced: true },
      ),
    );
  }

  /** How many batches are answered, by all machines. */
  async done(): Promise<number> {
    const [{ done }] = await this.#all<{ done: number }>(
      "SELECT count(*)::int AS done FROM batches WHERE run = ? AND is_done",
      this.#place.name,
    );
    return done;
  }

  /** The answers to all questions, in their order. */
  async answers(): Promise<Map<string, Answered>> {
    const answers = new Map<string, Answered>();
    for (let from = 0; ; from += PAGE) {
      const rows = await this.#all<{ lines: string }>(
        "SELECT lines FROM batches WHERE run = ? AND place >= ? AND place < ? ORDER BY place",
        this.#place.name,
        from,
        from + PAGE,
      );
      for (const { lines } of rows) for (const [key, answer] of this.#read(lines)) answers.set(key, answer);
      if (rows.length < PAGE) return answers;
    }
  }

  /** Does something that machines do one after another. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(`evaluation ${this.#place.name}`, 1, work);
  }

  /** What this machine has in hand is the others'. */
  async close(): Promise<void> {
    await this.#heartbeat.stop().catch(() => {}); // where the database is away they find out by themselves
    await this.#turns.close().catch(() => {});
    await this.#pool.end();
  }

  #read(lines: string): Map<string, Answered> {
    return readEntries(lines.split("\n").slice(0, -1), `the shared run "${this.#place.name}"`);
  }

  #all<Row>(sql: string, ...values: readonly (string | number)[]): Promise<Row[]> {
    return this.#checked(this.#tables.all<Row>(sql, ...values));
  }

  #checked<T>(result: Promise<T>): Promise<T> {
    return result.catch((cause) => {
      throw postgresFailure(this.#place.address, cause);
    });
  }
}
