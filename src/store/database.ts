// What the store asks of SQLite: a small synchronous interface, and transactions over it.

/** What is bound and what comes back. Numbers are whole or floating, as SQLite's. */
export type Value = string | number | null;

/** A prepared statement. */
export interface Statement {
  /** Runs it; returns how many rows it changed. */
  run(...values: readonly Value[]): number;
  /** All rows. */
  all<Row>(...values: readonly Value[]): Row[];
  /** The names of its columns. */
  columns(): string[];
  /** Rows one by one, integers as bigint: a number is a REAL. From then on the statement gives no others. */
  exactly(...values: readonly Value[]): Iterable<ExactRow>;
}

/** A row that tells integers from floating numbers. */
export type ExactRow = Readonly<Record<string, Value | bigint | Uint8Array>>;

/** An open database. */
export interface Database {
  /** The driver's name, for messages. */
  readonly driver: string;
  prepare(sql: string): Statement;
  /** Runs statements without values. */
  exec(sql: string): void;
  close(): void;
}

/** The first row. */
export function first<Row>(statement: Statement, ...values: readonly Value[]): Row | undefined {
  return statement.all<Row>(...values)[0];
}

/** Options of `transaction`. */
export interface TransactionOptions {
  /**
   * Whether it must outlive a power cut when this returns; it outlives the process in either case. Default true.
   */
  readonly synced?: boolean;
}

/** Does all or nothing, and writes it before it returns. Not to be nested. */
export function transaction<T>(
  database: Database,
  run: () => T,
  { synced = true }: TransactionOptions = {},
): T {
  if (!synced) database.exec("PRAGMA synchronous = NORMAL");
  try {
    database.exec("BEGIN IMMEDIATE");
    try {
      const result = run();
      database.exec("COMMIT");
      return result;
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  } finally {
    if (!synced) database.exec("PRAGMA synchronous = FULL");
  }
}
