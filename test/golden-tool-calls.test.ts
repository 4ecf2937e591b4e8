// Stored answers come apart into reasoning, content and tool calls (data beside the checkout).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { answerFormatOf, checkToolsAreKnown } from "../src/generate/answers/answer-format-of.ts";
import type {
  AnswerEvent,
  AnswerMessage,
  AnswerReaderOptions,
} from "../src/generate/answers/answer-reader.ts";
import { createAnswerReader, endsInReasoning } from "../src/generate/answers/answer-reader.ts";
import type { AnswerFormat } from "../src/generate/answers/format.ts";
import { ANSWER_FORMATS } from "../src/generate/answers/formats.ts";
import { createChatTemplate } from "../src/tokenizers/index.ts";
import { beside, goldenSets, readJson, unlessBeside } from "./places.ts";

interface Case {
  name: string;
  text: string;
  prompt_tail?: string;
  message: {
    content: string;
    reasoning_content?: string;
    tool_calls: { name: string; arguments: unknown }[];
  };
  finish: "tool_calls" | "stop" | "length";
  unfinished?: { name: string };
  malformed?: boolean;
}

/** What the stored files call some formats. */
const NAMES: Readonly<Record<string, string>> = { "gpt-oss": "harmony", "granite-3.3": "granite-3" };

function formatOf(stored: string): AnswerFormat {
  const format = ANSWER_FORMATS.find(({ name }) => name === (NAMES[stored] ?? stored));
  assert.ok(format, `no format is named ${stored}`);
  return format;
}

describe("stored answers", { skip: unlessBeside("tool-calls") }, () => {
  const sets = goldenSets("tool-calls").filter(
    ({ name }) => name.endsWith(".json") && !name.startsWith("tools.json"),
  );
  const tools = new Map<string, unknown>();
  if (sets.length > 0) {
    for (const tool of readJson(beside("tool-calls", "tools.json")))
      tools.set(tool.function.name, tool.function.parameters);
  }

  /** Reads pieces, and puts together what the events say. */
  function read(
    format: AnswerFormat,
    { prompt_tail = "", finish }: Case,
    pieces: readonly string[],
    options: Partial<AnswerReaderOptions> = {},
  ) {
    const inReasoning = endsInReasoning(format, prompt_tail);
    const reader = createAnswerReader(format, { tools, inReasoning, ...options });
    const events: AnswerEvent[] = [];
    for (const piece of pieces)
      events.push(...reader.push(options.special?.includes(piece) ? reader.placeOf(piece) : piece));
    const end = reader.finish(finish === "length" ? "length" : "stop");
    events.push(...end.events);
    return { ...end, streamed: assemble(events) };
  }

  function check(
    format: AnswerFormat,
    wanted: Case,
    pieces: readonly string[],
    how: string,
    options: Partial<AnswerReaderOptions> = {},
  ) {
    const { message, reason, streamed } = read(format, wanted, pieces, options);
    assert.deepEqual(comparable(message), expected(wanted), how);
    assert.equal(reason, wanted.finish, how);
    const unfinished = streamed.started.slice(message.toolCalls.length);
    assert.deepEqual({ ...streamed.message }, message, `${how}: deltas`);
    if (wanted.unfinished)
      assert.deepEqual(
        unfinished.map(({ name }) => name),
        [wanted.unfinished.name],
        how,
      );
  }

  for (const { name: file, path } of sets) {
    const {
      format: stored,
      cases,
      special,
    } = readJson(path) as {
      format: string;
      cases: Case[];
      special: string[];
    };
    describe(file, () => {
      for (const wanted of cases) {
        it(wanted.name, () => {
          const format = formatOf(stored);
          const { text } = wanted;
          check(format, wanted, [text], "whole");
          const points = [...text];
          check(format, wanted, points, "by code point");
          for (let cut = 1; cut < points.length; cut++) {
            const pieces = [points.slice(0, cut).join(""), points.slice(cut).join("")];
            check(format, wanted, pieces, `cut at ${cut}`);
          }
          const tokens = piecesOf(text, special);
          check(format, wanted, tokens, "with special tokens", { special });
          if (!wanted.malformed)
            check(format, wanted, tokens, "with arguments streamed", { special, streamArguments: true });
        });
      }
    });
  }
});

