// Steps over DBOS: one of its workflow each, kept in Postgres before the next begins.
import { BaimoError, type ErrorCode } from "../../../errors.ts";
import type { PostgresTurns } from "../../../machines/postgres-turns.ts";
import type { Book, KeptStep, WorkOptions } from "../engine.ts";
import { keepStep, mustBeApproved, readStep, sleepOnce } from "../kept-step.ts";
import type { ApprovalRequest, StepOptions, Steps } from "../steps.ts";
import type { Dbos } from "./load-dbos.ts";

/** A step that was not done, and how: a later stretch of the run tries again. */
interface Interrupted {
  readonly state: "interrupted";
  readonly code: ErrorCode | undefined;
  readonly message: string;
}

export interface DbosStepsParts {
  readonly DBOS: Dbos;
  readonly book: Book;
  readonly turns: PostgresTurns;
  /** What earlier stretches of the run came to, by step. */
  readonly earlier: ReadonlyMap<string, KeptStep>;
}

export class DbosSteps implements Steps {
  readonly #run: string;
  readonly #parts: DbosStepsParts;
  readonly #options: WorkOptions;
  #lost: { readonly cause: unknown } | undefined;

  constructor(run: string, parts: DbosStepsParts, options: WorkOptions) {
    this.#run = run;
    this.#parts = parts;
    this.#options = options;
  }

  /** Whether the run is not in the hands of this process any more, or DBOS cannot keep what it does. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  async step<T>(
    name: string,
    run: (key: string) => Promise<T>,
    { keepFailure = true }: StepOptions = {},
  ): Promise<T> {
    const { earlier, book } = this.#parts;
    const { payloads } = book;
    const kept =
      earlier.get(name) ??
      (await this.#once(name, async (): Promise<KeptStep | Interrupted> => {
        try {
          return await keepStep(() => run(`${this.#run}/${name}`), payloads, keepFailure);
        } catch (error) {
          const code = error instanceof BaimoError ? error.code : undefined;
          return {
            state: "interrupted",
            code,
            message: error instanceof Error ? error.message : String(error),
          };
        }
      }));
    if (kept.state !== "interrupted") return readStep(kept, payloads);
    const { code, message } = kept;
    throw code === undefined ? new Error(message) : new BaimoError(code, message);
  }

  sleep(name: string, milliseconds: number): Promise<void> {
    return sleepOnce(this, name, milliseconds, this.#options.signal);
  }

  /** What was seen is a step, too: the same stretch sees the same when another machine goes through it. */
  async awaitApproval(name: string, request: ApprovalRequest): Promise<void> {
    const { approvalMs } = this.#options;
    const seen = () => this.#parts.book.consult(this.#run, name, request, approvalMs);
    mustBeApproved(name, await this.#once(`${name} approval`, seen));
  }

  queue<T>(name: string, limit: number, run: () => Promise<T>): Promise<T> {
    return this.#parts.turns.take(name, limit, run);
  }

  /** DBOS itself throws where another machine has the run by now; then nothing more is done here. */
  async #once<T>(name: string, run: () => Promise<T>): Promise<T> {
    if (this.#lost) throw this.#lost.cause;
    try {
      return await this.#parts.DBOS.runStep(run, { name });
    } catch (cause) {
      this.#lost = { cause };
      throw cause;
    }
  }
}
