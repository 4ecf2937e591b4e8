// Anthropic's messages: blocks of text, thinking, calls of tools and their results.
import type { ChatMessage } from "../../generate/types.ts";
import { choice, fields, flag, list, plain, text } from "../../option-kinds.ts";
import { type Door, isPlain, type Kind, refusal, show } from "../../options.ts";
import { writePythonJson } from "../../python-json.ts";
import { badParameter } from "../problem.ts";
import { anyText, type Fields, ignored, isGiven } from "./fields.ts";
import { type Call, checkCalls } from "./messages.ts";

/** A message for the model, and where the client wrote what it holds. */
interface Placed {
  readonly message: ChatMessage;
  /** Of a result: the id of the call that it answers. */
  readonly answered: string;
  readonly calls: readonly string[];
}

const roles = choice("user", "assistant");
const CONTENT = {
  anyOf: [
    { type: "string" },
    {
      type: "array",
      items: { type: "object", properties: { type: { type: "string" } }, required: ["type"] },
    },
  ],
};

/** What of a block changes no answer here; the rest is read block by block. */
const blockFields = fields({ cache_control: ignored, citations: ignored });

const rawMessages = list(plain, { least: 1, most: 1 << 24 });

/** Text, or blocks of it, which are joined by line ends. */
export const blocksOfText: Kind<string> = {
  kind: "text",
  allowed: "a string, or a list of text blocks",
  schema: CONTENT,
  item: blockFields,
  read(value, name, door) {
    if (typeof value === "string") return value;
    if (!Array.isArray(value)) throw refusal("type", name, value, this.allowed, door);
    return blocksOf(value, name, door)
      .map(({ block, at }) => (block.type === "text" ? textOf(block, at, door) : refuse(block, at)))
      .join("\n");
  },
};

/** A conversation in which every call is answered by the message after it, as messages for a model. */
export const messages: Kind<ChatMessage[]> = {
  kind: "messages",
  allowed: "a list of messages, each with role and content",
  schema: {
    type: "array",
    minItems: 1,
    items: {
      type: "object",
      properties: { role: roles.schema ?? {}, content: CONTENT },
      required: ["role", "content"],
    },
  },
  item: fields({ content: list(blockFields) }),
  read(value, name, door) {
    const raw = rawMessages.read(value, name, door);
    const placed = raw.flatMap((each, i) => {
      const path = `${name}[${i}]`;
      const role = roles.read(each.role, `${path}.role`, door);
      return (role === "user" ? readUser : readAssistant)(each, `${path}.content`, door);
    });
    const read = placed.map(({ message }) => message);
    checkCalls(read, { answered: (i) => placed[i].answered, call: (i, at) => placed[i].calls[at] });
    if (raw.at(-1)?.role === "assistant") {
      const param = `${name}[${raw.length - 1}]`;
      const message = `'${param}' is the assistant's, but this server does not go on with an answer that was begun; end with the user's`;
      throw badParameter(param, "unsupported_value", message);
    }
    return joined(read);
  },
};

/** What the user says, and the results before it. */
function readUser({ content }: Fields, path: string, door: Door): Placed[] {
  const placed: Placed[] = [];
  let texts: string[] = [];
  const say = () => {
    if (texts.length === 0) return;
    placed.push({ message: { role: "user", content: texts.join("\n") }, answered: path, calls: [] });
    texts = [];
  };
  for (const { block, at } of blocksOf(content, path, door)) {
    if (block.type === "text") texts.push(textOf(block, at, door));
    else if (block.type === "tool_result") {
      say();
      const answered = `${at}.tool_use_id`;
      const id = text({ most: 1024 }).read(block.tool_use_id, answered, door);
      const failed = isGiven(block.is_error) && flag.read(block.is_error, `${at}.is_error`, door);
      const said = isGiven(block.content) ? blocksOfText.read(block.content, `${at}.content`, door) : "";
      // No template has a field for it.
      const result = failed ? `Error: ${said}` : said;
      placed.push({
        message: { role: "tool", content: result, tool_call_id: id },
        answered,
        calls: [],
      });
    } else refuse(block, at);
  }
  say();
  return placed;
}

function readAssistant({ content }: Fields, path: string, door: Door): Placed[] {
  const texts: string[] = [];
  const thoughts: string[] = [];
  const calls: Call[] = [];
  const places: string[] = [];
  for (const { block, at } of blocksOf(content, path, door)) {
    if (block.type === "text") texts.push(textOf(block, at, door));
    else if (block.type === "thinking") thoughts.push(anyText.read(block.thinking, `${at}.thinking`, door));
    else if (block.type === "tool_use") {
      places.push(at);
      calls.push({
        id: text({ most: 1024 }).read(block.id, `${at}.id`, door),
        type: "function",
        function: {
          name: text({ most: 256 }).read(block.name, `${at}.name`, door),
          arguments: writePythonJson(plain.read(block.input, `${at}.input`, door)),
        },
      });
    } else refuse(block, at);
  }
  const message: ChatMessage = { role: "assistant", content: texts.join("\n") };
  if (texts.length === 0 && calls.length + thoughts.length > 0) message.content = null;
  if (thoughts.length > 0) message.reasoning_content = thoughts.join("\n");
  if (calls.length > 0) message.tool_calls = calls;
  return [{ message, answered: path, calls: places }];
}

/** Messages of one role in a row are one, as Anthropic reads them; most templates want roles to alternate. */
function joined(messages: readonly ChatMessage[]): ChatMessage[] {
  const all: ChatMessage[] = [];
  for (const message of messages) {
    const before = all.at(-1);
    const { role, content } = message;
    if (role !== "user" || before?.role !== "user") all.push(message);
    else all[all.length - 1] = { role, content: `${before.content}\n${content}` };
  }
  return all;
}

/** The blocks of a content, and where each stands. */
function blocksOf(content: unknown, path: string, door: Door): { block: Fields; at: string }[] {
  if (typeof content === "string") return [{ block: { type: "text", text: content }, at: path }];
  if (!Array.isArray(content)) throw refusal("type", path, content, "a string or a list of blocks", door);
  return content.map((block: unknown, i) => {
    const at = `${path}[${i}]`;
    if (!isPlain(block)) throw refusal("type", at, block, "a block such as { type, text }", door);
    return { block, at };
  });
}

const textOf = (block: Fields, at: string, door: Door) => anyText.read(block.text, `${at}.text`, door);

function refuse({ type }: Fields, at: string): never {
  const message = `'${at}.type' is ${show(type)}, which has no place here; models read text, tool_use, tool_result and thinking blocks`;
  throw badParameter(at, "unsupported_value", message);
}
