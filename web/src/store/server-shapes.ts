// Conversations and messages as the server writes them, which is how files hold them too.
import type { Conversation, Message, MessageState, Passage, Summary } from "./conversation.ts";

/** A part of a message. */
export type ServerPart =
  | { type: "text"; text: string }
  | { type: "reasoning"; text: string; ms?: number }
  | { type: "file"; name: string; mediaType: string; text: string; notice?: string }
  | { type: "passages"; of: number; by?: string; passages: Passage[] }
  | { type: "tool-call"; id: string; name: string; arguments: string }
  | { type: "tool-result"; id: string; name: string; text: string };

export interface ServerMessage {
  id: string;
  parent: string | null;
  role: "user" | "assistant" | "tool";
  parts: ServerPart[];
  model?: string | null;
  status: "done" | "running" | "stopped" | "interrupted" | "failed";
  finish?: "stop" | "length" | "tool_calls" | null;
  usage?: { completionTokens: number } | null;
  timings?: { promptMs: number; generationMs: number } | null;
  problem?: { code: string | null; message: string } | null;
  /** `parts` holds the events up to this one. */
  events?: number;
  created: number;
}

export interface ServerConversation {
  id: string;
  title: string;
  pinned: boolean;
  folder?: string | null;
  assistant?: string | null;
  settings?: { system?: string };
  draft?: string;
  leaf: string | null;
  running?: boolean;
  created: number;
  updated: number;
}

/** What a list shows. */
export function toSummary(given: ServerConversation): Summary {
  const { id, title, pinned, created, updated, folder, running } = given;
  return {
    id,
    title,
    pinned,
    made: created,
    changed: updated,
    folder: folder ?? undefined,
    running: running || undefined,
  };
}

export function toConversation(
  conversation: ServerConversation,
  messages: readonly ServerMessage[],
): Conversation {
  return {
    ...toSummary(conversation),
    assistant: conversation.assistant ?? undefined,
    leaf: conversation.leaf,
    messages: messages.map(toMessage),
  };
}

const states: Readonly<Record<ServerMessage["status"], MessageState>> = {
  done: "done",
  running: "writing",
  stopped: "stopped",
  interrupted: "interrupted",
  failed: "failed",
};

/** A message for the page. */
export function toMessage(given: ServerMessage): Message {
  const { id, parent, role, parts, status, finish, usage, timings, problem, created } = given;
  const of = <T extends ServerPart["type"]>(type: T) =>
    parts.filter((part): part is Extract<ServerPart, { type: T }> => part.type === type);
  const reasoning = of("reasoning");
  const thought = reasoning.reduce((sum, { ms = 0 }) => sum + ms, 0);
  const files = of("file").map(({ name, mediaType, text, notice }) => ({ name, mediaType, text, notice }));
  const [read] = of("passages");
  const calls = of("tool-call").map(({ id, name, arguments: given }) => ({ id, name, arguments: given }));
  const results = of("tool-result").map(({ id, name, text }) => ({ id, name, text }));
  const seconds = timings ? (timings.promptMs + timings.generationMs) / 1000 : undefined;
  const rate =
    timings && usage && timings.generationMs > 0
      ? (usage.completionTokens * 1000) / timings.generationMs
      : undefined;
  return {
    id,
    parent,
    role,
    text: of("text")
      .map(({ text }) => text)
      .join(""),
    state: status === "done" && finish === "length" ? "length" : states[status],
    made: created,
    attachments: files.length > 0 ? files : undefined,
    model: given.model ?? undefined,
    reasoning: reasoning.length > 0 ? reasoning.map(({ text }) => text).join("\n\n") : undefined,
    reasoningSeconds: thought > 0 ? thought / 1000 : undefined,
    passages: read && { of: read.of, by: read.by, passages: read.passages },
    calls: calls.length > 0 ? calls : undefined,
    results: results.length > 0 ? results : undefined,
    failure: problem ? { code: problem.code ?? "server", message: problem.message } : undefined,
    tokens: usage?.completionTokens,
    rate,
    seconds,
    events: given.events,
  };
}

/** The parts of a message of the page. */
export function toParts(message: Message): ServerPart[] {
  const { text, reasoning, reasoningSeconds, attachments, passages, calls, results } = message;
  const parts: ServerPart[] = [];
  for (const { name, mediaType = "text/plain", text, notice } of attachments ?? [])
    parts.push({ type: "file", name, mediaType, text, notice });
  if (passages)
    parts.push({ type: "passages", of: passages.of, by: passages.by, passages: passages.passages });
  if (reasoning)
    parts.push({ type: "reasoning", text: reasoning, ms: Math.round((reasoningSeconds ?? 0) * 1000) });
  if (text) parts.push({ type: "text", text });
  for (const { id, name, arguments: given } of calls ?? [])
    parts.push({ type: "tool-call", id, name, arguments: given });
  for (const { id, name, text } of results ?? []) parts.push({ type: "tool-result", id, name, text });
  return parts;
}

/** A conversation as files hold it. */
export function toServer(conversation: Conversation): ServerConversation & { messages: ServerMessage[] } {
  const { id, title, pinned, made, changed, leaf, messages } = conversation;
  return {
    id,
    title,
    pinned,
    leaf,
    created: made,
    updated: changed,
    messages: messages.map(toServerMessage),
  };
}

function toServerMessage(message: Message): ServerMessage {
  const { id, parent, role, state, made, model, tokens, rate, seconds, failure } = message;
  const generationMs = tokens && rate ? (tokens * 1000) / rate : (seconds ?? 0) * 1000;
  const promptMs = Math.max(0, (seconds ?? 0) * 1000 - generationMs);
  return {
    id,
    parent,
    role,
    parts: toParts(message),
    model,
    status: state === "writing" ? "interrupted" : state === "length" ? "done" : state,
    finish: state === "length" ? "length" : state === "done" && role === "assistant" ? "stop" : null,
    usage: tokens === undefined ? undefined : { completionTokens: tokens },
    timings: seconds === undefined ? undefined : { promptMs, generationMs },
    problem: failure,
    created: made,
  };
}
