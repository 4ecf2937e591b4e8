// Published chat templates render as transformers renders them (needs data beside the checkout).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { createChatTemplate } from "../src/tokenizers/index.ts";
import { goldenSets, unlessBeside } from "./places.ts";

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
  const sets = goldenSets("chat-templates");
  if (sets.length === 0) it("all", { skip: unlessBeside("chat-templates") }, () => {});
  for (const { name, path } of sets) {
    it(name, () => {
      const stored = JSON.parse(readFileSync(join(path, "renders.json"), "utf8")) as Renders;
      const { bos_token: bosToken, eos_token: eosToken, ...specialTokens } = stored.variables;
      const source = readFileSync(join(path, "template.jinja"), "utf8");
      const template = createChatTemplate(source, { bosToken, eosToken, specialTokens });
      assert.ok(stored.renders.length > 0);
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
