// Stored answers come apart into reasoning, content and tool calls, whole and in pieces.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

interface Stored {
  format: string;
  special: string[];
  templates: string[];
  cases: Case[];
}

type Tools = ReadonlyMap<string, unknown>;

/** What the stored files call some formats. */
const NAMES: Readonly<Record<string, string>> = { "gpt-oss": "harmony", "granite-3.3": "granite-3" };

/** The format of that name, or else the one that reads the first case. */
function formatOf({ format: stored, cases }: Stored, tools: Tools): AnswerFormat {
  const [{ text, message }] = cases;
  const reads = (format: AnswerFormat) => {
    const reader = createAnswerReader(format, { tools });
    reader.push(text);
    return reader.finish("stop").message.toolCalls.length === message.tool_calls.length;
  };
  const named = ANSWER_FORMATS.find(({ name }) => name === (NAMES[stored] ?? stored));
  const format = named ?? ANSWER_FORMATS.find(reads);
  assert.ok(format, `no format reads ${stored}`);
  return format;
}

function templateOf(path: string): AnswerFormat {
  const { bos_token: bosToken, eos_token: eosToken } = readJson(join(path, "renders.json")).variables;
  const source = readFileSync(join(path, "template.jinja"), "utf8");
  return answerFormatOf(createChatTemplate(source, { bosToken, eosToken }));
}

function readTools(path: string): Map<string, unknown> {
  const tools: { function: { name: string; parameters: unknown } }[] = readJson(path);
  return new Map(tools.map(({ function: { name, parameters } }) => [name, parameters]));
}

describe("stored answers", () => {
  const sets = goldenSets("tool-calls").filter(({ path }) => /(?<!\/tools)\.json$/.test(path));

  /** Reads pieces, and puts together what the events say. */
  function read(
    format: AnswerFormat,
    tools: Tools,
    { prompt_tail = "", finish }: Case,
    pieces: readonly string[],
    options: Partial<AnswerReaderOptions> = {},
  ) {
    const inReasoning = endsInReasoning(format, prompt_tail);
    const reader = createAnswerReader(format, { tools, inReasoning, createId: String, ...options });
    const events: AnswerEvent[] = [];
    for (const piece of pieces)
      events.push(...reader.push(options.special?.includes(piece) ? reader.placeOf(piece) : piece));
    const end = reader.finish(finish === "length" ? "length" : "stop");
    events.push(...end.events);
    return { ...end, streamed: assemble(events) };
  }

  function check(
    format: AnswerFormat,
    tools: Tools,
    wanted: Case,
    pieces: readonly string[],
    how: string,
    options: Partial<AnswerReaderOptions> = {},
  ) {
    const { message, reason, streamed } = read(format, tools, wanted, pieces, options);
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
    const stored: Stored = readJson(path);
    const { special, templates, cases } = stored;
    const tools = readTools(join(dirname(path), "tools.json"));
    const format = formatOf(stored, tools);
    describe(file, () => {
      for (const wanted of cases) {
        it(wanted.name, () => {
          const { text } = wanted;
          check(format, tools, wanted, [text], "whole");
          const points = [...text];
          check(format, tools, wanted, points, "by code point");
          for (let cut = 1; cut < points.length; cut++) {
            const pieces = [points.slice(0, cut).join(""), points.slice(cut).join("")];
            check(format, tools, wanted, pieces, `cut at ${cut}`);
          }
          const tokens = piecesOf(text, special);
          check(format, tools, wanted, tokens, "with special tokens", { special });
          if (!wanted.malformed)
            check(format, tools, wanted, tokens, "with arguments streamed", {
              special,
              streamArguments: true,
            });
        });
      }
      for (const template of templates) {
        const skip = unlessBeside("chat-templates", template);
        it(`is the format of ${template}`, { skip }, () => {
          assert.equal(templateOf(beside("chat-templates", template)).name, format.name);
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
    "ByteDance-Seed-OSS": "seed-oss",
    "CohereForAI-c4ai-command-r7b-12-2024-tool_use": "command-r7b",
    "GLM-4.6": "glm-4.5",
    "GLM-4.7-Flash": "glm-4.7",
    "HuggingFaceTB-SmolLM3-3B": "plain",
    "Kimi-K2-Instruct": "kimi-k2",
    "Kimi-K2-Thinking": "kimi-k2",
    "LFM2-8B-A1B": "lfm2",
    "MiMo-VL": "hermes",
    "Mistral-Small-3.2-24B-Instruct-2506": "mistral-args",
    "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": "qwen3-coder",
    "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use": "hermes",
    "NousResearch-Hermes-3-Llama-3.1-8B-tool_use": "hermes",
    "Qwen-QwQ-32B": "hermes",
    "Qwen-Qwen2.5-7B-Instruct": "hermes",
    "Qwen-Qwen3-0.6B": "hermes",
    "Qwen3-Coder": "qwen3-coder",
    "Qwen3.5-4B": "qwen3-coder",
    "deepseek-ai-DeepSeek-R1-Distill-Llama-8B": "deepseek-v3",
    "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B": "deepseek-v3",
    "deepseek-ai-DeepSeek-V3.1": "deepseek-v3.1",
    "deepseek-ai-DeepSeek-V3.2": "deepseek-v3.2",
    "google-gemma-2-2b-it": "plain",
    "google-gemma-4-31B-it": "gemma-4",
    "ibm-granite-granite-3.3-2B-Instruct": "granite-3",
    "meta-llama-Llama-3.1-8B-Instruct": "llama3-json",
    "meta-llama-Llama-3.2-3B-Instruct": "llama3-json",
    "meta-llama-Llama-3.3-70B-Instruct": "llama3-json",
    "microsoft-Phi-3.5-mini-instruct": "plain",
    "mistralai-Ministral-3-14B-Reasoning-2512": "mistral-args",
    "mistralai-Mistral-Nemo-Instruct-2407": "mistral-array",
    "openai-gpt-oss-120b": "harmony",
    "stepfun-ai-Step-3.5-Flash": "qwen3-coder",
    "unsloth-mistral-Devstral-Small-2507": "mistral-args",
  };
  const sets = goldenSets("chat-templates");
  if (sets.length === 0) it("all", { skip: unlessBeside("chat-templates") }, () => {});
  for (const { name, path } of sets) {
    it(name, () => {
      const format = templateOf(path);
      if (name in wanted) assert.equal(format.name, wanted[name]);
      const refuse = () => checkToolsAreKnown(format, name);
      if (format.calls) return refuse();
      assert.throws(refuse, (error) => error instanceof BaimoError && error.message.includes("tools"));
    });
  }
});
