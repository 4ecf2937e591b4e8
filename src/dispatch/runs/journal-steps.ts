// Steps over the journal: done once, kept with their results, read again in a replay.
import { setTimeout as wait } from "node:timers/promises";
import { BaimoError, type ErrorCode } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import type { Journal } from "./journal.ts";
import { type ApprovalRequest, type StepOptions, type Steps, Waiting } from "./steps.ts";
import type { Turns } from "./turns.ts";

/** How a run goes on. */
export interface JournalStepsOptions {
  /** How long an approval is waited for, in milliseconds. */
  readonly approvalMs: number;
  readonly turns: Turns;
  /** Only what the journal has: a step that it has not is an error. */
  readonly isReplay?: boolean;
  readonly signal?: AbortSignal;
}

export class JournalSteps implements Steps {
  readonly #journal: Journal;
  readonly #run: string;
  readonly #options: JournalStepsOptions;

  constructor(journal: Journal, run: string, options: JournalStepsOptions) {
    this.#journal = journal;
    this.#run = run;
    this.#options = options;
  }

  async step<T>(
    name: string,
    run: (key: string) => Promise<T>,
    { keepFailure = true }: StepOptions = {},
  ): Promise<T> {
    const journal = this.#journal;
    const kept = journal.step(this.#run, name);
    if (kept?.payload != null)
      return read<T>(await journal.payloads.get(kept.payload), kept.state === "failed");
    if (this.#options.isReplay) throw new BaimoError("request", `run ${this.#run} has not come to ${name}`);
    journal.beginStep(this.#run, name);
    try {
      const result = await run(`${this.#run}/${name}`);
      journal.endStep(this.#run, name, "done", await journal.payloads.put(result ?? null));
      return result;
    } catch (error) {
      if (!(error instanceof BaimoError) || error.code === "aborted" || !keepFailure) throw error;
      const failure = { code: error.code, message: error.message };
      journal.endStep(this.#run, name, "failed", await journal.payloads.put(failure));
      throw error;
    }
  }

  async sleep(name: string, milliseconds: number): Promise<void> {
    const until = await this.step(name, async () => Date.now() + milliseconds);
    const left = until - Date.now();
    if (left > 0 && !this.#options.isReplay) await wait(left, undefined, { signal: this.#options.signal });
  }

  async awaitApproval(name: string, { argumentsSha256, shown }: ApprovalRequest): Promise<void> {
    const journal = this.#journal;
    const found = journal.approvals(this.#run).find((each) => each.name === name);
    if (!found) {
      if (!this.#options.isReplay) {
        const expires = Date.now() + this.#options.approvalMs;
        journal.ask(this.#run, {
          name,
          arguments: argumentsSha256,
          payload: await journal.payloads.put(shown),
          expires,
        });
      }
      throw new Waiting(name);
    }
    if (found.state === "rejected")
      throw new BaimoError("request", `${name} was rejected by ${found.decided_by}`);
    if (found.arguments !== argumentsSha256) {
      throw new BaimoError(
        "request",
        `${name} would not do what was shown for its approval; run the task again`,
      );
    }
    if (found.state === "approved") return;
    if (found.expires > Date.now()) throw new Waiting(name);
    throw new BaimoError("request", `${name} was not approved in time`);
  }

  queue<T>(name: string, limit: number, run: () => Promise<T>): Promise<T> {
    return this.#options.turns.take(name, limit, run);
  }
}

function read<T>(payload: unknown, failed: boolean): T {
  if (!failed) return payload as T; // as the step gave it
  const { code, message } = isRecord(payload) ? payload : {};
  throw new BaimoError(code as ErrorCode, String(message)); // as the step failed
}
