// How many requests a model plans right: golden ones by their facts, drawn ones of unseen kinds.
//
//     node evaluate.mjs MODEL [--drawn 100] [--seen] [--out FILE] [--threads 1]
//
// MODEL: a folder or a GGUF file. A drawn request is right when every step is the one that made it.
import { writeFileSync } from "node:fs";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { asking } from "../../dist/src/dispatch/planner/ask.js";
import { load } from "../../dist/src/index.js";
import { faultOf } from "../../dist/test/dispatch-judge.js";
import { open, partner, requests } from "../../dist/test/dispatch-world.js";
import { conversationOf, drawRequests } from "./write-plans.mjs";

const SEED = 1818;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { drawn: { type: "string", default: "100" }, seen: { type: "boolean", default: false }, out: { type: "string" }, threads: { type: "string", default: "1" } },
});
const model = await load(positionals[0] ?? "work/clerk", { threads: Number(values.threads) });
const ask = asking(model);
const rows = [];
const note = (set, id, text, fault) => {
  rows.push({ set, id, text, fault });
  console.log(fault ? `no   ${set} ${id}: ${text}\n     ${fault.slice(0, 300)}` : `yes  ${set} ${id}`);
};

/** Of each sort of step, how many are right after the right ones before. */
const steps = {};
const sortOf = (answer) => Object.keys(JSON.parse(answer))[0].replace(/^(?!verdict|next|facts|missing|reason).*/, "arguments");

for (const [set, unseen] of values.seen ? [["unseen", true], ["seen", false]] : [["unseen", true]]) {
  let count = 0;
  for (const request of drawRequests(SEED, { unseen })) {
    if (count === Number(values.drawn)) break;
    const isAdmitted = await conversationOf(request).then(() => true, () => false);
    if (!isAdmitted) continue;
    count++;
    let fault;
    await conversationOf(request, async (question, schema, wanted) => {
      const said = await ask(question, schema);
      const isRight = isDeepStrictEqual(JSON.parse(said), JSON.parse(wanted));
      if (!isRight) fault ??= `${said}\n     in the place of ${wanted}`;
      const sort = `${set} ${sortOf(wanted)}`;
      steps[sort] ??= { right: 0, of: 0 };
      steps[sort].of++;
      if (isRight) steps[sort].right++;
    });
    note(set, request.kind, request.text, fault);
  }
}

const opened = await open(partner);
for (const request of requests) note("golden", request.id, request.text, await faultOf(request, ask, opened, true));
opened.close();
await model.dispose();

const sets = [...new Set(rows.map(({ set }) => set))];
const summary = Object.fromEntries(
  sets.map((set) => {
    const all = rows.filter((row) => row.set === set);
    const right = all.filter(({ fault }) => !fault);
    return [set, { right: right.length, of: all.length, share: Number((right.length / all.length).toFixed(3)) }];
  }),
);
console.log(summary, steps);
if (values.out) writeFileSync(values.out, `${JSON.stringify({ summary, steps, rows }, undefined, 1)}\n`);