/** Special tokens one by one, other text by code point. */
function piecesOf(text: string, special: readonly string[]): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += pieces[pieces.length - 1].length) {
    const token = special.find((mark) => text.startsWith(mark, at));
    pieces.push(token ?? String.fromCodePoint(text.codePointAt(at) ?? 0));
  }
  return pieces;
}

/** The message that the deltas say, and the calls that were begun. */
function assemble(events: readonly AnswerEvent[]) {
  const message: AnswerMessage = { content: "", toolCalls: [] };
  const started: { id: string; name: string; arguments: string }[] = [];
  for (const event of events) {
    switch (event.type) {
      case "text-delta":
        message.content += event.text;
        break;
      case "reasoning-delta":
        message.reasoningContent = (message.reasoningContent ?? "") + event.text;
        break;
      case "tool-call-start":
        assert.equal(event.index, started.length);
        started.push({ id: event.id, name: event.name, arguments: "" });
        break;
      case "tool-call-delta":
        started[event.index].arguments += event.arguments;
        break;
      case "tool-call": {
        const { type, index, ...call } = event;
        assert.deepEqual(call, started[index], type);
        message.toolCalls.push(call);
      }
    }
  }
  return { message, started };
}

function comparable({ content, reasoningContent, toolCalls }: AnswerMessage) {
  return {
    content: content.trim(),
    reasoning: reasoningContent?.trim() ?? "",
    calls: toolCalls.map((call) => ({ name: call.name, arguments: JSON.parse(call.arguments) })),
  };
}

function expected({ message }: Case) {
  return {
    content: message.content.trim(),
    reasoning: message.reasoning_content?.trim() ?? "",
    calls: message.tool_calls.map((call) => ({ name: call.name, arguments: call.arguments })),
  };
}

describe("the format of a published chat template", () => {
  const wanted: Readonly<Record<string, string>> = {
    "GLM-4.6": "glm-4.5",
    "HuggingFaceTB-SmolLM3-3B": "plain",
    "Kimi-K2-Instruct": "kimi-k2",
    "NousResearch-Hermes-3-Llama-3.1-8B-tool_use": "hermes",
    "Qwen-Qwen2.5-7B-Instruct": "hermes",
    "Qwen-Qwen3-0.6B": "hermes",
    "Qwen3-Coder": "qwen3-coder",
    "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B": "deepseek-v3",
    "google-gemma-2-2b-it": "plain",
    "ibm-granite-granite-3.3-2B-Instruct": "granite-3",
    "meta-llama-Llama-3.1-8B-Instruct": "llama3-json",
    "meta-llama-Llama-3.2-3B-Instruct": "llama3-json",
    "microsoft-Phi-3.5-mini-instruct": "plain",
    "mistralai-Mistral-Nemo-Instruct-2407": "mistral-array",
    "openai-gpt-oss-120b": "harmony",
  };
  const sets = goldenSets("chat-templates");
  if (sets.length === 0) it("all", { skip: unlessBeside("chat-templates") }, () => {});
  for (const { name, path } of sets) {
    it(name, () => {
      const { bos_token: bosToken, eos_token: eosToken } = readJson(join(path, "renders.json")).variables;
      const source = readFileSync(join(path, "template.jinja"), "utf8");
      const format = answerFormatOf(createChatTemplate(source, { bosToken, eosToken }));
      if (name in wanted) assert.equal(format.name, wanted[name]);
      const refuse = () => checkToolsAreKnown(format, name);
      if (format.calls) return refuse();
      assert.throws(refuse, (error) => error instanceof BaimoError && error.message.includes("tools"));
    });
  }
});
