// GET /api/version: which Ollama's interface this is.
import { OLLAMA } from "../answers/ollama.ts";
import { get } from "../route.ts";

/** Clients ask for one that is new enough: this one's fields are known here. */
const VERSION = "0.12.6";

export const ollamaVersion = get({
  path: "/api/version",
  scope: "none",
  summary: "The version of Ollama whose interface this is.",
  dialect: OLLAMA,
  answers: {
    "application/json": {
      type: "object",
      properties: { version: { type: "string" } },
      required: ["version"],
    },
  },
  handle: () => Response.json({ version: VERSION }),
});
