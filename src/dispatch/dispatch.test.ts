// Calculations, references and validation on small graphs, without a database.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bothTailsOfNormal, bothTailsOfT } from "../statistics/special-functions.ts";
import { evaluateCalc } from "./calc/evaluate.ts";
import { parseCalc } from "./calc/parse.ts";
import { readTask, runPlan, validate } from "./index.ts";
import type { Tool } from "./tool.ts";
import { calc } from "./tools/calc.ts";
import { statsDescribe, statsTest } from "./tools/statistics.ts";

const value = (expr: string, bound: Record<string, unknown> = {}) =>
  evaluateCalc(parseCalc(expr), bound).value;

describe("calc", () => {
  it("has the usual precedence", () => {
    const expected: [string, unknown][] = [
      ["1 + 2 * 3 ^ 2", 19],
      ["-2 ^ 2", -4],
      ["2 ^ 3 ^ 2", 512],
      ["2 ^ -1", 0.5],
      ["(1 + 2) * 3 % 5", 4],
      ["1 < 2 and not (3 <> 3)", true],
      ["if(2 > 1, 'yes', 'no')", "yes"],
      ["round(1.005, 2)", 1.01],
      ["round(-2.5)", -3],
    ];
    for (const [expr, result] of expected) assert.equal(value(expr), result, expr);
  });

  it("goes through lists and columns value by value", () => {
    const rows = [
      { name: "a", n: 3 },
      { name: "b", n: 1 },
      { name: "c", n: 3 },
    ];
    assert.deepEqual(value("n / sum(n) * 7", { rows }), [3, 1, 3]);
    assert.deepEqual(value("largest(name, n, 2)", { rows }), ["a", "c"]);
    assert.deepEqual(value("filter(name, n < 2)", { rows }), ["b"]);
    assert.equal(value("sum(n)", { rows: [] }), 0);
  });

  it("gives no figure where there is none", () => {
    const refusals: [string, RegExp][] = [
      ["1 / 0", /gives Infinity/],
      ["missing + 1", /there is no missing/],
      ["sum(x)", /needs a number, not null/],
      ["constructor(1)", /no function constructor/],
      ["1 +", /its end at character 3/],
      ["a = 1; a = 2", /gives a twice/],
      ["[1, 2] + [1, 2, 3]", /lists of 2 and 3/],
      ["'a' < 1", /cannot compare/],
      ["(".repeat(100), /deeper than 64/],
      ["process.exit()", /character 7/],
    ];
    for (const [expr, message] of refusals) assert.throws(() => value(expr, { x: [1, null] }), message, expr);
  });
});

describe("a task", () => {
  const tools = new Map<string, Tool>([calc, statsDescribe, statsTest].map((tool) => [tool.name, tool]));
  const node = (id: string, args: Record<string, unknown>, after: string[] = [], tool = "calc") => ({
    id,
    tool,
    args,
    after,
  });
  const check = (...nodes: object[]) => validate(readTask({ nodes, facts: [] }), tools, { role: "clerk" });
  const from = (id: string, path: string) => ({ $from: id, path });

  it("is refused whole, by the node at fault", async () => {
    const one = node("n1", { expr: "a = 1" });
    const refusals: [object[], RegExp][] = [
      [[node("n1", { expr: "1" }, ["n2"]), node("n2", { expr: "1" }, ["n1"])], /n1, n2 wait for one another/],
      [[node("n1", { expr: "x", x: from("n1", "/value") })], /n1 wait for one another/],
      [[node("n1", { expr: "1" }, ["n7"])], /needs n7, which is no node/],
      [[one, one], /two nodes are called n1/],
      [[node("n1", {}, [], "calk")], /there is no tool calk; did you mean calc/],
      [
        [one, node("n2", { expr: "x", x: from("n1", "/b") })],
        /leads nowhere in what n1 gives, at b; known: a/,
      ],
      [[one, node("n2", { expr: from("n1", "/a") })], /expr must be a literal/],
      [[node("n1", { expr: "x + y", x: 1 })], /there is no y/],
      [[node("n1", { values: "no" }, [], "stats.describe")], /argument values is "no"/],
      [[node("n1", { expr: "1", more: { $parameter: "p" } })], /uses parameter p/],
    ];
    for (const [nodes, message] of refusals) await assert.rejects(async () => check(...nodes), message);
  });

  it("does not run where it writes", async () => {
    const plan = await check(Object.assign(node("n1", { expr: "1" }), { needsApproval: true }));
    assert.deepEqual(plan.writes, ["n1"]);
    await assert.rejects(runPlan(plan, tools, { role: "clerk" }), /the task writes \(n1\)/);
  });
});

it("tails agree with stored values of SciPy", () => {
  const near = (found: number, expected: number) =>
    assert.ok(Math.abs(found / expected - 1) < 1e-10, `${found}, expected ${expected}`);
  near(bothTailsOfT(2, 5), 0.10193947882985835);
  near(bothTailsOfT(0.1, 30), 0.9210096117902712);
  near(bothTailsOfNormal(1.96), 0.04999579029644087);
  near(bothTailsOfNormal(9), 2.2571768119076647e-19);
});
