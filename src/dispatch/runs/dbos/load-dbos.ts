// What is used of DBOS and of the driver of Postgres, which are installed beside baimo.
import { BaimoError } from "../../../errors.ts";

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

export interface Client {
  query(
    sql: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: unknown[]; readonly rowCount: number }>;
  on(event: "error", listen: () => void): void;
  release(isBroken?: boolean): void;
}

export interface Pool extends Pick<Client, "query"> {
  connect(): Promise<Client>;
  on(event: "error", listen: () => void): void;
  end(): Promise<void>;
}

export interface Packages {
  readonly DBOS: Dbos;
  /** Of this process; there once it is launched. */
  readonly executor: () => DbosExecutor;
  readonly Pool: new (settings: { readonly connectionString: string; readonly options?: string }) => Pool;
}

/** @throws {BaimoError} `request` where they are not installed */
export async function loadDbos(): Promise<Packages> {
  const [sdk, driver] = ["@dbos-inc/dbos-sdk", "pg"];
  try {
    const { DBOS } = (await import(sdk)) as Pick<Packages, "DBOS">;
    const { getExecutor } = (await import(`${sdk}/internal/dbos`)) as { getExecutor: () => DbosExecutor };
    const { Pool } = ((await import(driver)) as { default: Pick<Packages, "Pool"> }).default;
    return { DBOS, executor: getExecutor, Pool };
  } catch (cause) {
    const message = `a journal in Postgres needs the packages ${sdk} and ${driver}; npm install them beside baimo`;
    throw new BaimoError("request", message, { cause });
  }
}
