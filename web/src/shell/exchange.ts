// Conversations to files and from files, by the browser's own ways to save and to open.
import type { App } from "../app.svelte.ts";
import type { Conversation } from "../store/conversation.ts";
import type { Conversations } from "../store/conversations.ts";
import { fromJson, toJson, toMarkdown } from "../store/files.ts";

/** Saves a text as a file of the reader's. */
export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  download(name, url);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Has the browser save what stands at an address. */
function download(name: string, url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
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
  if (form === "json")
    saveFile(`${name}.json`, "application/json", toJson([conversation], talk.listing.folders));
  else saveFile(`${name}.md`, "text/markdown", toMarkdown(conversation, you));
}

/** Saves all conversations in one file: the server writes what it keeps. */
export async function exportAll({ talk }: App): Promise<void> {
  const { store } = talk;
  if (store.exportAddress) return download("baimo.json", store.exportAddress);
  const all: Conversation[] = [];
  for (const { id } of await store.list(Number.POSITIVE_INFINITY)) {
    const conversation = await store.open(id);
    if (conversation) all.push(conversation);
  }
  saveFile("baimo.json", "application/json", toJson(all, await store.folders.list()));
}

/** Keeps the conversations of a file, and returns how many there were. @throws {Error} for a file of another kind */
export async function importFile({ talk }: App, file: File): Promise<number> {
  const { store, listing } = talk;
  const text = await file.text();
  const count = store.importFile ? await store.importFile(JSON.parse(text)) : await keep(text, store);
  await listing.list();
  return count;
}

/** Keeps the conversations of a file in this browser, in folders of the names that they had. */
async function keep(text: string, store: Conversations): Promise<number> {
  const filed = fromJson(text);
  const folders = new Map((await store.folders.list()).map(({ id, name }) => [name, id]));
  for (const { conversation, folder: name } of filed) {
    if (name !== undefined && !folders.has(name)) folders.set(name, (await store.folders.make(name)).id);
    await store.create({ ...conversation, folder: name && folders.get(name) });
  }
  return filed.length;
}
