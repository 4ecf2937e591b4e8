// What does the steps of runs: on this machine over SQLite, on several over Postgres and DBOS.
import type { ApprovalRequest, Steps } from "./steps.ts";

export type RunState = "running" | "waiting" | "done" | "failed";

/** What came of a step. */
export interface KeptStep {
  readonly state: "done" | "failed";
  /** The hash of what it gave, or of how it failed. */
  readonly payload: string;
}

/** A step that was begun. */
export type StepRow = { readonly name: string } & (
  | KeptStep
  | { readonly state: "begun"; readonly payload: null }
);

/** How an approval stands: allowed, not decided, or the reason why the step is not done. */
export type Verdict = "approved" | "waiting" | { readonly refused: string };

/** Values, called by their SHA-256. */
export interface Payloads {
  put(value: unknown): Promise<string>;
  /** @throws {BaimoError} `format` where the value is gone or was changed */
  get(hash: string): Promise<unknown>;
  /** Forgets a value, unless it was put within so many milliseconds. */
  remove(hash: string, within: number): Promise<void>;
}

/** What an engine asks of the journal that it does the runs of. */
export interface Book {
  readonly payloads: Payloads;
  /** How an approval stands; nobody was asked before: asks. */
  consult(run: string, name: string, request: ApprovalRequest, approvalMs: number): Promise<Verdict>;
}

/** Goes through a run from its beginning; steps that were done give what they gave. */
export type Work = (run: string, steps: Steps) => Promise<RunState>;

export interface WorkOptions {
  /** How long an approval is waited for, in milliseconds. */
  readonly approvalMs: number;
  readonly signal?: AbortSignal;
}

/** What a process does with runs: its own, and those that it takes over. */
export interface Worker extends WorkOptions {
  readonly work: Work;
}

export interface Engine {
  /** Those that were begun. */
  steps(run: string): Promise<readonly StepRow[]>;
  /** What the steps of all runs came to. */
  payloads(): Promise<readonly string[]>;
  /** Forgets the steps of runs. */
  forget(runs: readonly string[]): Promise<void>;
  /**
   * Does a run until it ends, or waits for somebody.
   *
   * @throws {BaimoError} `busy` where another process has it, and an engine cannot wait for that; `aborted`
   */
  work(run: string, book: Book, worker: Worker): Promise<void>;
  /** Takes over runs of dead machines; names those of people that nobody has in hand. As long as it is open. */
  attend(book: Book, worker: Worker, goOn: (run: string) => void): Promise<void>;
  close(): Promise<void>;
}
