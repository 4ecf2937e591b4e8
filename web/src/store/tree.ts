// The tree of a conversation's messages: the line that is shown, and versions beside one another.
import type { Conversation, Message } from "./conversation.ts";

type Tree = Pick<Conversation, "messages" | "leaf">;

/** The messages from the first to the one that is shown last. A tree that was damaged gives what can be reached. */
export function lineOf({ messages, leaf }: Tree): Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const line: Message[] = [];
  const seen = new Set<string>();
  for (let id = leaf; id !== null && !seen.has(id); ) {
    const message = byId.get(id);
    if (!message) break;
    seen.add(id);
    line.push(message);
    id = message.parent;
  }
  return line.reverse();
}

/** All versions of a message that have not been deleted, in the order in which they were made. */
export function versionsOf({ messages }: Tree, { parent, role }: Message): Message[] {
  return messages.filter((one) => one.parent === parent && one.role === role && !one.removed);
}

/** The end of the latest line that goes through a message. */
export function leafUnder({ messages }: Tree, id: string): string {
  for (let leaf = id; ; ) {
    const next = messages.findLast(({ parent, removed }) => parent === leaf && !removed);
    if (!next) return leaf;
    leaf = next.id;
  }
}

/** What is shown once a message has been deleted: another version of it, or what came before it. */
export function leafWithout(tree: Tree, message: Message): string | null {
  const others = versionsOf(tree, message).filter(({ id }) => id !== message.id);
  const next = others.at(-1);
  return next ? leafUnder(tree, next.id) : message.parent;
}
