// Tables in SQLite or Postgres: the same statements, values for each `?`.
import type { Value } from "../store/database.ts";

export interface Tables {
  all<Row>(sql: string, ...values: readonly Value[]): Promise<Row[]>;
  /**
   * Returns how many rows it changed.
   *
   * synced  whether it must outlive a power cut; it outlives the process in either case
   */
  write(sql: string, values: readonly Value[], options?: { readonly synced: boolean }): Promise<number>;
  close(): Promise<void>;
}
