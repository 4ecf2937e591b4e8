// The tools of a server whose people have tasks done: opened from a tools file, with a journal.
import { join } from "node:path";
import type { OpenDispatcher } from "../serve/dispatcher/open-dispatcher.ts";
import { dataFolder } from "./environment.ts";
import { openToolsFile } from "./open-tools-file.ts";
import { readJsonFile } from "./text-file.ts";

/** @throws {BaimoError} `format` for a file that is not one, or a model or a task that it names */
export async function openDispatcherOf(
  path: string,
  { signal, onError }: { readonly signal: AbortSignal; readonly onError: (error: unknown) => void },
): Promise<OpenDispatcher> {
  const { openDispatcher } = await import("../serve/dispatcher/open-dispatcher.ts");
  const { openJournal } = await import("../dispatch/index.ts");
  const { opened, file } = await openToolsFile(path);
  const read = Object.entries(file.tasks).map(
    async ([name, place]) => [name, await readJsonFile(place)] as const,
  );
  const tasks = Object.fromEntries(await Promise.all(read));
  const journal = await openJournal(file.journal ?? join(dataFolder(), "work"));
  return openDispatcher({ opened, journal, people: file.people, tasks, signal, onError });
}
