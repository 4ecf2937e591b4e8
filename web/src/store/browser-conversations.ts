// Conversations kept in this browser: IndexedDB, with word of changes to other tabs.
import type { BrowserDatabase, Kept } from "./browser-database.ts";
import { browserFolders } from "./browser-folders.ts";
import { type Conversation, type Summary, titleOf } from "./conversation.ts";
import type { Conversations } from "./conversations.ts";

const DAY = 86_400_000;
/** How long a deleted conversation can be brought back. */
const KEPT_AFTER_REMOVAL = 30 * DAY;
/** A search ends with so many conversations. */
const MOST_FOUND = 50;
const everyMessageOf = (id: string) => IDBKeyRange.bound([id, 0], [id, Number.MAX_SAFE_INTEGER]);

/** Opens the store of this browser. */
export async function openBrowserConversations(database: BrowserDatabase): Promise<Conversations> {
  await forgetRemoved(database);
  return storeOver(database, new BroadcastChannel("baimo.conversations"));
}

function storeOver(database: BrowserDatabase, channel: BroadcastChannel): Conversations {
  const tell = (id: string) => channel.postMessage(id);

  /** Changes the part of a conversation that lists show. */
  async function change(id: string, how: (kept: Kept) => void): Promise<void> {
    const transaction = database.transaction("conversations", "readwrite");
    const kept = await transaction.store.get(id);
    if (kept) {
      how(kept);
      await transaction.store.put(kept);
    }
    await transaction.done;
    tell(id);
  }

  async function create({ messages, ...kept }: Conversation): Promise<void> {
    const transaction = database.transaction(["conversations", "messages"], "readwrite");
    await transaction.objectStore("conversations").put(kept);
    for (const [at, message] of messages.entries())
      await transaction.objectStore("messages").put({ ...message, conversation: kept.id, at });
    await transaction.done;
    tell(kept.id);
  }

  return {
    create,
    folders: browserFolders(database, change),
    async list(most, within) {
      const all = await database.getAll("conversations");
      const listed = all.filter(
        ({ removed, folder }) => removed === undefined && (within === undefined || folder === within),
      );
      return listed.sort(byPinThenChange).slice(0, most);
    },
    async open(id) {
      const kept = await database.get("conversations", id);
      if (!kept) return undefined;
      const messages = await database.getAllFromIndex("messages", "conversation", everyMessageOf(id));
      const { removed, ...shown } = kept;
      return { ...shown, messages: messages.map(({ conversation, at, ...message }) => message) };
    },
    async append(id, message) {
      const transaction = database.transaction(["conversations", "messages"], "readwrite");
      const conversations = transaction.objectStore("conversations");
      const kept = await conversations.get(id);
      if (!kept) throw new Error(`there is no conversation ${id}`);
      if (kept.title === "" && message.role === "user") kept.title = titleOf(message.text);
      kept.leaf = message.id;
      kept.changed = message.made;
      await conversations.put(kept);
      const at = await transaction.objectStore("messages").index("conversation").count(everyMessageOf(id));
      await transaction.objectStore("messages").put({ ...message, conversation: id, at });
      await transaction.done;
      tell(id);
    },
    async update(id, message) {
      const transaction = database.transaction("messages", "readwrite");
      const before = await transaction.store.get(message.id);
      if (before) await transaction.store.put({ ...message, conversation: id, at: before.at });
      await transaction.done;
      if (message.state !== "writing") tell(id);
    },
    choose: (id, leaf) => change(id, (kept) => (kept.leaf = leaf)),
    rename: (id, title) => change(id, (kept) => (kept.title = title)),
    pin: (id, pinned) => change(id, (kept) => (kept.pinned = pinned)),
    remove: (id) => change(id, (kept) => (kept.removed = Date.now())),
    restore: (id) => change(id, (kept) => delete kept.removed),
    async search(text) {
      const wanted = text.trim().toLowerCase();
      const found = new Map(
        (await this.list(Number.POSITIVE_INFINITY)).map(({ id, title }) => [id, { id, title, excerpt: "" }]),
      );
      const hits = new Set([...found.values()].filter((one) => one.title.toLowerCase().includes(wanted)));
      let cursor = await database.transaction("messages").store.openCursor();
      for (; cursor && hits.size < MOST_FOUND; cursor = await cursor.continue()) {
        const one = found.get(cursor.value.conversation);
        const at = one && !one.excerpt ? cursor.value.text.toLowerCase().indexOf(wanted) : -1;
        if (at < 0 || !one) continue;
        one.excerpt = around(cursor.value.text, at);
        hits.add(one);
      }
      return [...hits];
    },
    draft: async (id) => (await database.get("drafts", id)) ?? "",
    async saveDraft(id, text) {
      if (text === "") await database.delete("drafts", id);
      else await database.put("drafts", text, id);
    },
    watch(changed) {
      const listen = ({ data }: MessageEvent<string>) => changed(data);
      channel.addEventListener("message", listen);
      return () => channel.removeEventListener("message", listen);
    },
  };
}

const byPinThenChange = (one: Summary, other: Summary) =>
  Number(other.pinned) - Number(one.pinned) || other.changed - one.changed;

/** The words around a place in a text, on one line. */
function around(text: string, at: number): string {
  const start = Math.max(0, at - 20);
  const piece = text.slice(start, at + 60).replaceAll(/\s+/g, " ");
  return (start > 0 ? "…" : "") + piece + (at + 60 < text.length ? "…" : "");
}

/** Forgets for good what was deleted long ago. */
async function forgetRemoved(database: BrowserDatabase): Promise<void> {
  const old = (await database.getAll("conversations")).filter(
    ({ removed }) => removed !== undefined && removed < Date.now() - KEPT_AFTER_REMOVAL,
  );
  for (const { id } of old) {
    const transaction = database.transaction(["conversations", "messages"], "readwrite");
    await transaction.objectStore("conversations").delete(id);
    const messages = transaction.objectStore("messages");
    for (const key of await messages.index("conversation").getAllKeys(everyMessageOf(id)))
      await messages.delete(key);
    await transaction.done;
  }
}
