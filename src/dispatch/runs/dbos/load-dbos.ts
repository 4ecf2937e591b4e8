// What is used of DBOS, which is installed beside baimo.
import { BaimoError } from "../../../errors.ts";
import { loadPostgres, type Postgres } from "../../../machines/load-postgres.ts";

export interface Handle<T> {
  getResult(options?: { readonly pollingIntervalMs: number }): Promise<T>;
}

/** The one engine of a process. */
export interface Dbos {
  isInitialized(): boolean;
  setConfig(config: Readonly<Record<string, unknown>>): void;
  registerWorkflow<A extends unknown[], T>(
    run: (...args: A) => Promise<T>,
    options: { readonly name: string },
  ): (...args: A) => Promise<T>;
  launch(): Promise<void>;
  shutdown(options: {
    readonly deregister: boolean;
    readonly workflowCompletionTimeoutMS?: number;
  }): Promise<void>;
  startWorkflow<A extends unknown[], T>(
    workflow: (...args: A) => Promise<T>,
    options: { readonly workflowID: string },
  ): (...args: A) => Promise<Handle<T>>;
  runStep<T>(run: () => Promise<T>, options: { readonly name: string }): Promise<T>;
}

/** What it does not show by its front door: putting a dead executor's workflows on the queue of all. */
export interface DbosExecutor {
  recoverPendingWorkflows(executors: readonly string[]): Promise<unknown>;
}

export interface Packages {
  readonly DBOS: Dbos;
  /** Of this process; there once it is launched. */
  readonly executor: () => DbosExecutor;
  readonly postgres: Postgres;
}

/** @throws {BaimoError} `request` where they are not installed */
export async function loadDbos(): Promise<Packages> {
  const sdk = "@dbos-inc/dbos-sdk";
  const postgres = await loadPostgres();
  try {
    const { DBOS } = (await import(sdk)) as Pick<Packages, "DBOS">;
    const { getExecutor } = (await import(`${sdk}/internal/dbos`)) as { getExecutor: () => DbosExecutor };
    return { DBOS, executor: getExecutor, postgres };
  } catch (cause) {
    const message = `a journal in Postgres needs the package ${sdk}; npm install it beside baimo`;
    throw new BaimoError("request", message, { cause });
  }
}
