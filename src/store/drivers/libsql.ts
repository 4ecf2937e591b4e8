// SQLite of the package libsql, prebuilt, where Node has none of its own.
import type { Database, ExactRow, Value } from "../database.ts";

/** Opens a file. @throws where the package is not installed */
export async function openLibsql(path: string): Promise<Database> {
  const { default: Libsql } = await import("libsql");
  const database = new Libsql(path);
  return {
    driver: "libsql",
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        // Values as one list: null alone would be taken for an object of names.
        run: (...values) => statement.run([...values]).changes,
        all: <Row>(...values: readonly Value[]) => statement.all([...values]) as Row[],
        columns: () => statement.columns().map(({ name }) => name),
        exactly(...values) {
          statement.safeIntegers(true);
          return statement.iterate([...values]) as Iterable<ExactRow>;
        },
      };
    },
    exec: (sql) => void database.exec(sql),
    close: () => void database.close(),
  };
}
