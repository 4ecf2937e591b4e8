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

/** One column of what a query gives. */
interface Selected {
  readonly column: string;
  readonly fn?: string;
  /** A product is summed. */
  readonly times?: string;
  /** A mean is weighted. */
  readonly weight?: string;
  /** A ratio of two columns of a row. */
  readonly over?: string;
  /** The month or the year of a date. */
  readonly part?: string;
  /** The value whose share is asked. */
  readonly is?: string;
}

/** What the model writes. */
export interface Query {
  readonly select: readonly Selected[];
  readonly where: readonly {
    readonly column: string;
    readonly over?: string;
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
/** Characters of a date, YYYY-MM-DD. */
const PARTS: Readonly<Record<string, number>> = { month: 7, year: 4 };

/** Columns of a table, of those above it, and of those that have at most one row for one of it. */
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
    for (const target of tables) {
      const [key] = target.keys;
      const reference = target.references.find(({ column, table }) => column === key && table === at.name);
      if (target.keys.length !== 1 || !reference) continue;
      const join = `LEFT JOIN ${target.name} ON ${target.name}.${key} = ${alias}.${reference.to}`;
      visit(target, target.name, [...joins, join]);
    }
  };
  visit(table, table.name, []);
  return found;
}

/** What a query of this table may be. */
export function querySchema(columns: readonly Reachable[], words: RequestWords): JsonSchema {
  const all: JsonSchema = { enum: columns.map(({ name }) => name) };
  const numbers = { enum: named(columns, ({ isNumber }) => isNumber) };
  const dates = named(columns, ({ isNumber, values }) => !isNumber && values.length === 0);
  const states = named(columns, ({ values }) => values.length > 0);
  const select: JsonSchema[] = [item({ column: all }), item({ fn: { const: "distinct" }, column: all })];
  if (dates.length > 0) select.push(item({ column: { enum: dates }, part: { enum: Object.keys(PARTS) } }));
  if (states.length > 0)
    select.push(item({ fn: { const: "share" }, column: { enum: states }, is: { enum: listedIn(columns) } }));
  if (numbers.enum.length > 0) {
    select.push(item({ fn: { enum: FUNCTIONS }, column: numbers }));
    select.push(item({ fn: { const: "sum" }, column: numbers, times: numbers }));
    select.push(item({ fn: { const: "mean" }, column: numbers, weight: numbers }));
    select.push(item({ column: numbers, over: numbers }));
  }
  return item({
    select: { type: "array", minItems: 1, maxItems: 6, items: { anyOf: select } },
    where: conditionsSchema(columns, words),
    order: { enum: ORDERS },
    limit: { type: "integer", minimum: 1, maximum: 1000 },
  });
}

/** Conditions that its rows may have to meet. */
export function conditionsSchema(columns: readonly Reachable[], words: RequestWords): JsonSchema {
  const [texts, numbers] = [
    named(columns, ({ isNumber }) => !isNumber),
    named(columns, ({ isNumber }) => isNumber),
  ];
  const values = [...new Set([...listedIn(columns), ...words.dates, ...words.texts])];
  const where: JsonSchema[] = [];
  if (texts.length > 0)
    where.push(
      item({ column: { enum: texts }, op: { enum: [...SIGNS, "starts"] }, value: { enum: values } }),
    );
  if (numbers.length > 0) {
    const [column, op, value] = [{ enum: numbers }, { enum: SIGNS }, { enum: words.numbers }];
    where.push(item({ column, op, value }), item({ column, over: { enum: numbers }, op, value }));
  }
  return { type: "array", maxItems: 5, items: { anyOf: where } };
}

/** "orders: id, status (open|shipped); customers: name": each by its table. */
export function columnsInBrief(table: string, columns: readonly Reachable[]): string {
  const groups = new Map<string, string[]>();
  for (const { name, column } of columns) {
    const at = name.includes(".") ? name.slice(0, name.indexOf(".")) : table;
    const values = column.values.length > 0 ? ` (${column.values.join("|")})` : "";
    groups.set(at, [...(groups.get(at) ?? []), `${column.name}${values}`]);
  }
  return [...groups].map(([at, names]) => `${at}: ${names.join(", ")}`).join("; ");
}

const named = (columns: readonly Reachable[], only: (column: Column) => boolean): string[] =>
  columns.filter(({ column }) => only(column)).map(({ name }) => name);

const listedIn = (columns: readonly Reachable[]): string[] => [
  ...new Set(columns.flatMap(({ column }) => column.values)),
];

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
  const selected = select.map((each) => {
    const { fn } = each;
    return {
      name: unique(nameOf(each), names),
      sql: selectedSql(each, (name) => of(name).sql),
      isPlain: fn === undefined,
      isNumber: fn !== undefined || (each.part === undefined && of(each.column).column.isNumber),
    };
  });
  const isListed = (name: string, value: unknown) => of(name).column.values.includes(String(value));
  const conditions = where.map(({ column, over, op, value }) => {
    const { sql } = of(column);
    if (over !== undefined) return `1.0 * ${sql} / ${of(over).sql} ${op} ?`;
    if (op === "starts") return `substr(${sql}, 1, ${[...String(value)].length}) = ?`;
    const isName = typeof value === "string" && /^(?:=|<>)$/.test(op) && !isListed(column, value);
    return `${sql} ${op} ?${isName ? " COLLATE NOCASE" : ""}`; // "tea" is Tea
  });
  const used = [
    ...select.flatMap(({ column, times, weight, over }) => [column, times, weight, over]),
    ...where.flatMap(({ column, over }) => [column, over]),
  ].filter((name) => name !== undefined);
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
    params: [
      ...select.flatMap(({ is }) => (is === undefined ? [] : [is])),
      ...where.map(({ value }) => value),
    ],
    columns: selected.map(({ name, isNumber }) => ({ name, isNumber })),
  };
}

/** Its unit is in its name, so a ratio has none of its columns' names. */
function nameOf({ fn, column, times, over, part }: Selected): string {
  if (over !== undefined) return "ratio";
  if (fn === "share") return "share";
  const parts = [fn, column, times, part].filter((each) => each !== undefined);
  return parts.join("_").replaceAll(".", "_");
}

function selectedSql({ column, fn, times, weight, over, part, is }: Selected, of: (name: string) => string) {
  const sql = of(column);
  if (over !== undefined) return `1.0 * ${sql} / ${of(over)}`;
  if (part !== undefined) return `substr(${sql}, 1, ${PARTS[part]})`;
  if (is !== undefined) return `avg(${sql} = ?)`;
  if (weight !== undefined) return `1.0 * sum(${sql} * ${of(weight)}) / sum(${of(weight)})`;
  if (fn === "distinct") return `count(DISTINCT ${sql})`;
  const value = times === undefined ? sql : `${sql} * ${of(times)}`;
  return fn === undefined ? value : `${fn}(${value})`;
}

function unique(name: string, names: Set<string>): string {
  let free = name;
  for (let n = 2; names.has(free); n++) free = `${name}_${n}`;
  names.add(free);
  return free;
}
