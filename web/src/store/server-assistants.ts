// Assistants kept by the server.
import { AnswerError, type Handle } from "../talk/client.ts";
import { ask } from "./ask.ts";
import { type Assistant, type AssistantSummary, type Assistants, fieldsOf } from "./assistants.ts";

interface Answer {
  assistant: Assistant;
}

/** The assistants of the server. */
export function openServerAssistants(handle: Handle): Assistants {
  const find = async (id: string) => {
    try {
      return (await ask<Answer>(handle, "GET", `assistants/${id}`)).assistant;
    } catch (error) {
      if (error instanceof AnswerError && error.code === "not_found") return undefined;
      throw error;
    }
  };
  return {
    async list() {
      const { assistants } = await ask<{ assistants: AssistantSummary[] }>(handle, "GET", "assistants");
      return assistants;
    },
    open: find,
    async save(given, id) {
      const { onFull, speculation, ...options } = given.options;
      const fields = { ...fieldsOf(given), options };
      const isThere = id !== undefined && (await find(id)) !== undefined;
      const [path, body] = isThere ? [`assistants/${id}`, fields] : ["assistants", { ...fields, id }];
      return (await ask<Answer>(handle, "POST", path, body)).assistant;
    },
    async remove(id) {
      await ask(handle, "DELETE", `assistants/${id}`);
    },
  };
}
