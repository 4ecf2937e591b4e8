// What is used of the driver of Postgres, which is installed beside baimo.
import { BaimoError } from "../errors.ts";

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

/** The driver. */
export interface Postgres {
  readonly Pool: new (settings: { readonly connectionString: string; readonly options?: string }) => Pool;
}

/** @throws {BaimoError} `request` where it is not installed */
export async function loadPostgres(): Promise<Postgres> {
  const driver = "pg";
  try {
    return ((await import(driver)) as { default: Postgres }).default;
  } catch (cause) {
    const message = `a database of Postgres needs the package ${driver}; npm install it beside baimo`;
    throw new BaimoError("request", message, { cause });
  }
}
