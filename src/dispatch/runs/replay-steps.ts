// Steps of a replay: read from the journal, never done.
import { BaimoError } from "../../errors.ts";
import type { StepRow } from "./engine.ts";
import type { Journal } from "./journal.ts";
import { mustBeApproved, readStep } from "./kept-step.ts";
import type { ApprovalRequest, Steps } from "./steps.ts";

/** The steps that a run has come to. */
export async function replaySteps(journal: Journal, run: string): Promise<Steps> {
  const kept = new Map((await journal.steps(run)).map((step) => [step.name, step]));
  return new ReplaySteps(journal, run, kept);
}

class ReplaySteps implements Steps {
  readonly #journal: Journal;
  readonly #run: string;
  readonly #kept: ReadonlyMap<string, StepRow>;

  constructor(journal: Journal, run: string, kept: ReadonlyMap<string, StepRow>) {
    this.#journal = journal;
    this.#run = run;
    this.#kept = kept;
  }

  async step<T>(name: string): Promise<T> {
    const kept = this.#kept.get(name);
    if (kept && kept.state !== "begun") return readStep(kept, this.#journal.payloads);
    throw new BaimoError("request", `run ${this.#run} has not come to ${name}`);
  }

  async sleep(): Promise<void> {}

  async awaitApproval(name: string, request: ApprovalRequest): Promise<void> {
    mustBeApproved(name, await this.#journal.consult(this.#run, name, request));
  }

  queue<T>(_name: string, _limit: number, run: () => Promise<T>): Promise<T> {
    return run();
  }
}
