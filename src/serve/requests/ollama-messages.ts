// Ollama's messages: calls may have no ids, and results may name no more than their tool.
import type { ChatMessage } from "../../generate/types.ts";
import { list, plain, text } from "../../option-kinds.ts";
import { type Door, type Kind, show } from "../../options.ts";
import { badParameter } from "../problem.ts";
import { type Fields, isGiven } from "./fields.ts";
import { conversation } from "./messages.ts";
import { noImages } from "./ollama-fields.ts";

const TEXT = { type: ["string", "null"] };
const anId = text({ most: 1024 });
const rawMessages = list(plain, { most: 1 << 24 });

/** A conversation; every result is given to the call that it answers. An empty one asks that the model be loaded. */
export const ollamaMessages: Kind<ChatMessage[]> = {
  kind: "messages",
  allowed: "a list of messages, each with role and content",
  schema: {
    type: "array",
    items: {
      type: "object",
      properties: {
        role: { enum: ["system", "user", "assistant", "tool"] },
        content: TEXT,
        thinking: TEXT,
        tool_name: TEXT,
        tool_call_id: TEXT,
        tool_calls: { type: ["array", "null"], items: { type: "object" } },
      },
      required: ["role"],
    },
  },
  read(value, name, door) {
    const raw = rawMessages.read(value, name, door);
    if (raw.length === 0) return [];
    return conversation.read(withIds(raw, name, door), name, door);
  },
};

/** A call that waits for its result. */
interface Waiting {
  readonly id: string;
  readonly name: unknown;
}

/** The same messages as OpenAI writes them. */
function withIds(raw: readonly Fields[], name: string, door: Door): Fields[] {
  let waiting: Waiting[] = [];
  let count = 0;
  return raw.map((message, i) => {
    const path = `${name}[${i}]`;
    const { role, content, thinking, images, tool_calls: given } = message;
    if (isGiven(images)) noImages.read(images, `${path}.images`, door);
    if (role === "tool") {
      const id = answeredBy(message, waiting, path, door);
      waiting = waiting.filter((call) => call.id !== id);
      return { role, content, tool_call_id: id };
    }
    const calls = isGiven(given) ? list(plain).read(given, `${path}.tool_calls`, door) : [];
    const named = calls.map(({ id, function: called }, at) => {
      const known = plain.read(called, `${path}.tool_calls[${at}].function`, door);
      const given =
        isGiven(id) && id !== "" ? anId.read(id, `${path}.tool_calls[${at}].id`, door) : undefined;
      return {
        id: given ?? `call_${count++}`,
        type: "function",
        function: { name: known.name, arguments: known.arguments ?? {} },
      };
    });
    waiting = named.map((call) => ({ id: call.id, name: call.function.name }));
    return {
      role,
      content: content ?? (named.length > 0 ? null : ""),
      reasoning_content: isGiven(thinking) && thinking !== "" ? thinking : undefined,
      tool_calls: named.length > 0 ? named : undefined,
    };
  });
}

/** The call that a result belongs to: by its id, by its tool's name, or the next one. */
function answeredBy(message: Fields, waiting: readonly Waiting[], path: string, door: Door): string {
  const { tool_call_id: id, tool_name: tool = message.name } = message;
  if (isGiven(id) && id !== "") return anId.read(id, `${path}.tool_call_id`, door);
  const [call] = isGiven(tool) && tool !== "" ? waiting.filter((each) => each.name === tool) : waiting;
  if (call) return call.id;
  const said = isGiven(tool) ? `is of the tool ${show(tool)}` : "is a result";
  throw badParameter(path, "invalid_value", `'${path}' ${said}, but no call before it waits for that`);
}
