// Statements for the keys of the rows that went in, and forms that have none.
import assert from "node:assert/strict";
import { it } from "node:test";
import { lineageOf } from "./lineage.ts";

const tables = [{ name: "t", keys: ["id"], columns: [], references: [] }];
const where = (sql: string) => / where (.*) order by /.exec(lineageOf(sql, tables) ?? "")?.[1];

it("rows that no sum has are left out", () => {
  const cases: readonly (readonly [sql: string, where: string | undefined])[] = [
    ["select sum(a = 'x(') n from t", "(a = 'x(')"],
    ["select sum(a) n, sum(a in (1, 2)) m from t", undefined],
    ["select count(case when a > 1 then 1 end) n from t where b = ?", "(b = ?1) and ((a > 1))"],
    ["select sum(case when a > 1 then b else 0 end) n, sum(c) m from t", undefined],
    ["select sum(case when a > 1 then b else 7 end) n from t", undefined],
    ["select sum(b) filter (where a = 1) n, sum(a = 2) m from t", "(a = 1) or (a = 2)"],
    ["select coalesce(sum(a * b), 0) n from t where c = ?", "c = ?1"],
  ];
  for (const [sql, expected] of cases) assert.equal(where(sql), expected, sql);
});

it("plain rows have keys, too; those of another form have none", () => {
  assert.match(
    lineageOf("select a from t where b = 1", tables) ?? "",
    /^select t\.id AS "t\.id" from t where b = 1/,
  );
  for (const sql of [
    "select a from t order by a limit 1",
    "select 1 union select a from t",
    "select sum(a) from t limit ?",
  ])
    assert.equal(lineageOf(sql, tables), undefined, sql);
});
