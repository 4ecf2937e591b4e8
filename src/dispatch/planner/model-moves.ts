// The steps "predict": models over a table that leads to their features, and over texts.
import type { Catalogue } from "./catalogue.ts";
import { type Draft, from, grown, type Move, next, object, refTo } from "./draft.ts";
import { columnsInBrief, conditionsSchema, type Query, type Reachable, reachable, toSql } from "./query.ts";
import type { RequestWords } from "./words.ts";

const LIST = { isList: true, isNumber: true };
const SCALAR = { isList: false, isNumber: true };

export function modelMoves(draft: Draft, { databases, predictors }: Catalogue, words: RequestWords): Move[] {
  const texts = draft.refs.filter(({ isNumber, isList }) => isList && !isNumber).map(({ name }) => name);
  const lists = draft.refs.filter(({ isList }) => isList).map(({ name }) => name);
  const year = Number(words.today.slice(0, 4));
  return predictors.flatMap(({ name: model, input, features, outputs }): Move[] => {
    if (input === "text") return texts.length > 0 ? [textMove(model, outputs, texts, lists)] : [];
    return databases.flatMap(({ name: db, tables }) =>
      tables.flatMap((table): Move[] => {
        const columns = reachable(table, tables);
        const derived = features.map((feature) => featureOf(feature, columns, year));
        if (!derived.every((each) => each !== undefined)) return [];
        const keys = columns.filter(
          ({ name }) => table.keys.includes(name) || table.references.some(({ column }) => column === name),
        );
        return [
          {
            name: `predict ${model} for ${db}.${table.name}`,
            about: columnsInBrief(table.name, columns),
            schema: object({ where: conditionsSchema(columns, words) }),
            add(before, { where }) {
              const query: Query = {
                select: [...keys, ...derived].map(({ name }) => ({ column: name })),
                where: where as Query["where"], // by the schema
                order: "none",
                limit: MOST_ROWS,
              };
              const { sql, params, columns: given } = toSql(table.name, query, [...derived, ...columns]);
              const rows = next(before, "sql.query", { db, sql, params });
              const own = given
                .slice(0, keys.length)
                .flatMap(({ name, isNumber }) => [
                  refTo(rows, `/rows/*/${name}`, `all ${name}`, { isList: true, isNumber }),
                  refTo(rows, `/rows/0/${name}`, name, { isList: false, isNumber }),
                ]);
              const between = grown(before, rows, [...own, refTo(rows, "/count", "count", SCALAR)]);
              const args = { model, rows: { $from: rows.id, path: "/rows" } };
              const node = next(between, "model.predict", args);
              const figures = outputs.flatMap((name) => [
                refTo(node, `/rows/*/${name}`, `all ${name}`, LIST),
                refTo(node, `/rows/0/${name}`, name, SCALAR),
              ]);
              return grown(between, node, figures);
            },
          },
        ];
      }),
    );
  });
}

const MOST_ROWS = 1000;

/** A feature out of columns: its own, money in fen that it has in yuan, an age of a year of birth. */
function featureOf(feature: string, columns: readonly Reachable[], year: number): Reachable | undefined {
  const find = (name: string) => columns.find((each) => each.column.name === name);
  const own = find(feature);
  const [source, sql] = own
    ? [own, own.sql]
    : feature === "age"
      ? [find("birth_year"), `${year} - ${find("birth_year")?.sql}`]
      : [find(`${feature}_fen`), `${find(`${feature}_fen`)?.sql} / 100.0`];
  return source && { name: feature, column: source.column, sql, joins: source.joins };
}

/** Which of the texts the model takes for what it looks for, by their keys. */
const textMove = (
  model: string,
  outputs: readonly string[],
  texts: readonly string[],
  lists: readonly string[],
): Move => ({
  name: `predict ${model}`,
  schema: object({ texts: { enum: texts }, keys: { enum: lists } }),
  add(before, { texts: read, keys }) {
    const node = next(before, "model.predict", { model, rows: from(before, read) });
    const all = outputs.map((name) => refTo(node, `/rows/*/${name}`, `all ${name}`, LIST));
    const between = grown(before, node, all);
    const found = next(between, "calc", {
      expr: "found = filter(k, o); found_count = count(found)",
      k: from(before, keys),
      o: { $from: node.id, path: "/rows/*/overThreshold" },
    });
    return grown(between, found, [
      refTo(found, "/found", "found", { isList: true, isNumber: false }),
      refTo(found, "/found_count", "found_count", SCALAR),
    ]);
  },
});
