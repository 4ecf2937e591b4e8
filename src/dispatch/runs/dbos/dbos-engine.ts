// Runs over several machines: DBOS keeps steps in Postgres, machines take over from dead ones.
//
// A run is one workflow of DBOS from its beginning to where it waits for somebody, and one more each time
// it goes on: a stretch. Between stretches it is in no process, as over SQLite.
import { randomUUID } from "node:crypto";
import { BaimoError, type ErrorCode, throwIfAborted } from "../../../errors.ts";
import { parseJson } from "../../../json.ts";
import { Heartbeat } from "../../../machines/heartbeat.ts";
import type { Pool } from "../../../machines/load-postgres.ts";
import { thisProcess } from "../../../machines/owner.ts";
import { openPostgres, PostgresTables } from "../../../machines/postgres-tables.ts";
import { PostgresTurns } from "../../../machines/postgres-turns.ts";
import type { Tables } from "../../../machines/tables.ts";
import { onAbort } from "../../../on-abort.ts";
import type { Book, Engine, KeptStep, RunState, StepRow, Worker } from "../engine.ts";
import { Journal } from "../journal.ts";
import { DbosSteps } from "./dbos-steps.ts";
import { loadDbos, type Packages } from "./load-dbos.ts";
import { JOURNAL_SCHEMA, PostgresPayloads } from "./postgres-journal.ts";

/** How long a machine is not heard of before others take its runs over, in milliseconds. */
const DEAD_MS = 10_000;
/** How often another machine's run is asked for, in milliseconds. */
const POLL_MS = 200;
/** How long steps under way are waited for at the end, in milliseconds. */
const END_MS = 10_000;

const MOST_STRETCHES = 2 ** 31 - 1;

/** Plain JSON, so that a step's result can be read in SQL. */
const SERIALIZER = {
  name: () => "json",
  stringify: (value: unknown) => JSON.stringify(value ?? null),
  parse: (text: string | null | undefined): unknown => (text == null ? null : JSON.parse(text)),
};
const silent = () => {};
const LOGGER = { debug: silent, info: silent, warn: silent, error: silent };

/** @throws {BaimoError} `request` where the packages are not installed or the database cannot be reached */
export async function openDbosJournal(
  address: string,
  { deadMs = DEAD_MS }: { readonly deadMs?: number } = {},
): Promise<Journal> {
  const packages = await loadDbos();
  const { DBOS, postgres } = packages;
  const pool = await openPostgres(address, JOURNAL_SCHEMA, postgres, async (pool) => {
    DBOS.setConfig(settingsOf(address, pool));
    await DBOS.launch(); // makes its tables
    await DBOS.shutdown({ deregister: true });
  });
  const tables = new PostgresTables(pool);
  const engine = new DbosEngine({ packages, address, pool, tables, deadMs });
  return new Journal({ tables, payloads: new PostgresPayloads(tables), engine });
}

const settingsOf = (address: string, pool: Pool) => ({
  name: "baimo",
  systemDatabaseUrl: address,
  systemDatabasePool: pool,
  applicationVersion: "1", // of workflows that go through the same steps
  serializer: SERIALIZER,
  logger: LOGGER,
});

interface DbosEngineParts {
  readonly packages: Packages;
  readonly address: string;
  readonly pool: Pool;
  readonly tables: Tables;
  readonly deadMs: number;
}

/** How a stretch ended. */
type End = { readonly state: RunState } | { readonly code: ErrorCode; readonly message: string };
type Stretch = (run: string, stretch: number) => Promise<End>;

interface Launched {
  readonly stretch: Stretch;
  readonly heartbeat: Heartbeat;
}

class DbosEngine implements Engine {
  readonly #parts: DbosEngineParts;
  readonly #turns: PostgresTurns;
  /** What this process does with its own runs and with those that it takes over; there before DBOS is launched. */
  #doing: { readonly book: Book; readonly worker: Worker } | undefined;
  #launched: Promise<Launched> | undefined;
  #goOn: ((run: string) => void) | undefined;

  constructor(parts: DbosEngineParts) {
    this.#parts = parts;
    this.#turns = new PostgresTurns(parts.pool);
  }

