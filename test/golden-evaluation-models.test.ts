// Own answers against runs of lm-evaluation-harness: likelihoods, choices, greedy texts.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, test } from "node:test";
import { argmax } from "../src/evaluate/score/likeliest.ts";
import type { Answer } from "../src/evaluate/score/score-task.ts";
import { createLocalSubject } from "../src/evaluate/subjects/local.ts";
import { openCheckpoint, quantizeGguf } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import type { Model } from "../src/generate/types.ts";
import {
  marginsOf,
  prepareOfRun,
  resultsOf,
  runNames,
  samplesOf,
  selectRun,
  settingsOf,
} from "./evaluation-runs.ts";
import { beside, root, unlessBeside } from "./places.ts";

const skip = unlessBeside("evaluation", "lm_eval");
/** Data of another place has runs of the same models and no copy of them. */
const stories =
  [beside("stories260k"), join(root, "..", "shared", "fixtures", "stories260k")].find(existsSync) ?? "";
/** Documents of each task; BAIMO_EVALUATION=all runs every one. */
const FEW = process.env.BAIMO_EVALUATION === "all" ? 10_000 : 3;
/** Below this a choice or a greedy token may differ, as the fixtures' README has it. */
const LEAST_MARGIN = 2e-3;
const TOLERANCE = 1e-3;

describe("answers of a model on this machine", { skip }, () => {
  const models = new Map<string, Model>();
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "baimo-evaluation-"));
    const poet = await openCheckpoint(join(root, "assets", "poet.gguf"));
    await quantizeGguf(poet, join(folder, "poet.gguf"), "F32", { requantize: true });
    await poet.close();
    models.set("models/poet", await load(join(folder, "poet.gguf"), { threads: 2, contextLength: 512 }));
    models.set("models/stories260k", await load(stories, { threads: 2, contextLength: 512 }));
  });
  after(async () => {
    for (const model of models.values()) await model.dispose();
    await rm(folder, { recursive: true });
  });

  for (const run of skip ? [] : runNames) {
    it(run, async () => {
      const { model: name, max_length: contextLength } = settingsOf(run);
      const template = resultsOf(run).chat_template ?? undefined;
      const subject = createLocalSubject(models.get(name) as Model, {
        contextLength,
        chatTemplate: template,
      });
      const margins = marginsOf(run);
      let worst = 0;
      for (const config of selectRun(run).tasks) {
        if (config.generationKwargs?.do_sample === true) continue;
        const { prepared } = await prepareOfRun(run, config);
        const few = prepared.slice(0, FEW);
        const questions = few.flatMap(({ requests }) =>
          requests.map((request) => ({ request, repeat: 0, seed: 0 })),
        );
        const answers = (await subject.ask(questions)).map(({ answer }) => answer);
        const samples = samplesOf(run, config.task);
        let at = 0;
        for (const { id, requests } of few) {
          const own = answers.slice(at, (at += requests.length));
          const margin = margins[config.task]?.[id] ?? 1;
          worst = Math.max(worst, compare(own, samples[id].resps, margin, `${config.task} ${id}`));
        }
      }
      assert.ok(worst < TOLERANCE, `the worst likelihood is off by ${worst}`);
    });
  }
});

test("the poet as Q8_0 chooses as its float32, but where that leads by less than 0.5", {
  skip,
}, async (t) => {
  const poet = await load(join(root, "assets", "poet.gguf"), { threads: 2, contextLength: 512 });
  let [documents, flips, widest] = [0, 0, 0];
  try {
    for (const run of runNames.filter((name) => settingsOf(name).model === "models/poet")) {
      const { max_length: contextLength } = settingsOf(run);
      const chatTemplate = resultsOf(run).chat_template ?? undefined;
      const subject = createLocalSubject(poet, { contextLength, chatTemplate });
      for (const config of selectRun(run).tasks.filter((task) => task.outputType === "multiple_choice")) {
        const { prepared } = await prepareOfRun(run, config);
        const samples = samplesOf(run, config.task);
        for (const { id, requests } of prepared.slice(0, FEW)) {
          const asked = await subject.ask(requests.map((request) => ({ request, repeat: 0, seed: 0 })));
          const logprobOf = (answer: unknown): number => Number((answer as unknown[])[0]);
          const stored: number[] = samples[id].resps.map(([one]: unknown[]) => logprobOf(one));
          const chosen = argmax(asked.map(({ answer }) => logprobOf(answer)));
          const lead = stored[argmax(stored)] - stored[chosen];
          assert.ok(
            lead < 0.5,
            `${run}, ${config.task} ${id}: another choice, which float32 has ${lead} below`,
          );
          documents++;
          flips += Number(lead > 0);
          widest = Math.max(widest, lead);
        }
      }
    }
  } finally {
    await poet.dispose();
  }
  t.diagnostic(`${flips} of ${documents} choices flip, the widest at a lead of ${widest.toFixed(4)}`);
});

/** The largest difference of a likelihood; choices, flags and texts must be equal but near a tie. */
function compare(
  own: readonly Answer[],
  stored: readonly unknown[][],
  margin: number,
  where: string,
): number {
  const isClear = margin >= LEAST_MARGIN;
  const logprobs: [number, number][] = [];
  for (const [i, answer] of own.entries()) {
    const [expected] = stored[i];
    if (typeof answer === "string") {
      if (isClear) assert.equal(answer, expected, where);
    } else if (typeof answer === "number") logprobs.push([answer, Number(expected)]);
    else {
      const [logprob, isGreedy] = expected as [string, string];
      logprobs.push([answer[0], Number(logprob)]);
      if (isClear) assert.equal(answer[1], isGreedy === "True", where);
    }
  }
  const choices = [0, 1].map((side) => argmax(logprobs.map((pair) => pair[side])));
  if (isClear) assert.equal(choices[0], choices[1], where);
  return Math.max(0, ...logprobs.map(([a, b]) => Math.abs(a - b)));
}
