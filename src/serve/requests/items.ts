// The input of a response: messages, reasoning, calls, outputs, and the conversation they make.
import type { ChatMessage } from "../../generate/types.ts";
import type { JsonSchema } from "../../json.ts";
import { choice, list, plain, text } from "../../option-kinds.ts";
import { type Door, isPlain, type Kind, refusal, show } from "../../options.ts";
import { badParameter } from "../problem.ts";
import { TEXT } from "../schema-parts.ts";
import { anyText, type Fields, isGiven } from "./fields.ts";
import { readArguments } from "./messages.ts";

/** An item of a conversation; `id` is that of the call. */
export type Item =
  | { readonly type: "message"; readonly role: "system" | "user" | "assistant"; readonly text: string }
  | { readonly type: "reasoning"; readonly text: string }
  | {
      readonly type: "function_call";
      readonly id: string;
      readonly name: string;
      readonly arguments: string;
    }
  | { readonly type: "function_call_output"; readonly id: string; readonly text: string };

const roles = choice("user", "assistant", "system", "developer");
const types = choice("message", "reasoning", "function_call", "function_call_output");
const callId = text({ most: 1024 });

const PARTS: JsonSchema = {
  type: "array",
  items: {
    type: "object",
    properties: { type: { enum: ["input_text", "output_text"] }, text: TEXT },
    required: ["type", "text"],
  },
};
const TEXT_OR_PARTS: JsonSchema = { anyOf: [TEXT, PARTS] };
const itemSchema = (type: string, properties: JsonSchema, required: readonly string[]): JsonSchema => ({
  type: "object",
  properties: { type: { const: type }, ...properties },
  required,
});

const item: Kind<Item> = {
  kind: "item",
  allowed: `an item of the type ${types.allowed}`,
  schema: {
    anyOf: [
      itemSchema("message", { role: roles.schema, content: TEXT_OR_PARTS }, ["role", "content"]),
      itemSchema("function_call", { call_id: TEXT, name: TEXT, arguments: TEXT }, [
        "type",
        "call_id",
        "name",
        "arguments",
      ]),
      itemSchema("function_call_output", { call_id: TEXT, output: TEXT_OR_PARTS }, [
        "type",
        "call_id",
        "output",
      ]),
      itemSchema("reasoning", { summary: { type: "array" }, content: { type: ["array", "null"] } }, ["type"]),
    ],
  },
  read: readItem,
};
const items = list(item, { least: 1, most: 1 << 20 });

/** A text of the user's, or items. */
export const input: Kind<Item[]> = {
  kind: "input",
  allowed: "a string, or a list of items",
  schema: { anyOf: [TEXT, items.schema] },
  read(value, name, door) {
    if (typeof value === "string") return [{ type: "message", role: "user", text: value }];
    if (!Array.isArray(value)) throw refusal("type", name, value, this.allowed, door);
    return items.read(value, name, door);
  },
};

function readItem(value: unknown, path: string, door: Door): Item {
  if (!isPlain(value)) throw refusal("type", path, value, item.allowed, door);
  // A message may come without its type.
  const given = isGiven(value.type) || !isGiven(value.role) ? value.type : "message";
  const type = types.read(given, `${path}.type`, door);
  switch (type) {
    case "message": {
      const role = roles.read(value.role, `${path}.role`, door);
      return {
        type,
        role: role === "developer" ? "system" : role,
        text: readText(value.content, `${path}.content`, ["input_text", "output_text"], door),
      };
    }
    case "reasoning":
      return { type, text: readReasoning(value, path, door) };
    case "function_call":
      return {
        type,
        id: callId.read(value.call_id, `${path}.call_id`, door),
        name: text({ most: 256 }).read(value.name, `${path}.name`, door),
        arguments: readArguments(value.arguments, `${path}.arguments`, door),
      };
    case "function_call_output":
      return {
        type,
        id: callId.read(value.call_id, `${path}.call_id`, door),
        text: readText(value.output, `${path}.output`, ["input_text"], door),
      };
  }
}

