// Conversations as files: JSON that can be read back, and Markdown to be read.
import { type Conversation, newId, titleOf } from "./conversation.ts";
import type { Folder } from "./conversations.ts";
import { type ServerMessage, toMessage, toServer } from "./server-shapes.ts";
import { lineOf } from "./tree.ts";

const FORMAT = "baimo.conversations";
const MOST_MESSAGES = 1_000_000;

type Fields = Record<string, unknown>;

/** A conversation of a file, and the name of the folder that it lay in. */
export interface Filed {
  conversation: Conversation;
  folder?: string;
}

/** All versions of all messages, as JSON; folders go by their names there. */
export function toJson(conversations: readonly Conversation[], folders: readonly Folder[]): string {
  const names = new Map(folders.map(({ id, name }) => [id, name]));
  const filed = conversations.map((conversation) => ({
    ...toServer(conversation),
    folder: names.get(conversation.folder ?? ""),
  }));
  return JSON.stringify({ format: FORMAT, version: 1, conversations: filed }, null, 1);
}

/** The line that is shown, as Markdown; `you` is what the reader is called. */
export function toMarkdown(conversation: Conversation, you: string): string {
  const said = lineOf(conversation).filter(({ role }) => role !== "tool");
  const parts = said.map(({ role, text, model }) => {
    const who = role === "user" ? you : (model ?? "…");
    return `## ${who}\n\n${text.trim()}\n`;
  });
  return `# ${conversation.title}\n\n${parts.join("\n")}`;
}

/**
 * Reads what `toJson` wrote, under new ids, so that nothing that is here is written over.
 * @throws {Error} for a text that is something else
 */
export function fromJson(text: string): Filed[] {
  const file = JSON.parse(text) as Fields | null;
  const list = file?.format === FORMAT ? file.conversations : undefined;
  if (!Array.isArray(list)) throw new Error(`the file's "format" is not "${FORMAT}"`);
  return list.map((stored: Fields) => ({
    conversation: readConversation(stored),
    folder: typeof stored?.folder === "string" ? stored.folder.trim().slice(0, 200) || undefined : undefined,
  }));
}

function readConversation(stored: Fields): Conversation {
  const given = Array.isArray(stored?.messages) ? stored.messages.slice(0, MOST_MESSAGES) : [];
  const kept = given.filter(isMessage).map(toMessage);
  const ids = new Map(kept.map(({ id }) => [id, newId()]));
  const messages = kept.map((message) => ({
    ...message,
    id: ids.get(message.id)!,
    parent: (message.parent !== null && ids.get(message.parent)) || null,
    state: message.state === "writing" ? ("interrupted" as const) : message.state,
  }));
  const now = Date.now();
  const leaf = (typeof stored.leaf === "string" && ids.get(stored.leaf)) || (messages.at(-1)?.id ?? null);
  return {
    id: newId(),
    title: typeof stored.title === "string" ? stored.title : titleOf(messages[0]?.text ?? ""),
    pinned: stored.pinned === true,
    made: typeof stored.created === "number" ? stored.created : now,
    changed: typeof stored.updated === "number" ? stored.updated : now,
    leaf,
    messages,
  };
}

const statuses = ["done", "running", "stopped", "interrupted", "failed"];

/** The fields by which a message stands; of the rest, what is damaged shows as what it is. */
function isMessage(stored: Fields | null): stored is Fields & ServerMessage {
  return (
    typeof stored?.id === "string" &&
    (stored.parent === null || typeof stored.parent === "string") &&
    ["user", "assistant", "tool"].includes(String(stored.role)) &&
    Array.isArray(stored.parts) &&
    stored.parts.every((part: Fields | null) => typeof part?.type === "string") &&
    statuses.includes(String(stored.status)) &&
    typeof stored.created === "number"
  );
}
