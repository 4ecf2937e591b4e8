// The arguments of earlier calls as a chat template reads them: objects, or their JSON text.
import { isRecord } from "../../json.ts";
import { isJsonObject, parsePythonJson, writePythonJson } from "../../python-json.ts";
import type { ChatTemplate } from "../../tokenizers/chat-template/chat-template.ts";
import type { ChatMessage } from "../types.ts";
import { renderCall } from "./answer-format-of.ts";

/**
 * Whether a template reads arguments as objects. Most write an object's JSON, or its fields one by one; given JSON text they
 * would put it into quotes. Others join the text to their own, and fail with an object or write Python's form of it.
 */
export function readsObjects(template: ChatTemplate): boolean {
  const rendered = renderCall(template);
  return rendered?.includes("probe_key") === true && !rendered.includes("'probe_key'");
}

/** The same conversation with the arguments of its calls in the form that the template reads. */
export function withArguments(messages: readonly ChatMessage[], objects: boolean): ChatMessage[] {
  const convert = objects ? toObject : toText;
  const toCall = (call: unknown): unknown => {
    if (!isRecord(call) || !isRecord(call.function)) return call;
    return { ...call, function: { ...call.function, arguments: convert(call.function.arguments) } };
  };
  return messages.map((message) => {
    const { tool_calls: calls } = message;
    return Array.isArray(calls) ? { ...message, tool_calls: calls.map(toCall) } : message;
  });
}

function toObject(given: unknown): unknown {
  if (typeof given !== "string") return given;
  try {
    const parsed = parsePythonJson(given);
    return isJsonObject(parsed) ? parsed : given;
  } catch {
    return given; // as the caller has it
  }
}

const toText = (given: unknown): unknown => (isJsonObject(given) ? writePythonJson(given) : given);
