// The messages of a chat request: roles, text, reasoning, and calls that later messages answer.
import type { ChatMessage } from "../../generate/types.ts";
import { choice, list, plain, text } from "../../option-kinds.ts";
import { type Door, isPlain, type Kind, refusal, show } from "../../options.ts";
import { isJsonObject, parsePythonJson, writePythonJson } from "../../python-json.ts";
import { badParameter } from "../problem.ts";
import { anyText, type Fields, isGiven, notDone } from "./fields.ts";

const roles: ReadonlyMap<unknown, string> = new Map([
  ["system", "system"],
  ["developer", "system"], // the newer name for the same; templates of open models know the older one
  ["user", "user"],
  ["assistant", "assistant"],
  ["tool", "tool"],
]);

const TEXT_PART = {
  type: "object",
  properties: { type: { const: "text" }, text: { type: "string" } },
  required: ["type", "text"],
};

const message: Kind<ChatMessage> = {
  kind: "message",
  allowed: "an object with role and content",
  schema: {
    type: "object",
    properties: {
      role: { enum: [...roles.keys()] },
      content: { anyOf: [{ type: ["string", "null"] }, { type: "array", items: TEXT_PART }] },
      name: { type: ["string", "null"] },
      reasoning_content: { type: ["string", "null"] },
      tool_call_id: { type: ["string", "null"], description: "of a tool message: the call that it answers" },
      tool_calls: {
        type: ["array", "null"],
        items: {
          type: "object",
          properties: {
            id: { type: "string" },
            type: { const: "function" },
            function: {
              type: "object",
              properties: { name: { type: "string" }, arguments: { type: "string" } },
              required: ["name", "arguments"],
            },
          },
          required: ["id", "function"],
        },
      },
    },
    required: ["role"],
  },
  read: (value, name, door) => readMessage(value, name, door),
};

const olderCall = notDone("tool_calls is the newer name for it");
const messageList = list(message, { least: 1, most: 1 << 24 });

/** A conversation in which every call is answered, and every answer has its call. */
export const conversation: Kind<ChatMessage[]> = {
  ...messageList,
  read(value, name, door) {
    const messages = messageList.read(value, name, door);
    checkCalls(messages, {
      answered: (i) => `${name}[${i}].tool_call_id`,
      call: (i, at) => `${name}[${i}].tool_calls[${at}]`,
    });
    return messages;
  },
};

function readMessage(value: unknown, path: string, door: Door): ChatMessage {
  if (!isPlain(value)) throw refusal("type", path, value, message.allowed, door);
  const role = roles.get(value.role);
  if (role === undefined) {
    const known = choice(...[...roles.keys()].map(String)).allowed;
    throw refusal("value", `${path}.role`, value.role, known, door);
  }
  const calls = isGiven(value.tool_calls)
    ? list(call).read(value.tool_calls, `${path}.tool_calls`, door)
    : undefined;
  // What says nothing and calls nothing may still have reasoned.
  const mayBeNull = calls !== undefined || (role === "assistant" && isGiven(value.reasoning_content));
  if (isGiven(value.function_call)) olderCall.read(value.function_call, `${path}.function_call`, door);
  const read: ChatMessage = { role, content: readContent(value, path, mayBeNull, door) };
  if (calls !== undefined && calls.length > 0) read.tool_calls = calls;
  for (const name of ["name", "tool_call_id", "reasoning_content"] as const) {
    if (isGiven(value[name])) read[name] = anyText.read(value[name], `${path}.${name}`, door);
  }
  return read;
}

