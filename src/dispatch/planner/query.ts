// A query as a model writes it, in names of a table and of those it leads to, and the SQL of it.
import type { JsonSchema } from "../../json.ts";
import type { Column, Table } from "../sql/describe.ts";
import type { RequestWords } from "./words.ts";

/** A column that a table has, or leads to by references; each row has it once. */
export interface Reachable {
  /** "ordered_on", or "customers.name" of another table. */
  readonly name: string;
  readonly column: Column;
  /** In SQL. */
  readonly sql: string;
  /** Joins that lead to it. */
  readonly joins: readonly string[];
}

/** What the model writes. */
export interface Query {
  readonly select: readonly { readonly column: string; readonly fn?: string; readonly times?: string }[];
  readonly where: readonly {
    readonly column: string;
    readonly op: string;
    readonly value: string | number;
  }[];
  readonly order: string;
  readonly limit: number;
}

const FUNCTIONS = ["sum", "avg", "count", "min", "max"];
const SIGNS = ["=", "<>", "<", "<=", ">", ">="];
const ORDERS = ["none", "first up", "first down", "last up", "last down"];
const MOST_JOINS = 4;

/** Columns of a table and of those above it. */
export function reachable(table: Table, tables: readonly Table[]): Reachable[] {
  const found: Reachable[] = [];
  const seen = new Set<string>();
  const visit = (at: Table, alias: string, joins: readonly string[]): void => {
    if (seen.has(at.name)) return;
    seen.add(at.name);
    for (const column of at.columns) {
      const name = joins.length === 0 ? column.name : `${at.name}.${column.name}`;
      found.push({ name, column, sql: `${alias}.${column.name}`, joins });
    }
    if (joins.length === MOST_JOINS) return;
    for (const reference of at.references) {
      const target = tables.find(({ name }) => name === reference.table);
      if (!target) continue;
      const join = `LEFT JOIN ${target.name} ON ${target.name}.${reference.to} = ${alias}.${reference.column}`;
      visit(target, target.name, [...joins, join]);
    }
  };
  visit(table, table.name, []);
  return found;
}

/** What a query of this table may be. */
export function querySchema(columns: readonly Reachable[], words: RequestWords): JsonSchema {
  const named = (only: (column: Column) => boolean) =>
    columns.filter(({ column }) => only(column)).map(({ name }) => name);
  const [texts, numbers] = [named((column) => !column.isNumber), named((column) => column.isNumber)];
  const listed = columns.flatMap(({ column }) => column.values);
  const values = [...new Set([...listed, ...words.dates, ...words.texts])];
  const select: JsonSchema[] = [item({ column: { enum: columns.map(({ name }) => name) } })];
  if (numbers.length > 0) {
    select.push(item({ fn: { enum: FUNCTIONS }, column: { enum: numbers } }));
    select.push(item({ fn: { const: "sum" }, column: { enum: numbers }, times: { enum: numbers } }));
  }
  const where: JsonSchema[] = [];
  if (texts.length > 0)
    where.push(
      item({ column: { enum: texts }, op: { enum: [...SIGNS, "starts"] }, value: { enum: values } }),
    );
  if (numbers.length > 0)
    where.push(item({ column: { enum: numbers }, op: { enum: SIGNS }, value: { enum: words.numbers } }));
  return item({
    select: { type: "array", minItems: 1, maxItems: 6, items: { anyOf: select } },
    where: { type: "array", maxItems: 5, items: { anyOf: where } },
    order: { enum: ORDERS },
    limit: { type: "integer", minimum: 1, maximum: 1000 },
  });
}

const item = (properties: Record<string, JsonSchema>): JsonSchema => ({
  type: "object",
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
});

/** What a query gives: each column's name, and whether it is a number. */
export interface QuerySql {
  readonly sql: string;
  readonly params: readonly (string | number)[];
  readonly columns: readonly { readonly name: string; readonly isNumber: boolean }[];
}

/** Rows that are put together are those of the columns without a function. */
export function toSql(
  table: string,
  { select, where, order, limit }: Query,
  columns: readonly Reachable[],
): QuerySql {
  const of = (name: string): Reachable => columns.find((each) => each.name === name) as Reachable; // by the schema
  const names = new Set<string>();
  const selected = select.map(({ column, fn, times }) => {
    const {
      sql,
      column: { isNumber },
    } = of(column);
    const value = times === undefined ? sql : `${sql} * ${of(times).sql}`;
    const name = unique(
      [fn, column, times]
        .filter((part) => part !== undefined)
        .join("_")
        .replaceAll(".", "_"),
      names,
    );
    return {
      name,
      sql: fn === undefined ? value : `${fn}(${value})`,
      isPlain: fn === undefined,
      isNumber: isNumber || fn !== undefined,
    };
  });
  const conditions = where.map(({ column, op, value }) => {
    const { sql } = of(column);
    return op === "starts" ? `substr(${sql}, 1, ${[...String(value)].length}) = ?` : `${sql} ${op} ?`;
  });
  const used = [
    ...select.flatMap(({ column, times }) => [column, ...(times ? [times] : [])]),
    ...where.map(({ column }) => column),
  ];
  const joins = [...new Set(used.flatMap((name) => of(name).joins))];
  const isGrouped = selected.some(({ isPlain }) => !isPlain);
  const groups = isGrouped ? selected.filter(({ isPlain }) => isPlain).map(({ sql }) => sql) : [];
  const [place, direction] = order.split(" ");
  const parts = [
    `SELECT ${selected.map(({ sql, name }) => `${sql} AS ${name}`).join(", ")} FROM ${table}`,
    ...joins,
    conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "",
    groups.length > 0 ? `GROUP BY ${groups.join(", ")}` : "",
    place === "none"
      ? ""
      : `ORDER BY ${place === "first" ? 1 : selected.length} ${direction === "up" ? "ASC" : "DESC"}`,
    isGrouped && groups.length === 0 ? "" : `LIMIT ${limit}`,
  ];
  return {
    sql: parts.filter((part) => part !== "").join(" "),
    params: where.map(({ value }) => value),
    columns: selected.map(({ name, isNumber }) => ({ name, isNumber })),
  };
}

function unique(name: string, names: Set<string>): string {
  let free = name;
  for (let n = 2; names.has(free); n++) free = `${name}_${n}`;
  names.add(free);
  return free;
}
