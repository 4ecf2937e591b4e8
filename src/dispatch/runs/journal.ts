// The journal of runs: what is run for whom, what waits for an approval; an engine does steps.
import { setTimeout as wait } from "node:timers/promises";
import { BaimoError } from "../../errors.ts";
import type { Tables } from "../../machines/tables.ts";
import { newId } from "../../store/ids.ts";
import type { Engine, Payloads, RunState, StepRow, Verdict, Worker } from "./engine.ts";
import type { ApprovalRequest } from "./steps.ts";

/** A payload is named by a row so soon after it was put. */
const NAMED_WITHIN_MS = 1000;

const ROW = "id, payload, state, created, person";

export interface RunRow {
  readonly id: string;
  readonly payload: string;
  readonly state: RunState;
  readonly created: number;
  /** Whose it is, where a server began it for somebody. */
  readonly person: string | null;
}

export interface ApprovalRow {
  readonly name: string;
  readonly arguments: string;
  readonly payload: string;
  readonly state: "waiting" | "approved" | "rejected";
  readonly expires: number;
  readonly decided_by: string | null;
}

/** What somebody says to an approval. */
export interface JournalDecision {
  readonly approve: boolean;
  readonly by: string;
  /** What was shown to whoever decides. */
  readonly argumentsSha256: string;
}

export interface JournalParts {
  readonly tables: Tables;
  readonly payloads: Payloads;
  readonly engine: Engine;
}

/** Runs, steps and approvals. What is written outlives the process; an approval outlives a power cut, too. */
export class Journal {
  readonly payloads: Payloads;
  readonly #tables: Tables;
  readonly #engine: Engine;

  constructor({ tables, payloads, engine }: JournalParts) {
    this.payloads = payloads;
    this.#tables = tables;
    this.#engine = engine;
  }

  async close(): Promise<void> {
    await this.#engine.close();
    await this.#tables.close();
  }

  /** A new run. `person`: for whom. */
  async begin(payload: string, person: string | null = null): Promise<string> {
    const id = newId();
    const now = Date.now();
    await this.#tables.write(
      "INSERT INTO runs (id, payload, state, created, updated, person) VALUES (?, ?, 'running', ?, ?, ?)",
      [id, payload, now, now, person],
    );
    return id;
  }

  async find(id: string): Promise<RunRow | undefined> {
    const [found] = await this.#tables.all<RunRow>(`SELECT ${ROW} FROM runs WHERE id = ?`, id);
    return found;
  }

  /** @throws {BaimoError} `request` where there is none */
  async run(id: string): Promise<RunRow> {
    const found = await this.find(id);
    if (found) return found;
    throw new BaimoError("request", `there is no run ${id}; baimo dispatch --runs lists them`);
  }

  /** The newest first. */
  runs(limit = 50): Promise<RunRow[]> {
    return this.#tables.all(`SELECT ${ROW} FROM runs ORDER BY created DESC LIMIT ?`, limit);
  }

  /** Those of one person, the newest first; without a limit all. */
  runsOf(person: string, limit = Number.MAX_SAFE_INTEGER): Promise<RunRow[]> {
    return this.#tables.all(
      `SELECT ${ROW} FROM runs WHERE person = ? ORDER BY created DESC LIMIT ?`,
      person,
      limit,
    );
  }

  /** Forgets a person's runs for good, and the payloads that no other run names. None of them may be under way. */
  async forget(person: string): Promise<void> {
    const runs = await this.runsOf(person);
    if (runs.length === 0) return;
    const theirs = new Set<string>();
    for (const { id, payload } of runs) {
      theirs.add(payload);
      for (const { payload } of await this.approvals(id)) theirs.add(payload);
      for (const { payload } of await this.steps(id)) if (payload !== null) theirs.add(payload);
    }
    await this.#engine.forget(runs.map(({ id }) => id));
    await this.#tables.write("DELETE FROM runs WHERE person = ?", [person]);
    await wait(NAMED_WITHIN_MS + 1);
    const named = await this.#tables.all<{ payload: string }>(
      "SELECT payload FROM runs UNION SELECT payload FROM approvals",
    );
    for (const { payload } of named) theirs.delete(payload);
    for (const payload of await this.#engine.payloads()) theirs.delete(payload);
    for (const payload of theirs) await this.payloads.remove(payload, NAMED_WITHIN_MS);
  }

  /** Runs that have not ended. */
  open(): Promise<RunRow[]> {
    return this.#tables.all(`SELECT ${ROW} FROM runs WHERE state IN ('running', 'waiting')`);
  }

  /** All steps that were begun. */
  steps(run: string): Promise<readonly StepRow[]> {
    return this.#engine.steps(run);
  }

  /** Does a run until it ends, or waits for somebody. @throws {BaimoError} as the engine */
  work(run: string, worker: Worker): Promise<void> {
    return this.#engine.work(run, this, worker);
  }

  /** Takes over runs of dead machines; names those of people that nobody has in hand. */
  attend(worker: Worker, goOn: (run: string) => void): Promise<void> {
    return this.#engine.attend(this, worker, goOn);
  }

  approvals(run: string): Promise<ApprovalRow[]> {
    return this.#tables.all(
      "SELECT name, arguments, payload, state, expires, decided_by FROM approvals WHERE run = ?",
      run,
    );
  }

  /** How an approval stands; nobody was asked before, and `approvalMs` is given: asks. */
  async consult(
    run: string,
    name: string,
    { argumentsSha256, shown }: ApprovalRequest,
    approvalMs?: number,
  ): Promise<Verdict> {
    const found = (await this.approvals(run)).find((each) => each.name === name);
    if (!found) {
      if (approvalMs === undefined) return "waiting";
      const payload = await this.payloads.put(shown);
      await this.#tables.write(
        "INSERT INTO approvals VALUES (?, ?, ?, ?, 'waiting', ?, NULL, NULL) ON CONFLICT DO NOTHING",
        [run, name, argumentsSha256, payload, Date.now() + approvalMs],
      );
      return "waiting";
    }
    if (found.state === "rejected") return { refused: `${name} was rejected by ${found.decided_by}` };
    if (found.arguments !== argumentsSha256) {
      return { refused: `${name} would not do what was shown for its approval; run the task again` };
    }
    if (found.state === "approved") return "approved";
    return found.expires > Date.now() ? "waiting" : { refused: `${name} was not approved in time` };
  }

  /** Decides what a run asks. @throws {BaimoError} `request` where nothing waits, its time is over, or it asks for something else */
  async decide(run: string, name: string, decision: JournalDecision): Promise<void> {
    const { approve, by, argumentsSha256 } = decision;
    const now = Date.now();
    const decided = await this.#tables.write(
      "UPDATE approvals SET state = ?, decided = ?, decided_by = ? WHERE run = ? AND name = ? AND state = 'waiting' AND expires > ? AND arguments = ?",
      [approve ? "approved" : "rejected", now, by, run, name, now, argumentsSha256],
      { synced: true },
    );
    if (decided > 0) {
      // it can go on, wherever that is
      await this.#tables.write(
        "UPDATE runs SET state = 'running', updated = ? WHERE id = ? AND state = 'waiting'",
        [now, run],
      );
      return;
    }
    const found = (await this.approvals(run)).find((each) => each.name === name);
    const refused = (text: string) => new BaimoError("request", `run ${run}, ${name}: ${text}`);
    if (!found) throw refused("nothing waits for an approval");
    if (found.state !== "waiting") throw refused(`it was ${found.state} before`);
    if (found.expires <= now) throw refused("the time to approve is over; run the task again");
    throw refused("what it asks for is not what was shown");
  }
}
