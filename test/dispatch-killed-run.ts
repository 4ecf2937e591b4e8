// A program that runs 20 steps with an approval and a write, from where its journal stands.
//
// Arguments: folder, milliseconds of a step, place of the journal, after how many a machine is dead, and the row that
// its runs write. It says "go" when a run goes on, and "done" at its end: when the folder has a file "stop" and no run
// is open.
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beginRun, continueRun, openJournal, openTools, readTask } from "../src/dispatch/index.ts";
import type { Tool } from "../src/dispatch/tool.ts";

const [folder, ms, place, deadMs, row] = process.argv.slice(2);
export const WRITE = "update stock set quantity = quantity - ? where id = ?";

/** Adds one, slowly, and says so in a file: what is done twice stands there twice. */
const slow: Tool = {
  name: "slow",
  effect: "read",
  fixed: [],
  input: { type: "object", properties: { value: { type: "number" } } },
  costFen: () => 0,
  check: async () => ({ type: "object", properties: { value: { type: "number" } } }),
  async run({ args, key }) {
    appendFileSync(join(folder, "steps.log"), `${key} ${process.pid}\n`);
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
      args: { db: "shop", sql: WRITE, params: [1, Number(row)] },
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
const journal = await openJournal(place, { deadMs: Number(deadMs) });
do {
  const [open] = await journal.open();
  const run =
    open?.id ??
    (await beginRun(journal, { task: readTask({ nodes, facts }), role: "clerk", language: "en" }, tools));
  process.stdout.write("go\n");
  await toItsEnd(run);
} while (!existsSync(join(folder, "stop")) || (await journal.open()).length > 0);
await journal.close();
opened.close();
process.stdout.write("done\n");

async function toItsEnd(run: string): Promise<void> {
  for (;;) {
    const { state, approvals } = await continueRun(journal, run, tools);
    if (state !== "waiting") return;
    for (const { node: name, argumentsSha256 } of approvals) {
      try {
        await journal.decide(run, name, { approve: true, by: "test", argumentsSha256 });
      } catch (error) {
        if (!String(error).includes("it was approved before")) throw error; // on the other machine
      }
    }
  }
}
