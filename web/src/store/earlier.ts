// Brings over the conversations that earlier pages kept in localStorage, once.
import { type Conversation, type Message, newId, titleOf } from "./conversation.ts";
import type { Conversations } from "./conversations.ts";

const key = "baimo.conversations";
/** They stay here as they were. */
const keptKey = "baimo.conversations.before";

type Fields = Record<string, unknown>;

/** Moves what lies in localStorage into the store; it is left under another name, so that nothing can be lost. */
export async function bringOver(conversations: Conversations): Promise<void> {
  const stored = localStorage.getItem(key);
  if (stored === null) return;
  for (const conversation of readEarlier(stored)) await conversations.create(conversation);
  localStorage.setItem(keptKey, stored);
  localStorage.removeItem(key);
}

/** The conversations of a text that an earlier page kept; what is damaged is left out. */
export function readEarlier(stored: string, now = Date.now()): Conversation[] {
  let list: unknown;
  try {
    list = JSON.parse(stored);
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  // The latest came first, and nothing says when they were made.
  return list.flatMap(({ messages }: Fields, at) => {
    if (!Array.isArray(messages) || messages.length === 0) return [];
    const made = now - at * 1000;
    const read = toMessages(messages, made);
    const title = titleOf(read[0]?.text ?? "");
    const leaf = read.at(-1)?.id ?? null;
    return [{ id: newId(), title, pinned: false, made, changed: made, leaf, messages: read }];
  });
}

function toMessages(list: readonly Fields[], made: number): Message[] {
  const messages: Message[] = [];
  for (const stored of list) {
    const { role, text, ending, model, tokens, rate, seconds, left } = stored ?? {};
    if ((role !== "user" && role !== "assistant") || typeof text !== "string") continue;
    messages.push({
      id: newId(),
      parent: messages.at(-1)?.id ?? null,
      role,
      text,
      made,
      state: ending === "stopped" || ending === "length" ? ending : "done",
      model: typeof model === "string" ? model : undefined,
      tokens: numberOf(tokens),
      rate: numberOf(rate),
      seconds: numberOf(seconds),
      left: numberOf(left),
    });
  }
  return messages;
}

const numberOf = (value: unknown) => (typeof value === "number" ? value : undefined);
