// Conversations to files and from files.
import { anything, choice, required } from "../../../option-kinds.ts";
import { turned } from "../../../turns.ts";
import type { Route } from "../../route.ts";
import { objectOf, TEXT } from "../../schema-parts.ts";
import type { Server } from "../../server.ts";
import { appGet, appPost } from "../app-route.ts";
import { attachment, attachmentHeaders } from "../attachment.ts";
import { conversationOf } from "../find.ts";
import { alone, everything } from "../formats/everything.ts";
import { storeImported } from "../formats/imported.ts";
import { toMarkdown } from "../formats/markdown.ts";
import { readFile } from "../formats/own.ts";
import { readData } from "../formats/read-data.ts";
import { branchTo } from "../prompt.ts";
import { listOf, OBJECT } from "../schemas.ts";

/** Bytes and values of a file; larger ones come in pieces. */
const BOUNDS = { bytes: 16 * 1024 * 1024, values: 1_000_000 };

export const transferRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/conversations/{id}/export",
    summary: "A conversation as a file: JSON with all versions, or Markdown of what is shown.",
    query: { format: choice("json", "markdown") },
    answer: OBJECT,
    handle(call) {
      const { app, user, query, server } = call;
      const found = conversationOf(call);
      const name = found.title || "conversation";
      if (query.format === "markdown") {
        const messages = app.store.messages.list(found.key);
        const text = toMarkdown(found, branchTo(messages, found.leafKey));
        return attachment(text, { name: `${name}.md`, type: "text/markdown" });
      }
      return inPieces(server, `${name}.json`, alone(app.store, user.key, found));
    },
  }),
  appGet({
    path: "/app/v1/export",
    summary: "All that is one's own as one file.",
    answer: OBJECT,
    handle({ app, user, server }) {
      return inPieces(server, "baimo.json", everything(app.store, user, app));
    },
  }),
  appPost({
    path: "/app/v1/import",
    summary: "Takes conversations in: of this project's file, ChatGPT's export or Open WebUI's.",
    body: { data: required(anything) },
    bounds: BOUNDS,
    answer: objectOf({
      format: { enum: ["baimo", "chatgpt", "open-webui"] },
      conversations: listOf(objectOf({ id: TEXT, title: TEXT })),
      skipped: listOf(objectOf({ title: TEXT, reason: TEXT })),
    }),
    async handle({ app, user, body }) {
      const { format, conversations, skipped } = readData(() => readFile(body.data));
      const storing = storeImported(app.store, user.key, conversations);
      app.store.during(storing);
      const stored = await storing;
      return { format, conversations: stored.map(({ id, title }) => ({ id, title })), skipped };
    },
  }),
];

/** A file of JSON, at the pace of who reads, with turns for other requests between its pieces. */
function inPieces(server: Server, name: string, texts: Iterable<string> | AsyncIterable<string>): Response {
  const response = server.streamText(inTurns(texts), "application/json");
  const head = attachmentHeaders({ name, type: "application/json" });
  for (const [name, value] of Object.entries(head)) response.headers.set(name, value);
  return response;
}

async function* inTurns(texts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string, void> {
  for await (const text of texts) {
    yield text;
    await turned();
  }
}
