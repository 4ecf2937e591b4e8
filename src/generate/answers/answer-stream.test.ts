// Tokens of a running model become events of reasoning, text and tool calls.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { createTextStream } from "../text-stream.ts";
import type { ChatEvent, Finish, GenerateEvent } from "../types.ts";
import { createAnswerStream, schemasOf, specialTokensOf } from "./answer-stream.ts";
import type { AnswerFormat } from "./format.ts";
import { HERMES } from "./formats/hermes.ts";
import { MISTRAL_ARGS } from "./formats/mistral.ts";

const SPECIAL = ["<s>", "</s>", "[TOOL_CALLS]", "[ARGS]", "[THINK]", "[/THINK]"];
const TOKENS = [...SPECIAL, "Hm", ".", "Hi", " [", "ARGS", "]", "now", "{", "}", "<think>", "</think>", "\n"];

/** A vocabulary of whole tokens. */
const tokenizer = {
  vocabSize: TOKENS.length,
  isSpecial: (id: number) => id < SPECIAL.length,
  idToToken: (id: number): string | undefined => TOKENS[id],
  decode: (ids: ArrayLike<number>) => Array.from(ids, (id) => TOKENS[id]).join(""),
  createDecodeStream: () => ({
    push: (id: number) => (id < SPECIAL.length ? "" : TOKENS[id]),
    flush: () => "",
  }),
};

const END = {
  usage: { promptTokens: 1, completionTokens: 1, cachedTokens: 0 },
  timings: { promptMs: 1, generationMs: 1 },
  seed: 7,
};

/** The events of an answer, and how it ended. */
async function answer(
  format: AnswerFormat,
  tokens: readonly string[],
  { reason = "stop", prompt = ["Hi"] }: { reason?: "stop" | "length"; prompt?: string[] } = {},
) {
  const special = specialTokensOf(tokenizer);
  const stream = createAnswerStream(
    { format, tokenizer, special, reasons: false },
    schemasOf([{ name: "now" }]),
  );
  async function* generation(): AsyncGenerator<GenerateEvent, Finish> {
    stream.begin(prompt.map((token) => TOKENS.indexOf(token)));
    const text = createTextStream(tokenizer, { stop: [], placeOf: stream.placeOf });
    yield { type: "prompt-progress", done: 1, total: 1 };
    for (const token of tokens) {
      const delta = text.push({ id: TOKENS.indexOf(token) });
      yield { type: "text-delta", text: delta.text, tokens: delta.tokens };
    }
    const finish: Finish = { reason, ...END };
    yield { type: "finish", ...finish };
    return finish;
  }
  const events: ChatEvent[] = [];
  const reading = stream.read(generation());
  for (;;) {
    const next = await reading.next();
    if (next.done) return { events, finish: next.value };
    events.push(next.value);
  }
}

const idsOf = (...tokens: string[]) => tokens.map((token) => ({ id: TOKENS.indexOf(token) }));

describe("a stream of chat events", () => {
  it("has reasoning, text and calls apart, with their tokens", async () => {
    const tokens = ["[THINK]", "Hm", ".", "[/THINK]", "Hi", "[TOOL_CALLS]", "now", "[ARGS]", "{", "}"];
    const { events, finish } = await answer(MISTRAL_ARGS, tokens);
    const [call] = finish.toolCalls ?? [];
    assert.deepEqual(events, [
      { type: "prompt-progress", done: 1, total: 1 },
      { type: "reasoning-delta", text: "Hm", tokens: idsOf("[THINK]", "Hm") },
      { type: "reasoning-delta", text: ".", tokens: idsOf(".") },
      { type: "text-delta", text: "Hi", tokens: idsOf("[/THINK]", "Hi") },
      { type: "tool-call-start", index: 0, id: call.id, name: "now" },
      { type: "tool-call-delta", index: 0, arguments: "{}" },
      { type: "tool-call", index: 0, id: call.id, name: "now", arguments: "{}" },
      { type: "finish", reason: "tool_calls", toolCalls: [call], ...END },
    ]);
    assert.equal(finish.reason, "tool_calls");
  });

  it("takes for a mark only the token, and drops other special tokens", async () => {
    const { events, finish } = await answer(MISTRAL_ARGS, ["<s>", "Hi", " [", "ARGS", "]", "</s>"], {
      reason: "length",
    });
    const text = events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
    assert.equal(text, "Hi [ARGS]");
    assert.deepEqual([finish.reason, finish.toolCalls], ["length", []]);
  });

  it("goes on in reasoning that the prompt has begun", async () => {
    const { events } = await answer(HERMES, ["Hm", "</think>", "\n", "Hi"], {
      prompt: ["Hi", "<think>", "\n"],
    });
    assert.deepEqual(
      events.flatMap((event) =>
        event.type === "reasoning-delta" || event.type === "text-delta" ? [event] : [],
      ),
      [
        { type: "reasoning-delta", text: "Hm", tokens: idsOf("Hm") },
        { type: "text-delta", text: "Hi", tokens: idsOf("</think>", "\n", "Hi") },
      ],
    );
  });

  it("refuses tools without a name", () => {
    const parameters = { type: "object" };
    assert.deepEqual(
      [...schemasOf([{ type: "function", function: { name: "f", parameters } }])],
      [["f", parameters]],
    );
    assert.throws(
      () => schemasOf([{ name: "f" }, { type: "function" }]),
      (error) =>
        error instanceof BaimoError && error.code === "request" && error.message.includes("tools[1]"),
    );
  });
});
