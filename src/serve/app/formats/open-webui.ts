// Open WebUI's export: a list of chats, each a history of messages by id.
import { isRecord, listOf, recordOf } from "../../../json.ts";
import type { Part } from "../../../store/parts.ts";
import { fromSeconds, type ImportedConversation, type ImportedMessage } from "./imported.ts";

/** How it writes a model's reasoning into the text. */
const [OPEN, CLOSE] = ['<details type="reasoning"', "</details>"];

/** Reads one conversation. @throws {BaimoError} `format` */
export function readOpenWebUi(value: unknown): ImportedConversation {
  const given = recordOf(value, "the conversation");
  const chat = recordOf(given.chat ?? given, "chat");
  const history = isRecord(chat.history) ? chat.history : {};
  const byId = isRecord(history.messages) ? history.messages : undefined;
  const messages = byId ? readTree(byId) : readList(listOf(chat.messages ?? [], "messages"));
  const title = typeof given.title === "string" ? given.title : chat.title;
  const models = Array.isArray(chat.models) ? chat.models.filter((each) => typeof each === "string") : [];
  const system = typeof chat.system === "string" && chat.system !== "" ? chat.system : undefined;
  return {
    title: typeof title === "string" ? title : "",
    created: fromSeconds(given.created_at) ?? fromSeconds(Number(chat.timestamp) / 1000),
    updated: fromSeconds(given.updated_at),
    pinned: given.pinned === true,
    model: models.length === 1 ? models[0].slice(0, 1024) : undefined,
    settings: system === undefined ? {} : { system: system.slice(0, 200_000) },
    messages,
    leaf: typeof history.currentId === "string" ? history.currentId : undefined,
  };
}

function readTree(byId: Readonly<Record<string, unknown>>): ImportedMessage[] {
  return Object.entries(byId).flatMap(([id, each]) => {
    const given = recordOf(each, `messages[${id}]`);
    const parent = typeof given.parentId === "string" ? given.parentId : null;
    const message = readMessage(id, parent, given);
    return message ? [message] : [];
  });
}

/** An old export: each message answers the one before it. */
function readList(list: readonly unknown[]): ImportedMessage[] {
  let parent: string | null = null;
  return list.flatMap((each, i) => {
    const message = readMessage(`${i}`, parent, recordOf(each, `messages[${i}]`));
    if (!message) return [];
    parent = message.id;
    return [message];
  });
}

function readMessage(
  id: string,
  parent: string | null,
  given: Readonly<Record<string, unknown>>,
): ImportedMessage | undefined {
  const { role, content, model, timestamp } = given;
  if (role !== "user" && role !== "assistant") return undefined;
  return {
    id,
    parent,
    role,
    parts: toParts(typeof content === "string" ? content : ""),
    model: role === "assistant" && typeof model === "string" ? model.slice(0, 1024) : undefined,
    created: fromSeconds(timestamp),
  };
}

function toParts(content: string): Part[] {
  const parts: Part[] = [];
  const say = (text: string) => {
    if (text.trim() !== "") parts.push({ type: "text", text: text.trim() });
  };
  let at = 0;
  for (;;) {
    const start = content.indexOf(OPEN, at);
    const end = start < 0 ? -1 : content.indexOf(CLOSE, start);
    if (end < 0) break; // the rest is text
    say(content.slice(at, start));
    parts.push(toReasoning(content.slice(start + OPEN.length, end)));
    at = end + CLOSE.length;
  }
  say(content.slice(at));
  return parts.length > 0 ? parts : [{ type: "text", text: content }];
}

/** ` duration="3">`, a summary, and lines that are quoted. */
function toReasoning(details: string): Part {
  const head = details.slice(0, details.indexOf(">") + 1);
  const seconds = /duration="(\d{1,9})"/.exec(head.slice(0, 1000))?.[1];
  const summary = details.indexOf("</summary>");
  const body = details.slice(summary < 0 ? head.length : summary + "</summary>".length);
  const text = body.trim().replace(/^&gt; ?|^> ?/gm, "");
  return seconds === undefined
    ? { type: "reasoning", text }
    : { type: "reasoning", text, ms: Number(seconds) * 1000 };
}
