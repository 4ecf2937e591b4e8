// The database of this browser: conversations, their messages and drafts, folders, assistants.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { AssistantFields } from "./assistants.ts";
import type { Message, Summary } from "./conversation.ts";
import type { Folder } from "./conversations.ts";

/** A conversation without its messages; `removed` says when, so that it can be brought back. */
export interface Kept extends Summary {
  assistant?: string;
  leaf: string | null;
  removed?: number;
}

export interface Schema extends DBSchema {
  conversations: { key: string; value: Kept };
  messages: {
    key: string;
    value: Message & { conversation: string; at: number };
    indexes: { conversation: [string, number] };
  };
  drafts: { key: string; value: string };
  assistants: { key: string; value: AssistantFields & { id: string; changed: number } };
  folders: { key: string; value: Folder };
}

export type BrowserDatabase = IDBPDatabase<Schema>;

/** Opens the database, and brings one of an earlier page up to date. */
export function openBrowserDatabase(): Promise<BrowserDatabase> {
  return openDB<Schema>("baimo", 3, {
    upgrade(db, version) {
      if (version < 1) {
        db.createObjectStore("conversations", { keyPath: "id" });
        db.createObjectStore("messages", { keyPath: "id" }).createIndex("conversation", [
          "conversation",
          "at",
        ]);
        db.createObjectStore("drafts");
      }
      if (version < 2) db.createObjectStore("assistants", { keyPath: "id" });
      if (version < 3) db.createObjectStore("folders", { keyPath: "id" });
    },
    // A tab of an earlier page lets a newer one change the database.
    blocking: (_current, _blocked, { target }) => (target as IDBDatabase).close(),
  });
}