/** A text, or parts of it joined by line ends. */
function readText(value: unknown, path: string, kinds: readonly string[], door: Door): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) throw refusal("type", path, value, "a string or a list of text parts", door);
  const texts = value.map((part: unknown, i) => {
    const { type, text: said } = plain.read(part, `${path}[${i}]`, door);
    choice(...kinds).read(type, `${path}[${i}].type`, door);
    return anyText.read(said, `${path}[${i}].text`, door);
  });
  return texts.join("\n");
}

/** The reasoning itself, or where it was left out its summary. */
function readReasoning({ content, summary, encrypted_content: sealed }: Fields, path: string, door: Door) {
  const reasoning = isGiven(content) ? readText(content, `${path}.content`, ["reasoning_text"], door) : "";
  const summed = isGiven(summary) ? readText(summary, `${path}.summary`, ["summary_text"], door) : "";
  if (reasoning === "" && isGiven(sealed)) {
    const param = `${path}.encrypted_content`;
    const message = `'${param}' cannot be read here; give the reasoning as 'content', as this server does`;
    throw badParameter(param, "unsupported_value", message);
  }
  return reasoning || summed;
}

/**
 * Calls are answered by the outputs that follow, each once, before anybody else speaks.
 *
 * earlier  what was said up to the response that these items go on from
 * @throws {Problem} 400 that names the item
 */
export function checkCalls(earlier: readonly Item[], later: readonly Item[]): void {
  /** Calls that wait for their output, and where they were made. */
  const waiting = new Map<string, string>();
  let answering = false;
  for (const [i, each] of [...earlier, ...later].entries()) {
    const path = i < earlier.length ? "previous_response_id" : `input[${i - earlier.length}]`;
    if (each.type === "function_call_output") {
      checkKnown(each.id, waiting, `${path}.call_id`);
      waiting.delete(each.id);
      answering = waiting.size > 0;
      continue;
    }
    const isOfTurn = each.type !== "message" || each.role === "assistant";
    if (answering || !isOfTurn) checkAnswered(waiting);
    if (each.type !== "function_call") continue;
    if (waiting.has(each.id)) {
      const message = `'${path}.call_id' is ${show(each.id)}, as that of a call before; each call has its own`;
      throw badParameter(`${path}.call_id`, "invalid_value", message);
    }
    waiting.set(each.id, path);
  }
  checkAnswered(waiting);
}

function checkKnown(id: string, waiting: ReadonlyMap<string, string>, param: string): void {
  if (waiting.has(id)) return;
  const open = [...waiting.keys()].map(show).join(", ").slice(0, 300) || "none";
  const message = `'${param}' is ${show(id)}, which answers no call; calls that wait for an output: ${open}`;
  throw badParameter(param, "invalid_value", message);
}

function checkAnswered(waiting: ReadonlyMap<string, string>): void {
  for (const [id, param] of waiting) {
    const message = `'${param}' has the call ${show(id)}, but no function_call_output after it answers that call`;
    throw badParameter(param, "invalid_value", message);
  }
}

/** A turn of the assistant's. */
interface Turn extends ChatMessage {
  content: string;
  reasoning_content?: string;
  tool_calls?: object[];
}

/** The messages that items make: reasoning, text and calls that follow one another are one. */
export function toMessages(conversation: readonly Item[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let turn: Turn | undefined;
  for (const each of conversation) {
    if (each.type === "function_call_output") {
      turn = undefined;
      messages.push({ role: "tool", content: each.text, tool_call_id: each.id });
    } else if (each.type === "message" && each.role !== "assistant") {
      turn = undefined;
      messages.push({ role: each.role, content: each.text });
    } else {
      // What follows a text that calls nothing is said anew.
      const isOver = turn && turn.content !== "" && !turn.tool_calls && each.type !== "function_call";
      if (!turn || isOver) {
        turn = { role: "assistant", content: "" };
        messages.push(turn);
      }
      addTo(turn, each);
    }
  }
  return messages;
}

function addTo(turn: Turn, said: Item): void {
  if (said.type === "message") turn.content += said.text;
  else if (said.type === "reasoning") turn.reasoning_content = (turn.reasoning_content ?? "") + said.text;
  else if (said.type === "function_call") {
    const { id, name, arguments: given } = said;
    const call = { id, type: "function", function: { name, arguments: given } };
    turn.tool_calls = [...(turn.tool_calls ?? []), call];
  }
}