  async steps(run: string): Promise<StepRow[]> {
    return [...(await this.#kept(run))].map(([name, kept]) => Object.assign({ name }, kept));
  }

  async payloads(): Promise<string[]> {
    const rows = await this.#parts.tables.all<{ payload: string | null }>(
      "SELECT DISTINCT output::jsonb ->> 'payload' AS payload FROM dbos.operation_outputs WHERE output IS NOT NULL",
    );
    return rows.flatMap(({ payload }) => payload ?? []);
  }

  async forget(runs: readonly string[]): Promise<void> {
    for (const run of runs)
      await this.#parts.tables.write("DELETE FROM dbos.workflow_status WHERE starts_with(workflow_uuid, ?)", [
        `${run}/`,
      ]);
  }

  async work(run: string, book: Book, worker: Worker): Promise<void> {
    const { signal } = worker;
    throwIfAborted(signal, "the run");
    const { stretch, heartbeat } = await this.#start(book, worker);
    await heartbeat.beat(); // from here on there is something to take over
    const { DBOS } = this.#parts.packages;
    const number = await this.#stretchOf(run);
    const handle = await DBOS.startWorkflow(stretch, { workflowID: `${run}/${number}` })(run, number);
    const end = await unlessAborted(handle.getResult({ pollingIntervalMs: POLL_MS }), signal);
    if ("code" in end) throw new BaimoError(end.code, end.message);
  }

  async attend(book: Book, worker: Worker, goOn: (run: string) => void): Promise<void> {
    this.#goOn = goOn;
    await this.#start(book, worker);
    await this.#nameAbandoned(0);
  }

  async close(): Promise<void> {
    this.#goOn = undefined;
    if (this.#launched) {
      const { heartbeat } = await this.#launched;
      await this.#parts.packages.DBOS.shutdown({ deregister: true, workflowCompletionTimeoutMS: END_MS });
      await heartbeat.stop();
    }
    await this.#turns.close();
  }

  /** Not before somebody works or attends: from then on this process takes over from dead ones. */
  #start(book: Book, worker: Worker): Promise<Launched> {
    this.#doing = { book, worker };
    this.#launched ??= this.#launch().catch((error) => {
      this.#launched = undefined; // the next one tries again
      throw error;
    });
    return this.#launched;
  }

  async #launch(): Promise<Launched> {
    const { packages, address, pool, tables, deadMs } = this.#parts;
    const { DBOS } = packages;
    const executor = `${thisProcess()}/${randomUUID()}`;
    if (DBOS.isInitialized())
      throw new BaimoError("busy", "this process has another journal in Postgres open; close that first");
    DBOS.setConfig(Object.assign(settingsOf(address, pool), { executorID: executor }));
    const stretch = DBOS.registerWorkflow((run: string, number: number) => this.#stretch(run, number), {
      name: "stretch",
    });
    const heartbeat = new Heartbeat(tables, {
      executor,
      deadMs,
      takeOver: async (dead) => void (await packages.executor().recoverPendingWorkflows([dead])),
      beaten: () => this.#nameAbandoned(deadMs),
    });
    await heartbeat.beat();
    await DBOS.launch();
    heartbeat.start();
    return { stretch, heartbeat };
  }

  async #stretch(run: string, number: number): Promise<End> {
    if (!this.#doing) throw new Error("launched without work");
    const { book, worker } = this.#doing;
    const { DBOS } = this.#parts.packages;
    const parts = { DBOS, book, turns: this.#turns, earlier: await this.#kept(run, number) };
    const steps = new DbosSteps(run, parts, worker);
    await this.#note(run, number, "running");
    try {
      const state = await worker.work(run, steps);
      await this.#note(run, number, state, number + 1);
      return { state };
    } catch (error) {
      if (steps.isLost) throw error;
      await this.#note(run, number, "running", number + 1); // it can be gone on with
      if (error instanceof BaimoError) return { code: error.code, message: error.message };
      throw error;
    }
  }

  /** Writes how a run stands, unless it is in a later stretch by now. */
  async #note(run: string, number: number, state: RunState, next = number): Promise<void> {
    await this.#parts.tables.write(
      "UPDATE runs SET state = ?, stretch = ?, updated = ? WHERE id = ? AND stretch = ?",
      [state, next, Date.now(), run, number],
    );
  }

  async #stretchOf(run: string): Promise<number> {
    const [{ stretch }] = await this.#parts.tables.all<{ stretch: number }>(
      "SELECT stretch FROM runs WHERE id = ?",
      run,
    );
    return stretch;
  }

  /** What its steps came to, before a stretch or at all. */
  async #kept(run: string, before = MOST_STRETCHES): Promise<ReadonlyMap<string, KeptStep>> {
    const rows = await this.#parts.tables.all<{ name: string; output: string }>(
      "SELECT function_name AS name, output FROM runs CROSS JOIN generate_series(0, stretch) AS n JOIN dbos.operation_outputs ON workflow_uuid = id || '/' || n WHERE id = ? AND n < ? AND output IS NOT NULL",
      run,
      before,
    );
    const kept = new Map<string, KeptStep>();
    for (const { name, output } of rows) {
      const step = parseJson(output, `step ${name} of run ${run}`) as Partial<KeptStep> | null;
      const isKept = step?.payload !== undefined && (step.state === "done" || step.state === "failed");
      if (isKept) kept.set(name, step as KeptStep);
    }
    return kept;
  }

  /** Runs of people that no workflow does, for so long. */
  async #nameAbandoned(forMs: number): Promise<void> {
    if (!this.#goOn) return;
    const found = await this.#parts.tables.all<{ id: string }>(
      "SELECT id FROM runs WHERE state = 'running' AND person IS NOT NULL AND updated < ? AND NOT EXISTS (SELECT FROM dbos.workflow_status WHERE workflow_uuid = runs.id || '/' || runs.stretch)",
      Date.now() - forMs,
    );
    for (const { id } of found) this.#goOn?.(id);
  }
}

/** Another machine's run goes on without this one. */
async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  let release = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    release = onAbort(signal, () =>
      reject(new BaimoError("aborted", "the run was aborted", { cause: signal.reason })),
    );
  });
  try {
    return await Promise.race([result, aborted]);
  } finally {
    release();
  }
}
