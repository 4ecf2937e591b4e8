// What a call's path names, if it is its user's.
import type { StoredConversation } from "../../store/conversations.ts";
import type { StoredMessage } from "../../store/messages.ts";
import { Problem } from "../problem.ts";
import { type AppCall, notFound } from "./app-route.ts";

type Named = Pick<AppCall<unknown>, "app" | "user" | "id">;

/** @throws {Problem} 404 */
export function conversationOf({ app, user, id }: Named): StoredConversation {
  const found = app.store.conversations.find(user.key, id);
  if (!found) throw notFound("conversation", id);
  return found;
}

/** One that can be written to. @throws {Problem} 404, 409 for a deleted one */
export function openConversationOf(call: Named): StoredConversation {
  const found = conversationOf(call);
  if (found.deleted === null) return found;
  throw new Problem(409, "this conversation has been deleted; restore it first", { code: "deleted" });
}

/** A message and its conversation. @throws {Problem} 404, 409 where the conversation has been deleted */
export function messageOf({ app, user, id }: Named): {
  message: StoredMessage;
  conversation: StoredConversation;
} {
  const message = app.store.messages.find(user.key, id);
  if (!message) throw notFound("message", id);
  const found = app.store.conversations.findByKey(user.key, message.conversation);
  if (!found) throw notFound("message", id);
  return { message, conversation: openConversationOf({ app, user, id: found.id }) };
}

/** @throws {Problem} 404 for an assistant that is not the user's; "" and undefined are none */
export function checkAssistant({ app, user }: Omit<Named, "id">, id: string | undefined): void {
  if (id && !app.store.assistants.find(user.key, id)) throw notFound("assistant", id);
}
