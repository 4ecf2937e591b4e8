// Steps over SQLite: done once, kept with their results before the next begins.

import type { Tables } from "../../machines/tables.ts";
import type { Turns } from "../../machines/turns.ts";
import type { Book, StepRow, WorkOptions } from "./engine.ts";
import { keepStep, mustBeApproved, readStep, sleepOnce } from "./kept-step.ts";
import type { ApprovalRequest, StepOptions, Steps } from "./steps.ts";

const BEGIN =
  "INSERT INTO steps VALUES (?, ?, 'begun', NULL, 1, ?) ON CONFLICT DO UPDATE SET attempts = attempts + 1, at = excluded.at";

export interface SqliteStepsParts {
  readonly tables: Tables;
  readonly book: Book;
  readonly turns: Turns;
}

export class SqliteSteps implements Steps {
  readonly #run: string;
  readonly #parts: SqliteStepsParts;
  readonly #options: WorkOptions;

  constructor(run: string, parts: SqliteStepsParts, options: WorkOptions) {
    this.#run = run;
    this.#parts = parts;
    this.#options = options;
  }

  async step<T>(
    name: string,
    run: (key: string) => Promise<T>,
    { keepFailure = true }: StepOptions = {},
  ): Promise<T> {
    const { tables, book } = this.#parts;
    const { payloads } = book;
    const [before] = await tables.all<StepRow>(
      "SELECT name, state, payload FROM steps WHERE run = ? AND name = ?",
      this.#run,
      name,
    );
    if (before && before.state !== "begun") return readStep(before, payloads);
    await tables.write(BEGIN, [this.#run, name, Date.now()]);
    const kept = await keepStep(() => run(`${this.#run}/${name}`), payloads, keepFailure);
    await tables.write("UPDATE steps SET state = ?, payload = ?, at = ? WHERE run = ? AND name = ?", [
      kept.state,
      kept.payload,
      Date.now(),
      this.#run,
      name,
    ]);
    return readStep(kept, payloads);
  }

  sleep(name: string, milliseconds: number): Promise<void> {
    return sleepOnce(this, name, milliseconds, this.#options.signal);
  }

  async awaitApproval(name: string, request: ApprovalRequest): Promise<void> {
    const { approvalMs } = this.#options;
    mustBeApproved(name, await this.#parts.book.consult(this.#run, name, request, approvalMs));
  }

  queue<T>(name: string, limit: number, run: () => Promise<T>): Promise<T> {
    return this.#parts.turns.take(name, limit, run);
  }
}
