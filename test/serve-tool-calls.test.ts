// Stored answers over HTTP: the deltas joined are the whole message, however the answer came.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { createAnswerReader } from "../src/generate/answers/answer-reader.ts";
import { ANSWER_FORMATS } from "../src/generate/answers/formats.ts";
import { createHandler } from "../src/serve/index.ts";
import { goldenSets, readJson } from "./places.ts";
import { checkResponseEvents, type ResponseEvent } from "./response-rules.ts";
import { type Script, scriptedModel } from "./scripted-model.ts";

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
}

interface Call {
  index?: number;
  id?: string;
  type?: string;
  function: { name?: string; arguments: string };
}

/** What the stored files call some formats. */
const NAMES: Readonly<Record<string, string>> = { "gpt-oss": "harmony", "granite-3.3": "granite-3" };

describe("tool calls over HTTP", () => {
  let script: Script;
  const handle = createHandler({ models: [scriptedModel(() => script)] });

  async function ask(tools: unknown, stream: boolean) {
    const body = { messages: [{ role: "user", content: "x" }], tools, stream, seed: 1 };
    const options = stream ? { stream_options: { include_usage: true } } : {};
    const response = await handle(
      new Request("http://localhost/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...body, ...options }),
      }),
    );
    assert.equal(response.status, 200);
    return response;
  }

  /** Joins the deltas of a stream as clients do, and demands what they rely on. */
  async function streamed(tools: unknown) {
    const events = (await (await ask(tools, true)).text()).split("\n\n").filter((text) => text !== "");
    assert.equal(events.pop(), "data: [DONE]");
    const chunks = events.map((event) => JSON.parse(event.slice("data: ".length)));
    const { usage, choices } = chunks.pop();
    assert.deepEqual(choices, []);
    let [content, reasoning, reason] = ["", "", ""];
    const calls: Call[] = [];
    for (const { choices } of chunks) {
      const [{ delta, finish_reason }] = choices;
      assert.equal(reason, "", "nothing comes after the end");
      content += delta.content ?? "";
      reasoning += delta.reasoning_content ?? "";
      reason = finish_reason ?? "";
      for (const { index, id, type, function: said } of (delta.tool_calls ?? []) as Call[]) {
        if (id !== undefined) {
          assert.deepEqual([index, type, typeof said.name], [calls.length, "function", "string"]);
          calls.push({ id, type, function: { name: said.name, arguments: "" } });
        } else assert.deepEqual(Object.keys(said), ["arguments"], "the name comes once");
        assert.equal(index, calls.length - 1, "calls come one after another");
        calls[index].function.arguments += said.arguments;
      }
    }
    return { content, reasoning, reason, calls, usage };
  }

  async function whole(tools: unknown) {
    const { choices, usage } = await (await ask(tools, false)).json();
    const [{ message, finish_reason }] = choices;
    const { content, reasoning_content = "", tool_calls = [] } = message;
    return {
      content: content ?? "",
      reasoning: reasoning_content,
      reason: finish_reason,
      calls: tool_calls,
      usage,
    };
  }

  /** The same answer as a response, whose events keep the rules: its text, reasoning and calls. */
  async function responded(tools: { function: object }[]) {
    const flat = tools.map((tool) => ({ type: "function", ...tool.function }));
    const response = await handle(
      new Request("http://localhost/v1/responses", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ input: "x", tools: flat, stream: true, store: false }),
      }),
    );
    const data = (await response.text()).split("\n").filter((line) => line.startsWith("data: {"));
    const { output } = checkResponseEvents(data.map((line) => JSON.parse(line.slice(6)) as ResponseEvent));
    const textOf = (type: string) =>
      output.map((item) => (item.type === type ? item.content![0].text : "")).join("");
    const calls = output.filter((item) => item.type === "function_call");
    return {
      content: textOf("message"),
      reasoning: textOf("reasoning"),
      calls: calls.map(({ name, arguments: given }) => ({ name, arguments: given })),
    };
  }

  const withoutIds = ({ calls, ...rest }: Awaited<ReturnType<typeof streamed>>) => ({
    ...rest,
    calls: calls.map((call) => call.function),
  });

  for (const { name: file, path } of goldenSets("tool-calls").filter(({ path }) =>
    /(?<!\/tools)\.json$/.test(path),
  )) {
    const {
      format: stored,
      special,
      cases,
    } = readJson(path) as {
      format: string;
      special: string[];
      cases: Case[];
    };
    const tools = readJson(join(dirname(path), "tools.json"));
    const schemas = new Map(
      tools.map((tool: { function: { name: string } }) => [tool.function.name, undefined]),
    );
    const format =
      ANSWER_FORMATS.find(({ name }) => name === (NAMES[stored] ?? stored)) ??
      ANSWER_FORMATS.find((each) => {
        const reader = createAnswerReader(each, { tools: schemas as Map<string, undefined> });
        reader.push(cases[0].text);
        return reader.finish("stop").message.toolCalls.length === cases[0].message.tool_calls.length;
      })!;
    it(file, async () => {
      for (const { name, text, prompt_tail, message, finish } of cases) {
        const points = [...text];
        const third = Math.ceil(points.length / 3);
        const thirds = [0, 1, 2].map((i) => points.slice(i * third, (i + 1) * third).join(""));
        const reason = finish === "length" ? "length" : "stop";
        const said = { format, promptTail: prompt_tail, reason } as const;
        const ways: Script[] = [
          { ...said, pieces: [text] },
          { ...said, pieces: thirds },
          { ...said, pieces: tokensOf(text, special), special },
        ];
        script = ways[0];
        const one = withoutIds(await whole(tools));
        for (const way of ways) {
          script = way;
          const parts = withoutIds(await streamed(tools));
          // Other tokens, other counts.
          const usage = way === ways[0] ? one.usage : parts.usage;
          assert.deepEqual(parts, { ...one, usage }, name);
          assert.equal(one.reason, finish, name);
          assert.equal(one.content.trim(), message.content.trim(), name);
          assert.equal(one.reasoning.trim(), message.reasoning_content?.trim() ?? "", name);
          if (way === ways[2]) {
            const { content, reasoning, calls } = one;
            assert.deepEqual(await responded(tools), { content, reasoning, calls }, name);
          }
          // A call that was cut off is the last, as far as it came.
          const done = one.calls.slice(0, message.tool_calls.length);
          assert.deepEqual(
            done.map((call) => ({ name: call.name, arguments: JSON.parse(call.arguments) })),
            message.tool_calls.map((call) => ({ name: call.name, arguments: call.arguments })),
            name,
          );
        }
      }
    });
  }
});

/** Special tokens one by one, other text by up to three code points. */
function tokensOf(text: string, special: readonly string[]): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += pieces[pieces.length - 1].length) {
    const token = special.find((mark) => text.startsWith(mark, at));
    const upToMark = special.reduce((end, mark) => {
      const next = text.indexOf(mark, at);
      return next < 0 ? end : Math.min(end, next);
    }, text.length);
    pieces.push(token ?? [...text.slice(at, upToMark)].slice(0, 3).join(""));
  }
  return pieces;
}
