// Published chat templates render as transformers renders them (needs data beside the checkout).
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { createChatTemplate } from "../src/tokenizers/index.ts";
import { beside, unlessBeside } from "./places.ts";

interface Renders {
  now: string;
  variables: Record<string, string>;
  renders: {
    name: string;
    messages: unknown[];
    tools?: unknown[];
    kwargs?: Record<string, unknown>;
    add_generation_prompt: boolean;
    output?: string;
    error?: { raised_by_template: boolean; message: string };
  }[];
}

describe("published chat templates", () => {
  const root = beside("chat-templates");
  const skip = unlessBeside("chat-templates");
  if (skip) {
    it("all", { skip }, () => {});
    return;
  }
  for (const name of readdirSync(root)) {
    it(name, () => {
      const stored = JSON.parse(readFileSync(join(root, name, "renders.json"), "utf8")) as Renders;
      const { bos_token: bosToken, eos_token: eosToken, ...specialTokens } = stored.variables;
      const source = readFileSync(join(root, name, "template.jinja"), "utf8");
      const template = createChatTemplate(source, { bosToken, eosToken, specialTokens });
      assert.equal(stored.renders.length, 27);
      for (const {
        name: what,
        messages,
        tools,
        kwargs,
        add_generation_prompt,
        output,
        error,
      } of stored.renders) {
        const render = () =>
          template.render({
            messages,
            tools,
            variables: kwargs,
            addGenerationPrompt: add_generation_prompt,
            now: new Date(stored.now),
          });
        if (!error) {
          assert.equal(render(), output, what);
          continue;
        }
        assert.throws(render, (thrown) => {
          assert.ok(thrown instanceof BaimoError && thrown.code === "request", what);
          if (error.raised_by_template) assert.equal(thrown.message, error.message);
          return true;
        });
      }
    });
  }
});
