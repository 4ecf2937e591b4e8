// Assistants kept in this browser.
import { type Assistants, fieldsOf } from "./assistants.ts";
import type { BrowserDatabase } from "./browser-database.ts";
import { newId } from "./conversation.ts";

/** The assistants of this browser. */
export function openBrowserAssistants(database: BrowserDatabase): Assistants {
  return {
    async list() {
      const all = await database.getAll("assistants");
      return all.sort((one, other) => other.changed - one.changed);
    },
    open: (id) => database.get("assistants", id),
    async save(given, id = newId()) {
      const assistant = { ...fieldsOf(given), id, changed: Date.now() };
      await database.put("assistants", assistant);
      return assistant;
    },
    remove: (id) => database.delete("assistants", id),
  };
}
