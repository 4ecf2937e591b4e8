// Messages as a chat template reads them: arguments as objects or text, content null or in parts.
import { isRecord } from "../../json.ts";
import { isJsonObject, parsePythonJson, writePythonJson } from "../../python-json.ts";
import type { ChatTemplate } from "../../tokenizers/chat-template/chat-template.ts";
import type { ChatMessage } from "../types.ts";
import { renderCall, renderCalls, renderParts } from "./answer-format-of.ts";

/** What a template can read of a message. */
export interface MessageForms {
  /** Arguments are objects, not JSON text. */
  readonly objects: boolean;
  /** The content may be null, as OpenAI's clients send it back. */
  readonly nulls: boolean;
  /** Content may be a list of parts. */
  readonly parts: boolean;
}

/** What a template can read, seen by conversations that are rendered for the purpose. */
export const messageForms = (template: ChatTemplate): MessageForms => ({
  objects: readsObjects(template),
  nulls: readsNull(template),
  parts: readsParts(template),
});

/** Others write Python's form of the list, or fail. */
function readsParts(template: ChatTemplate): boolean {
  const texts = ["probe one", "probe two"];
  const rendered = renderParts(template, texts);
  return (
    rendered !== undefined && texts.every((text) => rendered.includes(text)) && !/['"]type['"]/.test(rendered)
  );
}

/** Some fail with null, some write Python's "None"; others need it to tell calls from text. */
function readsNull(template: ChatTemplate): boolean {
  const others = renderCalls(template, "");
  return renderCalls(template, null).every((rendered, i) => {
    const other = others[i];
    if (rendered === undefined || other === undefined) return other === undefined;
    return !rendered.includes("None") || other.includes("None");
  });
}

/**
 * Whether a template reads arguments as objects. Most write an object's JSON, or its fields one by one; given JSON text they
 * would put it into quotes. Others join the text to their own, and fail with an object or write Python's form of it.
 */
function readsObjects(template: ChatTemplate): boolean {
  const rendered = renderCall(template);
  return rendered?.includes("probe_key") === true && !rendered.includes("'probe_key'");
}

/** The same conversation in the form that the template reads. */
export function inForms(
  { objects, nulls, parts }: MessageForms,
  messages: readonly ChatMessage[],
): ChatMessage[] {
  const convert = objects ? toObject : toText;
  const toCall = (call: unknown): unknown => {
    if (!isRecord(call) || !isRecord(call.function)) return call;
    return { ...call, function: { ...call.function, arguments: convert(call.function.arguments) } };
  };
  return messages.map((message) => {
    const { tool_calls: calls, content } = message;
    const read = { ...message };
    if (Array.isArray(content) && !parts) read.content = joined(content);
    if (!Array.isArray(calls)) return read;
    read.tool_calls = calls.map(toCall);
    if (!nulls) read.content = read.content ?? "";
    return read;
  });
}

/** Parts of text as one text; with others among them they stay what they are. */
function joined(parts: readonly unknown[]): ChatMessage["content"] {
  const texts = parts.flatMap((part) => (isRecord(part) && typeof part.text === "string" ? [part.text] : []));
  return texts.length === parts.length ? texts.join("\n") : (parts as ChatMessage["content"]);
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