/** The text of a message, or its parts, which the model joins where its template takes one string. */
function readContent(
  { content }: Fields,
  path: string,
  mayBeNull: boolean,
  door: Door,
): ChatMessage["content"] | null {
  const param = `${path}.content`;
  if (!isGiven(content) && mayBeNull) return null;
  if (typeof content === "string") return content;
  if (!Array.isArray(content))
    throw refusal("type", param, content, "a string or an array of text parts", door);
  const texts = content.map((part: unknown, at) => {
    const partPath = `${param}[${at}]`;
    const { type, text: said } = plain.read(part, partPath, door);
    if (type !== "text") {
      const problem = `'${partPath}.type' must be "text", but is ${show(type)}: this server's models read text only`;
      throw badParameter(partPath, "unsupported_value", problem);
    }
    return anyText.read(said, `${partPath}.text`, door);
  });
  return texts.length < 2 ? (texts[0] ?? "") : texts.map((text) => ({ type: "text", text }));
}

/** A call that the model made. */
export interface Call {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

const call: Kind<Call> = {
  kind: "call",
  allowed:
    'an object such as { "id": "1", "type": "function", "function": { "name": …, "arguments": "{}" } }',
  read(value, path, door) {
    const { id, type, function: called } = plain.read(value, path, door);
    const { name, arguments: given } = plain.read(called, `${path}.function`, door);
    if (isGiven(type)) choice("function").read(type, `${path}.type`, door);
    return {
      id: text({ most: 1024 }).read(id, `${path}.id`, door),
      type: "function",
      function: {
        name: text({ most: 256 }).read(name, `${path}.function.name`, door),
        arguments: readArguments(given, `${path}.function.arguments`, door),
      },
    };
  },
};

/** The arguments of a call: the JSON text of an object, which is what some clients send in its place; nothing is an object without fields. */
export function readArguments(value: unknown, path: string, door: Door): string {
  if (isJsonObject(value)) return writePythonJson(value);
  const allowed = "an object, or its JSON text";
  if (typeof value !== "string") throw refusal("type", path, value, allowed, door);
  if (value.trim() === "") return "{}";
  let parsed: unknown;
  try {
    parsed = parsePythonJson(value);
  } catch {
    // what is no JSON, or more than Python reads, is no object
  }
  if (isJsonObject(parsed)) return value;
  throw refusal("value", path, value, allowed, door);
}

/** Where a client writes which call a message answers, and where one of a message's calls, by their indexes. */
export interface CallPlaces {
  answered(message: number): string;
  call(message: number, at: number): string;
}

/**
 * Calls are answered by the tool messages that follow, each once, before anybody speaks again.
 * @throws {Problem} 400 that names the message
 */
export function checkCalls(messages: readonly ChatMessage[], where: CallPlaces): void {
  /** Calls that wait for their answer, and where they were made. */
  let waiting = new Map<string, string>();
  for (const [i, each] of messages.entries()) {
    if (each.role === "tool") {
      const { tool_call_id: id } = each;
      if (typeof id !== "string") {
        const param = where.answered(i);
        throw badParameter(
          param,
          "missing_required_parameter",
          `'${param}' is missing; it must be a call's id`,
        );
      }
      if (waiting.delete(id)) continue;
      const param = where.answered(i);
      const open = [...waiting.keys()].map(show).join(", ").slice(0, 300) || "none";
      const message = `'${param}' is ${show(id)}, which answers no call; calls that wait for an answer: ${open}`;
      throw badParameter(param, "invalid_value", message);
    }
    checkAnswered(waiting);
    waiting = new Map();
    const calls = (each.tool_calls ?? []) as readonly Call[]; // as readMessage left them
    for (const [at, { id }] of calls.entries()) {
      const param = where.call(i, at);
      if (waiting.has(id)) {
        const message = `'${param}.id' is ${show(id)}, as that of the call before; each call has its own`;
        throw badParameter(`${param}.id`, "invalid_value", message);
      }
      waiting.set(id, param);
    }
  }
  checkAnswered(waiting);
}

function checkAnswered(waiting: ReadonlyMap<string, string>): void {
  for (const [id, param] of waiting) {
    const message = `'${param}' has the id ${show(id)}, but no tool message after it answers that call`;
    throw badParameter(param, "invalid_value", message);
  }
}
