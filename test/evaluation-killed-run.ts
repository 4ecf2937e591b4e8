// A run for tests that kill it: its subject notes every question on disk before it answers.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { prepareRun } from "../src/evaluate/prepare-run.ts";
import { runInFolder } from "../src/evaluate/run-in-folder.ts";
import type { Subject } from "../src/evaluate/subjects/subject.ts";

/** address  where other processes share the run; hangAt  the batch that this one never answers */
const [tasks, out, asked, address, hangAt = "0"] = process.argv.slice(2);
let batches = 0;
const subject: Subject = {
  name: "answers by length",
  facts: {},
  countTokens: (text) => text.length,
  async ask(questions) {
    const lines = questions.map(({ request, seed }) => JSON.stringify([seed, request]));
    appendFileSync(asked, `${lines.join("\n")}\n`);
    await sleep(++batches === Number(hangAt) ? 2 ** 30 : 4);
    return questions.map(({ request }) => {
      const text = request.kind === "loglikelihood" ? request.continuation : "";
      return { answer: [-text.length, false], cost: { promptTokens: 1, completionTokens: 0 } };
    });
  },
};
const settings = { tasks: ["killed"], includePaths: [tasks] };
const share = address === undefined ? undefined : { address, name: "shared", deadMs: 500 };
const options = { isChat: false, out, share, identity: "one", version: "0", now: new Date(0), batch: 4 };
process.stdout.write("begun\n");
await runInFolder(await prepareRun(settings), subject, settings, options);
