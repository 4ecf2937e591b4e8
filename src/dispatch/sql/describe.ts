// What a database has: tables, columns, their types and listed values, references.
import type { Database } from "../../store/database.ts";

export interface Column {
  readonly name: string;
  readonly isNumber: boolean;
  /** The values that a CHECK lists. */
  readonly values: readonly string[];
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** The columns of the primary key. */
  readonly keys: readonly string[];
  /** Columns that lead to a row of another table, which has it once. */
  readonly references: readonly { readonly column: string; readonly table: string; readonly to: string }[];
}

const PLAIN = /^[A-Za-z_]\w*$/;

/** Tables of plain names; nothing is read but the schema. */
export function describeTables(database: Database): Table[] {
  const found = database
    .prepare(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'baimo%' ORDER BY name",
    )
    .all<{ name: string; sql: string }>()
    .filter(({ name }) => PLAIN.test(name));
  const keys = new Map(found.map(({ name }) => [name, keyOf(database, name)]));
  return found.map(({ name, sql }) => ({
    name,
    keys: columnsOf(database, name)
      .filter(({ pk }) => pk > 0)
      .sort((a, b) => a.pk - b.pk)
      .map((column) => column.name),
    columns: columnsOf(database, name)
      .filter((column) => PLAIN.test(column.name))
      .map((column) => ({
        name: column.name,
        isNumber: /INT|REAL|NUM|DOUB|FLOA|DEC/i.test(column.type),
        values: valuesOf(sql, column.name),
      })),
    references: database
      .prepare(`PRAGMA foreign_key_list("${name}")`)
      .all<{ table: string; from: string; to: string | null }>()
      .flatMap(({ table, from, to }) => {
        const key = to ?? keys.get(table);
        return key && PLAIN.test(table) ? [{ column: from, table, to: key }] : [];
      }),
  }));
}

const columnsOf = (database: Database, table: string) =>
  database.prepare(`PRAGMA table_info("${table}")`).all<{ name: string; type: string; pk: number }>();

/** The primary key, where it is one column. */
function keyOf(database: Database, table: string): string | undefined {
  const keys = columnsOf(database, table).filter(({ pk }) => pk > 0);
  return keys.length === 1 ? keys[0].name : undefined;
}

/** `CHECK (status IN ('open', 'shipped'))`. */
function valuesOf(sql: string, column: string): string[] {
  const [, list] = new RegExp(`check\\s*\\(\\s*"?${column}"?\\s+in\\s*\\(([^()]*)\\)`, "i").exec(sql) ?? [];
  return Array.from((list ?? "").matchAll(/'((?:[^']|'')*)'/g), ([, value]) => value.replaceAll("''", "'"));
}
