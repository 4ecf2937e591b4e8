// What of stored things the page is shown: all but keys and secrets.
import type { Conversation, StoredConversation } from "../../store/conversations.ts";
import type { Message, StoredMessage } from "../../store/messages.ts";
import type { StoredUser, User } from "../../store/users.ts";

export function shownConversation({
  key: _,
  leafKey: __,
  ...conversation
}: StoredConversation): Conversation {
  return conversation;
}

export function shownMessage({
  key: _,
  conversation: __,
  parentKey: ___,
  ...message
}: StoredMessage): Message {
  return message;
}

export const shownUser = ({ id, name, role }: StoredUser): User => ({ id, name, role });
