// Conversations to files and from files, by the browser's own ways to save and to open.
import type { App } from "../app.svelte.ts";
import type { Conversation } from "../store/conversation.ts";
import { fromJson, toJson, toMarkdown } from "../store/files.ts";

/** Saves a text as a file of the reader's. */
export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A title without what a file's name must not hold. */
const fileName = (title: string) =>
  title
    .replaceAll(/[\\/:*?"<>|\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, 80) || "baimo";

/** Saves one conversation. */
export async function exportOne(
  { talk }: App,
  id: string,
  form: "json" | "markdown",
  you: string,
): Promise<void> {
  const conversation = await talk.store.open(id);
  if (!conversation) return;
  const name = fileName(conversation.title);
  if (form === "json") saveFile(`${name}.json`, "application/json", toJson([conversation]));
  else saveFile(`${name}.md`, "text/markdown", toMarkdown(conversation, you));
}

/** Saves all conversations in one file. */
export async function exportAll({ talk }: App): Promise<void> {
  const all: Conversation[] = [];
  for (const { id } of talk.summaries) {
    const conversation = await talk.store.open(id);
    if (conversation) all.push(conversation);
  }
  saveFile("baimo.json", "application/json", toJson(all));
}

/** Keeps the conversations of a file, and returns how many there were. @throws {Error} for a file of another kind */
export async function importFile({ talk }: App, file: File): Promise<number> {
  const text = await file.text();
  if (talk.store.importFile) {
    const count = await talk.store.importFile(JSON.parse(text));
    await talk.list();
    return count;
  }
  const conversations = fromJson(text);
  for (const conversation of conversations) await talk.store.create(conversation);
  await talk.list();
  return conversations.length;
}
