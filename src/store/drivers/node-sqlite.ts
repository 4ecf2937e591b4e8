// SQLite of Node itself (22.13 and later).
import type { Database, ExactRow, Value } from "../database.ts";

/** Opens a file. @throws where this Node has no `node:sqlite` */
export async function openNodeSqlite(path: string): Promise<Database> {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path);
  return {
    driver: "node:sqlite",
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run: (...values) => Number(statement.run(...values).changes),
        // A statement's rows are what its caller says they are.
        all: <Row>(...values: readonly Value[]) => statement.all(...values) as Row[],
        columns: () => statement.columns().map(({ name }) => name),
        exactly(...values) {
          statement.setReadBigInts(true);
          return statement.iterate(...values) as Iterable<ExactRow>;
        },
      };
    },
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
  };
}
