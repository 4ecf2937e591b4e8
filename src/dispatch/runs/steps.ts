// What a run asks of an engine: steps done once, sleep, approvals, turns; an engine keeps them.

/** What somebody is asked to allow. */
export interface ApprovalRequest {
  /** SHA-256 of the arguments; an approval of others does not count. */
  readonly argumentsSha256: string;
  /** What is shown: a statement, its parameters, the rows that would change. */
  readonly shown: unknown;
}

/** How a step is done. */
export interface StepOptions {
  /** Whether a failure is kept, so that the step is not tried again. Default true. */
  readonly keepFailure?: boolean;
}

/** Steps of one run; each has a name that is the run's alone. */
export interface Steps {
  /**
   * Does something once: what it gave, or how it failed, is kept before the next step begins.
   *
   * run  gets the step's idempotency key, the same after a crash
   */
  step<T>(name: string, run: (key: string) => Promise<T>, options?: StepOptions): Promise<T>;
  /** Waits until so many milliseconds after the first time it was reached. */
  sleep(name: string, milliseconds: number): Promise<void>;
  /** @throws {Waiting} until somebody has decided; {BaimoError} `request` where it was rejected, or its time is over */
  awaitApproval(name: string, request: ApprovalRequest): Promise<void>;
  /** Runs when there is room: so many at a time under one name, over all runs of this process. */
  queue<T>(name: string, limit: number, run: () => Promise<T>): Promise<T>;
}

/** A run cannot go on before somebody has decided. */
export class Waiting extends Error {
  override readonly name = "Waiting";
  /** The step that waits. */
  readonly step: string;

  constructor(step: string) {
    super(`${step} waits for an approval`);
    this.step = step;
  }
}
