// All that is one user's as one file: conversations, assistants, settings.
import type { StoredConversation } from "../../../store/conversations.ts";
import type { Store } from "../../../store/store.ts";
import { HEAD, toFile } from "./own.ts";

/** Conversation after conversation, so that none but a page of them is in memory. */
export function* everything(store: Store, owner: number): Generator<string, void> {
  yield HEAD;
  let comma = "";
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const page = store.conversations.list(owner, { limit: 50, cursor });
    for (const conversation of page.conversations) {
      const messages = store.messages.list(conversation.key);
      yield comma + toFile(conversation, folderName(store, owner, conversation), messages);
      comma = ",\n";
    }
    cursor = page.next ?? undefined;
  }
  const assistants = store.assistants.list(owner).map(({ id }) => store.assistants.find(owner, id));
  yield `],${JSON.stringify({ assistants, settings: store.users.settings(owner) }).slice(1)}\n`;
}

/** In files folders go by their names. */
export const folderName = (
  { folders }: Store,
  owner: number,
  { folder }: StoredConversation,
): string | undefined => (folder === null ? undefined : folders.find(owner, folder)?.name);
