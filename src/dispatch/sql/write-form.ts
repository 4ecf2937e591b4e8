// Which rows a write would change: its statement as a SELECT of them, before and after.
import { BaimoError } from "../../errors.ts";
import { oneStatement } from "./one-statement.ts";

/** A statement that writes. */
export interface WriteForm {
  readonly sql: string;
  readonly table: string;
  /** Shows the rows that would change; takes the same parameters. */
  readonly preview: string;
  readonly parameters: number;
}

const NAME = '([A-Za-z_]\\w*|"[^"]+")';
const UPDATE = new RegExp(`^update\\s+${NAME}\\s+set\\s+(.+?)\\s+where\\s+(.+)$`, "is");
const DELETE = new RegExp(`^delete\\s+from\\s+${NAME}\\s+where\\s+(.+)$`, "is");
const INSERT = new RegExp(`^insert\\s+into\\s+${NAME}\\s*\\(([^()]+)\\)\\s*values\\s*\\((.+)\\)$`, "is");

/**
 * Reads a statement that a tools file allows.
 *
 * @throws {BaimoError} `format` for another one than UPDATE … WHERE, DELETE … WHERE and INSERT … VALUES of one table
 */
export function readWriteForm(given: string, where: string): WriteForm {
  const sql = given.trim().replace(/;$/, "").replace(/\s+/g, " ");
  const places = [...sql.matchAll(/\?(\d*)/g)].map(([, number], at) =>
    number === "" ? at + 1 : Number(number),
  );
  const parameters = Math.max(0, ...places);
  if (/'[^']*\?[^']*'/.test(sql)) throw wrong(where, sql);
  const update = UPDATE.exec(sql);
  if (update) {
    const [, table, assignments, condition] = update;
    const after = split(assignments).map((each) => afterOf(each, where, sql));
    return {
      sql,
      table,
      preview: checked(`SELECT *, ${after.join(", ")} FROM ${table} WHERE ${condition}`),
      parameters,
    };
  }
  const deletion = DELETE.exec(sql);
  if (deletion) {
    const [, table, condition] = deletion;
    return { sql, table, preview: checked(`SELECT * FROM ${table} WHERE ${condition}`), parameters };
  }
  const insertion = INSERT.exec(sql);
  if (!insertion) throw wrong(where, sql);
  const [, table, columns, values] = insertion;
  const [names, given2] = [split(columns), split(values)];
  if (names.length !== given2.length) throw wrong(where, sql);
  const row = names.map((name, at) => `${given2[at]} AS ${quoted(name)}`);
  return { sql, table, preview: checked(`SELECT ${row.join(", ")}`), parameters };
}

const wrong = (where: string, sql: string): BaimoError =>
  new BaimoError(
    "format",
    `${where}: ${sql.slice(0, 80)} must be UPDATE … SET … WHERE, DELETE FROM … WHERE or INSERT INTO … VALUES of one table`,
  );

const quoted = (name: string): string => `"${name.trim().replaceAll('"', "")}"`;

/** `limit = ?` as `? AS "limit after"`. */
function afterOf(assignment: string, where: string, sql: string): string {
  const [, name, value] = new RegExp(`^${NAME}\\s*=\\s*(.+)$`, "s").exec(assignment) ?? [];
  if (name === undefined) throw wrong(where, sql);
  return `${value} AS ${quoted(`${name} after`)}`;
}

const checked = (sql: string): string => oneStatement(sql);

/** At commas outside of parentheses and quotes. */
function split(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const [piece] of text.matchAll(/'(?:[^']|'')*'|"[^"]*"|[(),]|[^'"(),]+/g)) {
    if (piece === "(") depth++;
    if (piece === ")") depth--;
    if (piece === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += piece;
  }
  return parts.map((part) => part.trim());
}
