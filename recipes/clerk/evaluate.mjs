// How many requests a model plans right: golden ones by their facts, drawn ones of unseen kinds.
//
//     node evaluate.mjs MODEL [--drawn 100] [--seen] [--out FILE] [--threads 1]
//
// MODEL: a folder or a GGUF file. A drawn request is right when every step is the one that made it.
import { writeFileSync } from "node:fs";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { asking } from "../../dist/src/dispatch/planner/ask.js";
import { writePlan } from "../../dist/src/dispatch/planner/plan-request.js";
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

/** Faults of planning, as a text; others are thrown. */
const caught = (error) => {
  if (error.code === undefined) throw error;
  return error.message;
};

for (const [set, unseen] of values.seen ? [["unseen", true], ["seen", false]] : [["unseen", true]]) {
  let count = 0;
  for (const request of drawRequests(SEED, { unseen })) {
    if (count === Number(values.drawn)) break;
    const wanted = await conversationOf(request).catch(() => undefined);
    if (!wanted) continue; // the steps do not admit it
    count++;
    const said = [];
    const { text, today, world } = request;
    const recorded = async (question, schema) => {
      const answer = await ask(question, schema);
      said.push(answer);
      return answer;
    };
    const fault = await writePlan(text, { ask: recorded, catalogue: world.catalogue, asker: { role: world.role }, today, isBrief: true }).then(
      () => {
        const answers = wanted.filter(({ role }) => role === "assistant").map(({ content }) => content);
        const at = answers.findIndex((answer, i) => !isDeepStrictEqual(answer, said[i]?.trim()));
        return at < 0 ? undefined : `${said[at]}\n     in the place of ${answers[at]}`;
      },
      caught,
    );
    note(set, request.kind, text, fault);
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
console.log(summary);
if (values.out) writeFileSync(values.out, `${JSON.stringify({ summary, rows }, undefined, 1)}\n`);
