// The steps that a plan may have next: a schema of what there is, and the node it becomes.
import type { JsonSchema } from "../../json.ts";
import type { TaskNode } from "../graph/task.ts";
import { callMoves } from "./call-moves.ts";
import type { Catalogue } from "./catalogue.ts";
import { decisionMoves } from "./decision-moves.ts";
import { calc, type Draft, from, grown, type Move, next, object, refTo } from "./draft.ts";
import { formulaMoves, shareMove } from "./formula-moves.ts";
import { modelMoves } from "./model-moves.ts";
import { columnsInBrief, type Query, querySchema, reachable, toSql } from "./query.ts";
import type { RequestWords } from "./words.ts";

const OPERATIONS: Readonly<Record<string, string>> = {
  ratio: "a / b",
  difference: "a - b",
  sum: "a + b",
  product: "a * b",
  change: "a / b - 1",
  "is more": "a > b",
  exchange: "a / 100 * b", // fen into another currency
};
const FOLDS: Readonly<Record<string, string>> = {
  sum: "sum(a)",
  mean: "mean(a)",
  min: "min(a)",
  max: "max(a)",
  count: "count(a)",
  last: "item(last(a, 1), 1)",
};
const TEST = ["meanA", "meanB", "t", "df", "pValue"];
const DESCRIPTION = ["count", "mean", "standardDeviation", "min", "quartile1", "median", "quartile3", "max"];

export function movesOf(draft: Draft, catalogue: Catalogue, words: RequestWords): Move[] {
  const { licences } = catalogue;
  const numbers = draft.refs.filter(({ isNumber, isList }) => isNumber && !isList).map(({ name }) => name);
  const lists = draft.refs.filter(({ isNumber, isList }) => isNumber && isList).map(({ name }) => name);
  const moves: Move[] = [];
  for (const { name: db, tables } of catalogue.databases) {
    for (const table of tables) {
      const columns = reachable(table, tables);
      const add: Move["add"] = (before, args) => {
        const { sql, params, columns: given } = toSql(table.name, args as unknown as Query, columns); // by the schema
        const node = next(before, "sql.query", { db, sql, params });
        const refs = given.flatMap(({ name, isNumber }) => [
          refTo(node, `/rows/*/${name}`, `all ${name}`, { isList: true, isNumber }),
          refTo(node, `/rows/0/${name}`, name, { isList: false, isNumber }),
        ]);
        refs.push(refTo(node, "/count", "count", { isList: false, isNumber: true }));
        return grown(
          before,
          node,
          refs,
          given.map(({ name }) => name),
        );
      };
      moves.push({
        name: `query ${db}.${table.name}`,
        about: columnsInBrief(table.name, columns),
        schema: querySchema(columns, words),
        add,
      });
    }
  }
  moves.push(...modelMoves(draft, catalogue, words));
  if (lists.length > 0) moves.push(...listMoves(lists, catalogue));
  if (numbers.length > 0) {
    const schema = object({
      op: { enum: Object.keys(OPERATIONS) },
      a: { enum: numbers },
      b: { enum: numbers },
    });
    const add: Move["add"] = (before, { op, a, b }) =>
      calc(before, `${String(op).replace(" ", "_")}`, {
        expr: OPERATIONS[String(op)],
        a: from(before, a),
        b: from(before, b),
      });
    moves.push({ name: "calculate", schema, add });
  }
  if (numbers.length > 0) moves.push(...formulaMoves(numbers, words));
  moves.push(...callMoves(draft, catalogue, words));
  for (const { db, sql, parameters } of catalogue.writes) {
    const value: JsonSchema = {
      enum: [...new Set([...words.numbers, ...words.texts, ...words.dates, ...numbers])],
    };
    moves.push({
      name: `write ${db}: ${sql}`,
      schema: object({ params: { type: "array", minItems: parameters, maxItems: parameters, items: value } }),
      add(before, { params }) {
        const values = (params as unknown[]).map((each) => from(before, each)); // by the schema
        const node: TaskNode = Object.assign(next(before, "db.write", { db, sql, params: values }), {
          needsApproval: true,
        });
        return grown(before, node, [refTo(node, "/changed", "changed", { isList: false, isNumber: true })]);
      },
    });
  }
  return licences ? [...moves, ...decisionMoves(draft, words, licences)] : moves;
}

function listMoves(lists: readonly string[], { forecasters }: Catalogue): Move[] {
  const list: JsonSchema = { enum: lists };
  const moves: Move[] = forecasters.map((model) => ({
    name: `forecast ${model}`,
    schema: object({ series: list, horizon: { type: "integer", minimum: 1, maximum: 24 } }),
    add(before, { series, horizon }) {
      const node = next(before, "stats.forecast", { model, series: from(before, series), horizon });
      return grown(before, node, [
        refTo(node, "/steps/*/value", "forecast", { isList: true, isNumber: true }),
      ]);
    },
  }));
  const scalars = (node: TaskNode, names: readonly string[]) =>
    names.map((name) => refTo(node, `/${name}`, name, { isList: false, isNumber: true }));
  moves.push({
    name: "put together",
    schema: object({ fn: { enum: Object.keys(FOLDS) }, values: list }),
    add: (before, { fn, values }) =>
      calc(before, String(fn), { expr: FOLDS[String(fn)], a: from(before, values) }),
  });
  moves.push(shareMove(list));
  moves.push({
    name: "describe",
    schema: object({ values: list }),
    add(before, { values }) {
      const node = next(before, "stats.describe", { values: from(before, values) });
      return grown(before, node, scalars(node, DESCRIPTION));
    },
  });
  moves.push({
    name: "compare means",
    schema: object({ a: list, b: list }),
    add(before, { a, b }) {
      const node = next(before, "stats.test", { kind: "welch-t", a: from(before, a), b: from(before, b) });
      return grown(before, node, scalars(node, TEST));
    },
  });
  return moves;
}
