// Rows of JSON as a table has them: each has every column, and a column has one type of number.
import type { Document } from "../tasks/document.ts";

/** The columns of rows that were added: a column has floats where one row has one. */
export class Columns {
  readonly #isFloat = new Map<string, boolean>();

  add(row: Document): void {
    for (const [name, value] of Object.entries(row)) {
      const isFloat = value instanceof Number || (typeof value === "number" && !Number.isInteger(value));
      this.#isFloat.set(name, (this.#isFloat.get(name) ?? false) || isFloat);
    }
  }

  /** A row with all of them. */
  of(row: Document): Document {
    return Object.fromEntries(
      Array.from(this.#isFloat, ([name, isFloat]) => {
        const value = Object.hasOwn(row, name) ? row[name] : null;
        return [name, isFloat ? asFloat(value) : value];
      }),
    );
  }
}

const asFloat = (value: unknown): unknown =>
  typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value))
    ? Object(Number(value))
    : value;

/** Gives every row every column, and floats where a column has one. */
export function unifyColumns(rows: readonly Document[]): Document[] {
  const columns = new Columns();
  for (const row of rows) columns.add(row);
  return rows.map((row) => columns.of(row));
}
