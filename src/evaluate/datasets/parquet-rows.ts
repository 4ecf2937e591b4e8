// The rows of a Parquet file with Python's values: whole floats stay floats, dates are texts.
import type { SchemaElement } from "hyparquet";
import { openParquet } from "../../data/documents/read-parquet.ts";
import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import type { Document } from "../tasks/document.ts";

/** Makes a value of the file one of Python's. */
type Convert = (value: unknown) => unknown;

const DEEPEST = 32;

/** All rows, every column in the file's order. @throws {BaimoError} `format` for a file that is damaged */
export async function readParquetRows(path: string): Promise<Document[]> {
  const file = await openParquet(path);
  try {
    const columns = convertersOf(file.schema, path);
    const names = [...columns.keys()];
    const rows: Document[] = [];
    for await (const row of file.rows(names))
      rows.push(Object.fromEntries(Array.from(columns, ([name, convert]) => [name, convert(row[name])])));
    return rows;
  } finally {
    await file.close();
  }
}

/** The columns at the top of a schema, which is a tree written from its root on. */
function convertersOf(schema: readonly SchemaElement[], path: string): Map<string, Convert> {
  let at = 1;
  const read = (depth: number): { name: string; convert: Convert } => {
    if (depth > DEEPEST) throw new BaimoError("format", `${path}: nests columns more than ${DEEPEST} deep`);
    const element = schema[at++];
    if (!element) throw new BaimoError("format", `${path}: its schema ends within a column`);
    const { name } = element;
    if (element.converted_type === "LIST" || element.logical_type?.type === "LIST") {
      if (schema[at]?.num_children === 1) at++; // the group around each item, which rows are without
      return { name, convert: listOf(read(depth + 1).convert) };
    }
    const count = Math.min(element.num_children ?? 0, schema.length);
    const children = Array.from({ length: count }, () => read(depth + 1));
    if (children.length === 0) {
      const leaf = leafOf(element);
      return { name, convert: element.repetition_type === "REPEATED" ? listOf(leaf) : leaf };
    }
    const fields = new Map(children.map((child) => [child.name, child.convert]));
    return { name, convert: structOf(fields) };
  };
  const columns = new Map<string, Convert>();
  while (at < schema.length) {
    const { name, convert } = read(0);
    columns.set(name, convert);
  }
  return columns;
}

const plain: Convert = (value) => value ?? null;

const listOf =
  (item: Convert): Convert =>
  (value) =>
    Array.isArray(value) ? value.map(item) : plain(value);

const structOf =
  (fields: ReadonlyMap<string, Convert>): Convert =>
  (value) =>
    isRecord(value)
      ? Object.fromEntries(Array.from(fields, ([name, convert]) => [name, convert(value[name])]))
      : plain(value);

function leafOf({ type, converted_type: converted, logical_type: logical }: SchemaElement): Convert {
  if (type === "FLOAT" || type === "DOUBLE" || converted === "DECIMAL" || logical?.type === "FLOAT16")
    return (value) => (typeof value === "number" && Number.isInteger(value) ? Object(value) : plain(value));
  return (value) => {
    if (typeof value === "bigint") {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    }
    return value instanceof Date
      ? dateText(value, converted === "DATE" || logical?.type === "DATE")
      : plain(value);
  };
}

/** str() of Python's date or datetime. */
function dateText(date: Date, isDay: boolean): string {
  const [day, time] = date.toISOString().slice(0, -1).split("T");
  return isDay ? day : `${day} ${time.endsWith(".000") ? time.slice(0, 8) : `${time}000`}`;
}
