// A program that runs 20 steps with an approval and a write, from where its journal stands.
//
// Arguments: folder, milliseconds of a step. It says "go" when the run goes on, and "done" at its end.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beginRun, continueRun, openJournal, openTools, readTask } from "../src/dispatch/index.ts";
import type { Tool } from "../src/dispatch/tool.ts";

const [folder, ms] = process.argv.slice(2);
export const WRITE = "update stock set quantity = quantity - ? where id = ?";

/** Adds one, slowly, and says so in a file: what is done twice stands there twice. */
const slow: Tool = {
  name: "slow",
  effect: "read",
  fixed: [],
  input: { type: "object", properties: { value: { type: "number" } } },
  costFen: () => 0,
  check: async () => ({ type: "object", properties: { value: { type: "number" } } }),
  async run({ node, args }) {
    appendFileSync(join(folder, "steps.log"), `${node}\n`);
    await sleep(Number(ms));
    return { output: { value: Number(args.value) + 1 }, evidence: [] };
  },
};

const id = (n: number) => `n${n}`;
const nodes = Array.from({ length: 20 }, (_, i) => {
  const after = i === 0 ? [] : [id(i - 1)];
  if (i === 10)
    return {
      id: id(i),
      tool: "db.write",
      args: { db: "shop", sql: WRITE, params: [1, 7] },
      after,
      needsApproval: true,
    };
  const value = i === 0 ? 0 : { $from: id(i === 11 ? 9 : i - 1), path: "/value" };
  return { id: id(i), tool: "slow", args: { value }, after };
});
const facts = [
  { key: "steps", node: "n19", path: "/value" },
  { key: "changed", node: "n10", path: "/changed" },
];

const opened = await openTools({
  databases: { shop: { path: join(folder, "shop.db"), roles: ["clerk"], writes: [WRITE] } },
  sqlLimits: { rows: 100, ms: 60_000 },
});
const tools = new Map(opened.tools).set(slow.name, slow);
const journal = await openJournal(join(folder, "journal"));
const [open] = journal.open();
const run =
  open?.id ??
  (await beginRun(journal, { task: readTask({ nodes, facts }), role: "clerk", language: "en" }, tools));
process.stdout.write("go\n");
for (;;) {
  const { state, approvals } = await continueRun(journal, run, tools);
  if (state === "waiting") {
    for (const { node: name, argumentsSha256 } of approvals)
      journal.decide(run, name, { approve: true, by: "test", argumentsSha256 });
    continue;
  }
  process.stdout.write("done\n");
  break;
}
opened.close();
journal.close();
