// Rows of JSON as a table has them: each has every column, and a column has one type of number.
import type { Document } from "../tasks/document.ts";

/** Gives every row every column, and floats where a column has one. */
export function unifyColumns(rows: readonly Document[]): Document[] {
  const columns = new Map<string, boolean>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const isFloat = value instanceof Number || (typeof value === "number" && !Number.isInteger(value));
      columns.set(name, (columns.get(name) ?? false) || isFloat);
    }
  }
  const asFloat = (value: unknown): unknown =>
    typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value))
      ? Object(Number(value))
      : value;
  return rows.map((row) =>
    Object.fromEntries(
      Array.from(columns, ([name, isFloat]) => {
        const value = Object.hasOwn(row, name) ? row[name] : null;
        return [name, isFloat ? asFloat(value) : value];
      }),
    ),
  );
}
