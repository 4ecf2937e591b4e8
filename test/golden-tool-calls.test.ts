// Stored answers come apart into reasoning, content and tool calls (data beside the checkout).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AnswerEvent, AnswerMessage } from "../src/generate/answers/answer-reader.ts";
import { createAnswerReader, endsInReasoning } from "../src/generate/answers/answer-reader.ts";
import type { AnswerFormat } from "../src/generate/answers/format.ts";
import { ANSWER_FORMATS } from "../src/generate/answers/formats.ts";
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
  function read(format: AnswerFormat, { prompt_tail = "", finish }: Case, pieces: readonly string[]) {
    const reader = createAnswerReader(format, { tools, inReasoning: endsInReasoning(format, prompt_tail) });
    const events: AnswerEvent[] = [];
    for (const piece of pieces) events.push(...reader.push(piece));
    const end = reader.finish(finish === "length" ? "length" : "stop");
    events.push(...end.events);
    return { ...end, streamed: assemble(events), events };
  }

  function check(format: AnswerFormat, wanted: Case, pieces: readonly string[], how: string) {
    const { message, reason, streamed, events } = read(format, wanted, pieces);
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
    assert.equal(JSON.stringify(events).includes("\ufffd"), false, how);
    return streamed;
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
        });
      }
    });
    void special;
  }
});

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
