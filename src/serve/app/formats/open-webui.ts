// Open WebUI's export: a list of chats, each a history of messages by id.
import { isRecord, listOf, recordOf } from "../../../json.ts";
import type { Part } from "../../../store/parts.ts";
import { fromSeconds, type ImportedConversation, type ImportedMessage } from "./imported.ts";

/** How it writes a model's reasoning into the text. */
const REASONING =
  /<details type="reasoning"[^>]*?(?:duration="(\d+)")?[^>]*>\s*<summary>[^<]*<\/summary>([\s\S]*?)<\/details>\s*/g;

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
  let at = 0;
  for (const found of content.matchAll(REASONING)) {
    const [whole, seconds, quoted] = found;
    const before = content.slice(at, found.index);
    if (before.trim() !== "") parts.push({ type: "text", text: before });
    const text = quoted.trim().replace(/^&gt; ?|^> ?/gm, "");
    parts.push(
      seconds ? { type: "reasoning", text, ms: Number(seconds) * 1000 } : { type: "reasoning", text },
    );
    at = found.index + whole.length;
  }
  const rest = content.slice(at);
  if (rest.trim() !== "" || parts.length === 0) parts.push({ type: "text", text: rest });
  return parts;
}
