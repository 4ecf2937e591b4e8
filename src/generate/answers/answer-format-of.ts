// Which format a model writes: the one that reads the call which its chat template writes.
import { BaimoError } from "../../errors.ts";
import type { ChatTemplate, RenderOptions } from "../../tokenizers/chat-template/chat-template.ts";
import { createAnswerReader } from "./answer-reader.ts";
import type { AnswerFormat } from "./format.ts";
import { PLAIN } from "./formats/plain.ts";
import { ANSWER_FORMATS } from "./formats.ts";
import { callGrammar, type Grammar } from "./grammar.ts";

const ASKED = "probe of a question";
const TOOL = "probe_tool";
const ARGUMENTS = { probe_key: "probe_value" };
const PARAMETERS = {
  type: "object",
  properties: { probe_key: { type: "string", description: "A probe." } },
  required: ["probe_key"],
};
const TOOLS = [
  { type: "function", function: { name: TOOL, description: "A probe.", parameters: PARAMETERS } },
];
const USER = { role: "user", content: ASKED };

/** A message that calls the tool, as templates differ in what they take. */
const CALLS = [{ arguments: ARGUMENTS }, { arguments: JSON.stringify(ARGUMENTS) }].flatMap((given) =>
  ["", null].map((content) => ({
    role: "assistant",
    content,
    tool_calls: [{ id: "probe0001", type: "function", function: { name: TOOL, arguments: given.arguments } }],
  })),
);

/**
 * The format of a chat template's model, known by messages that are rendered for the purpose. A template that knows no tools, or
 * writes calls as none of the formats does, gives one without calls.
 */
export function answerFormatOf(template: ChatTemplate): AnswerFormat {
  const prompt = tryRender(template, [USER]);
  if (prompt === undefined) return PLAIN;
  for (const message of CALLS) {
    const rendered = tryRender(template, [USER, message]);
    const written = rendered?.slice(startOfAnswer(rendered, prompt));
    if (written === undefined || !written.includes(TOOL)) continue;
    const readers = ANSWER_FORMATS.filter((format) => reads(format, written));
    const format = readers.find((each) => writesLike(each, written)) ?? readers[0];
    if (format) return format;
  }
  if (!prompt.includes(TOOL)) return PLAIN;
  const offers = ({ offered = [] }: AnswerFormat) => offered.some((text) => prompt.includes(text));
  return ANSWER_FORMATS.find(offers) ?? PLAIN;
}

/** A conversation whose message is a list of texts; undefined where it is refused. */
export function renderParts(template: ChatTemplate, texts: readonly string[]): string | undefined {
  const content = texts.map((text) => ({ type: "text", text }));
  return tryRender(template, [{ role: "user", content }], {});
}

/** Conversations that end with a call, and with its result, whose content is the one given; undefined where one is refused. */
export function renderCalls(template: ChatTemplate, content: string | null): (string | undefined)[] {
  const calls = CALLS.filter((call) => call.content === content);
  const result = { role: "tool", tool_call_id: "probe0001", name: TOOL, content: "probe of a result" };
  return [[], [result]].map((after) =>
    calls.map((call) => tryRender(template, [USER, call, ...after])).find((text) => text !== undefined),
  );
}

/** A conversation with one call, `probe_tool` with `probe_key`, whose arguments are an object; undefined where it is refused. */
export function renderCall(template: ChatTemplate): string | undefined {
  const [first, second] = CALLS; // those with objects
  return tryRender(template, [USER, first]) ?? tryRender(template, [USER, second]);
}

/**
 * Refuses tools that a model has no way to call.
 *
 * @throws {BaimoError} `request`
 */
export function checkToolsAreKnown({ calls }: AnswerFormat, model: string): void {
  if (calls) return;
  throw new BaimoError(
    "request",
    `tools cannot be offered to ${model}: its chat template writes tool calls in no format that is known; leave them out`,
    { option: "tools" },
  );
}

function tryRender(
  template: ChatTemplate,
  messages: readonly unknown[],
  options: Partial<RenderOptions> = { tools: TOOLS, addGenerationPrompt: messages.length === 1 },
): string | undefined {
  try {
    return template.render({ ...options, messages });
  } catch (error) {
    if (error instanceof BaimoError) return undefined;
    throw error;
  }
}

/** Where the answer begins: after the prompt, or after the question where the answer changes what stands before it. */
function startOfAnswer(rendered: string, prompt: string): number {
  if (rendered.startsWith(prompt)) return prompt.length;
  const asked = rendered.lastIndexOf(ASKED);
  return asked < 0 ? 0 : asked + ASKED.length;
}

/** Whether a format finds the one call in a text. */
function reads(format: AnswerFormat, written: string): boolean {
  const reader = createAnswerReader(format, { tools: new Map([[TOOL, PARAMETERS]]) });
  reader.push(written);
  const { toolCalls } = reader.finish("stop").message;
  const [call] = toolCalls;
  return (
    toolCalls.length === 1 &&
    call.name === TOOL &&
    JSON.stringify(JSON.parse(call.arguments)) === JSON.stringify(ARGUMENTS)
  );
}

/** Whether a text has all that the format's grammar writes. */
function writesLike(format: AnswerFormat, written: string): boolean {
  const tools = [{ name: TOOL, parameters: PARAMETERS }];
  const grammar = callGrammar(format, tools, { parallel: false });
  return grammar !== undefined && literalsOf(grammar.calls).every((text) => written.includes(text));
}

function literalsOf(grammar: Grammar): string[] {
  if (grammar.kind === "literal") return [grammar.text];
  if (grammar.kind === "call") return literalsOf(grammar.part);
  return grammar.kind === "sequence" ? grammar.parts.flatMap(literalsOf) : [];
}
