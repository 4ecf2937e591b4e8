// Runs an inspected statement: its rows within a limit, and their hash.
import { BaimoError } from "../../errors.ts";
import { writePythonJson } from "../../python-json.ts";
import { sha256 } from "../../sha256.ts";
import type { Database, ExactRow, Value } from "../../store/database.ts";
import { inspect, type ReadOnly, type SqlRights } from "./guard.ts";

/** Rows as they leave the database. */
export interface Rows {
  readonly rows: readonly Readonly<Record<string, Value>>[];
  /** SHA-256 of the rows as compact JSON, an array of arrays; a REAL keeps its point. */
  readonly sha256: string;
}

/** What to ask. */
export interface Question {
  readonly sql: string;
  readonly parameters: readonly Value[];
  readonly rights: SqlRights;
  readonly maxRows: number;
}

/** @throws {BaimoError} `request` where the statement is refused, or gives more rows than allowed */
export async function query(database: ReadOnly, question: Question): Promise<Rows> {
  const { sql, parameters } = inspect(database, question.sql, question.rights);
  if (question.parameters.length < parameters) {
    const text = `the statement takes ${parameters} values but is given ${question.parameters.length}`;
    throw new BaimoError("request", text);
  }
  return readRows(database.rows, sql, question.parameters.slice(0, parameters), question.maxRows);
}

/** The rows of a statement that was inspected. @throws {BaimoError} as `query` */
export async function readRows(
  database: Database,
  sql: string,
  parameters: readonly Value[],
  maxRows: number,
): Promise<Rows> {
  const rows: Record<string, Value>[] = [];
  const lines: string[] = [];
  for (const row of database.prepare(sql).exactly(...parameters)) {
    if (rows.length === maxRows) {
      throw new BaimoError("request", `the statement gives more than ${maxRows} rows; narrow it`);
    }
    rows.push(
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainValue(name, value)])),
    );
    lines.push(writePythonJson(Object.values(row).map(keepPoint)));
  }
  return { rows, sha256: await sha256(`[${lines.join(",")}]`) };
}

type Cell = ExactRow[string];

/** A REAL without a fraction as a `Number` object, which is written with one. */
const keepPoint = (value: Cell): unknown =>
  typeof value === "number" && Number.isInteger(value) ? Object(value) : value;

function plainValue(name: string, value: Cell): Value {
  if (value instanceof Uint8Array) throw new BaimoError("request", `column ${name} holds bytes, not a value`);
  if (typeof value !== "bigint") return value;
  if (Number.isSafeInteger(Number(value))) return Number(value);
  throw new BaimoError("request", `column ${name} holds ${value}, which a double does not hold`);
}
