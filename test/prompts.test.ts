// Large prompts are made in a thread: the same ids, nobody waits, and whoever leaves ends the work.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { openCheckpoint } from "../src/formats/index.ts";
import { readLanguage } from "../src/generate/language.ts";
import { Prompts } from "../src/generate/prompts.ts";
import type { ChatEvent, ChatMessage, Model } from "../src/generate/types.ts";
import { packVocabulary } from "../src/generate/vocabulary.ts";
import { load } from "../src/index.ts";
import { describeModel } from "../src/models/open-model.ts";
import { loadChatModel } from "./chat-model.ts";
import { golden } from "./places.ts";

const SMALL = "秋夜 autumn night, ".repeat(10);
/** Beyond what is made at once. */
const LARGE = "秋夜 autumn night, ".repeat(2000);

describe("prompts", () => {
  let model: Model;
  before(async () => {
    model = await loadChatModel();
  });
  after(() => model?.dispose());

  const say = (content: string): ChatMessage[] => [{ role: "user", content }];
  /** Tokens of the prompt: an answer's usage, or what is said of one that does not fit. */
  async function count(answer: AsyncGenerator<ChatEvent>): Promise<number> {
    try {
      for await (const event of answer) if (event.type === "finish") return event.usage.promptTokens;
    } catch (error) {
      const tokens = error instanceof BaimoError && error.message.match(/the prompt has (\d+) tokens/)?.[1];
      if (!tokens) throw error;
      return Number(tokens);
    }
    throw new Error("an answer without an end");
  }
  /** How many tokens the template and the tokenizer make of a conversation, asked of them directly. */
  const expected = (content: string) =>
    model.tokenizer.encode(`user: ${content}\nassistant: `, { addSpecialTokens: false }).length;

  it("are the same wherever they are made", async () => {
    for (const content of [SMALL, LARGE, SMALL])
      assert.equal(await count(model.chat(say(content), { maxTokens: 1 })), expected(content));
    assert.equal(await count(model.complete(LARGE)), model.tokenizer.encode(LARGE).length);
  });

  it("are made in a thread where they are large, the same for all", async () => {
    const other = await loadChatModel();
    let started = 0;
    const note = () => started++;
    process.on("worker", note);
    try {
      await count(other.chat(say(SMALL), { maxTokens: 1 }));
      assert.equal(started, 0);
      await Promise.all([count(other.chat(say(LARGE))), count(other.chat(say(LARGE)))]);
      assert.equal(started, 1);
    } finally {
      process.off("worker", note);
      await other.dispose();
    }
  });

  it("are given up when their reader leaves, and the next is made", async () => {
    const leave = new AbortController();
    const given = count(model.chat(say(LARGE), { signal: leave.signal }));
    const waiting = count(model.chat(say(LARGE), { signal: leave.signal }));
    setImmediate(() => leave.abort());
    await assert.rejects(waiting, { code: "aborted" });
    await given.catch((error) => assert.equal(error.code, "aborted")); // or it was made just before
    assert.equal(await count(model.chat(say(LARGE))), expected(LARGE));
  });

  it("of more messages than the context has tokens are refused unread", async () => {
    const messages = new Array<ChatMessage>(100_000).fill({ role: "user", content: "" });
    await assert.rejects(async () => count(model.chat(messages)), {
      code: "context",
      message: /100,000 messages/,
    });
  });

  it("end with their model", async () => {
    const other = await loadChatModel();
    const answer = count(other.chat(say(LARGE)));
    const refused = assert.rejects(answer, { code: "request", message: /disposed/ });
    await other.dispose();
    await refused;
  });
});

it("a large vocabulary is packed in the thread as it is here", async () => {
  const checkpoint = await openCheckpoint("poet");
  const description = await describeModel(checkpoint);
  const language = await readLanguage(checkpoint, description);
  await checkpoint.close();
  // Logits may have more ids than the tokenizer: so many that packing takes a while.
  const config = { ...description.config, vocabSize: 20_000 };
  const prompts = new Prompts(language, "poet", { name: "poet", config }, 512);
  try {
    const [one, other] = await Promise.all([prompts.vocabulary(), prompts.vocabulary()]);
    assert.equal(one, other);
    assert.deepEqual(one, packVocabulary(language, config));
    assert.ok(one.bytes.buffer instanceof SharedArrayBuffer && one.starts.length === 20_001);
  } finally {
    await prompts.dispose();
  }
});

it("follow the template that is given, in place of all that the model has", async () => {
  const given = "{{ messages[0].content }}!";
  const options = { chatTemplate: given, threads: 1, contextLength: 64 };
  const small = [{ role: "user", content: "ab" }];
  const folder = await mkdtemp(join(tmpdir(), "baimo-template-"));
  await cp(golden("families", "llama"), folder, { recursive: true });
  await cp(golden("tokenizers", "synth-gpt2-1"), folder, { recursive: true });
  await mkdir(join(folder, "additional_chat_templates"));
  await writeFile(join(folder, "additional_chat_templates", "tool_use.jinja"), "of the folder");
  await writeFile(join(folder, "chat_template.jinja"), "of the folder");
  for (const source of ["poet", folder]) {
    const model = await load(source, options);
    try {
      const ids = await model.encode(small, { tools: [] });
      assert.deepEqual(ids, model.tokenizer.encode("ab!", { addSpecialTokens: false }));
      assert.deepEqual([...model.tokenizer.chatTemplates], [["default", given]]);
    } finally {
      await model.dispose();
    }
  }
  await rm(folder, { recursive: true });
  await assert.rejects(load("poet", { ...options, chatTemplate: "{% if %}" }), {
    code: "format",
    message: /^chatTemplate: .*\(--chat-template FILE\)/,
  });
});

it("of a template that cannot be read are not made: the model is refused, and what helps is named", async () => {
  await assert.rejects(loadChatModel({}, "{% for %}"), { code: "format", message: /--chat-template FILE/ });
  const model = await loadChatModel({ chatTemplate: "{{ messages[0].content }}" }, "{% for %}");
  await model.dispose();
});
