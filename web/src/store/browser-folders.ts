// Folders of conversations kept in this browser.
import type { BrowserDatabase, Kept } from "./browser-database.ts";
import { newId } from "./conversation.ts";
import type { Folders } from "./conversations.ts";

/** The folders of this browser; `change` changes a conversation and tells other tabs. */
export function browserFolders(
  database: BrowserDatabase,
  change: (id: string, how: (kept: Kept) => void) => Promise<void>,
): Folders {
  const move = (id: string, folder: string | undefined) => change(id, (kept) => (kept.folder = folder));
  return {
    move,
    async list() {
      const all = await database.getAll("folders");
      return all.sort((one, other) => one.name.localeCompare(other.name));
    },
    async make(name) {
      const made = { id: newId(), name };
      await database.put("folders", made);
      return made;
    },
    async rename(id, name) {
      await database.put("folders", { id, name });
    },
    async remove(id) {
      const all = await database.getAll("conversations");
      for (const inside of all.filter(({ folder }) => folder === id)) await move(inside.id, undefined);
      await database.delete("folders", id);
    },
  };
}
