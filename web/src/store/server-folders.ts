// Folders of conversations kept by the server.
import type { Handle } from "../talk/client.ts";
import { ask } from "./ask.ts";
import type { Folder, Folders } from "./conversations.ts";

/** The folders of the server; `change` changes a conversation and tells other tabs. */
export function serverFolders(
  handle: Handle,
  change: (id: string, fields: object) => Promise<void>,
): Folders {
  return {
    move: (id, folder = "") => change(id, { folder }),
    async list() {
      const { folders } = await ask<{ folders: Folder[] }>(handle, "GET", "folders");
      return folders.map(({ id, name }) => ({ id, name }));
    },
    async make(name) {
      const { folder } = await ask<{ folder: Folder }>(handle, "POST", "folders", { name });
      return folder;
    },
    async rename(id, name) {
      await ask(handle, "POST", `folders/${id}`, { name });
    },
    async remove(id) {
      await ask(handle, "DELETE", `folders/${id}`);
    },
  };
}
