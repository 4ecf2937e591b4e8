// Public bug reports, tried: each case folder by its kind, against what the reference gives.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { load } from "../src/generate/load.ts";
import {
  type ChatTemplate,
  chatTemplateOf,
  createChatTemplate,
  openTokenizer,
  type Tokenizer,
} from "../src/tokenizers/index.ts";
import { maxDifference, readJson, root } from "./places.ts";

const reports = resolve(root, process.env.BAIMO_REPORTS ?? "../shared/findings/public-reports");

/** Cases that are not met yet, by the part of the program that has to change. One that is met must leave the list. */
const notYet: Readonly<Record<string, readonly string[]>> = {};

/** What case.json holds; which fields there are goes by the kind and by what is asked. */
interface Case {
  kind: string;
  report: string;
  essence: string;
  template?: string;
  messages?: unknown[];
  tools?: unknown[] | null;
  expected?: string;
  expectedPromptText?: string;
  text?: string;
  ids?: number[];
  encoderTokens?: number[];
  lastLogits?: number[];
}

const checks: Readonly<Record<string, (folder: string, given: Case) => Promise<void>>> = {
  template: async (_, given) =>
    assert.equal(renderWith(createChatTemplate(given.template!), given), given.expected),
  tokenizer: async (folder, given) => checkTokenizer(await openTokenizer(join(folder, "tok")), given),
  gguf: async (folder, given) => checkTokenizer(await openTokenizer(join(folder, "m.gguf")), given),
  async model(folder, { ids, encoderTokens, lastLogits }) {
    const model = await load(join(folder, "model"), { device: "reference", contextLength: 96 });
    try {
      const { data } = await model.logits(ids!, { positions: "last", encoderTokens });
      const difference = maxDifference(data, lastLogits!);
      assert.ok(difference <= 2e-3, `logits differ by ${difference}`);
    } finally {
      await model.dispose();
    }
  },
};

function renderWith(template: ChatTemplate, { messages, tools }: Case): string {
  return template.render({ messages: messages!, tools: tools ?? undefined });
}

function checkTokenizer(tokenizer: Tokenizer, given: Case): void {
  if (given.text !== undefined) {
    const options = { addSpecialTokens: false, parseSpecialTokens: true };
    assert.deepEqual(tokenizer.encode(given.text, options), given.ids);
  }
  if (given.messages !== undefined) {
    const template = chatTemplateOf(tokenizer);
    assert.ok(template, "there is no chat template");
    assert.equal(renderWith(template, given), given.expected ?? given.expectedPromptText);
  }
}

/** Runs a case of the list above: it is to do as long as it fails, and a failure once it is met. */
async function runNotYet(t: TestContext, area: string, run: () => Promise<void>): Promise<void> {
  const failure = await run().then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(failure, `it is met: take it off the list of ${area}`);
  t.todo(area);
  throw failure;
}

const names = existsSync(reports) ? readdirSync(reports).sort() : [];
const folders = names.filter((name) => existsSync(join(reports, name, "case.json")));
if (folders.length === 0) test("public reports", { skip: "there are none beside the checkout" }, () => {});

for (const name of folders) {
  const given = readJson(join(reports, name, "case.json")) as Case;
  const area = Object.keys(notYet).find((key) => notYet[key].includes(name));
  test(`${name} (${given.report})`, async (t) => {
    const check = checks[given.kind];
    assert.ok(check, `no check of the kind "${given.kind}"`);
    const run = () => check(join(reports, name), given);
    if (area) await runNotYet(t, area, run);
    else await run();
  });
}
