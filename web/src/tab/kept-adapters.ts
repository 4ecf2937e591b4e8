// Adapters of the poet that were trained in this browser: PEFT's two files in a folder each (OPFS).
import { BaimoError } from "baimo";
import { openFolder } from "./open-folder.ts";

/** An adapter's name and files. */
export interface KeptAdapter {
  name: string;
  source: File[];
}

export interface KeptAdapters {
  list(): Promise<KeptAdapter[]>;
  /** Takes the place of one of the same name. @throws {BaimoError} `memory` where there is no room, `device` where nothing is kept */
  keep(name: string, files: readonly File[]): Promise<void>;
  remove(name: string): Promise<void>;
}

export async function openKeptAdapters(): Promise<KeptAdapters> {
  const folder = await openFolder("adapters");
  if (!folder)
    return {
      list: async () => [],
      keep: async (name) => {
        throw new BaimoError("device", `${name}: this browser keeps no files for this page`);
      },
      remove: async () => {},
    };
  return {
    async list() {
      const names: string[] = [];
      for await (const name of folder.keys()) names.push(name);
      const found = await Promise.all(names.sort().map((name) => readAdapter(folder, name)));
      return found.filter((each) => each !== undefined);
    },
    async keep(name, files) {
      await folder.removeEntry(name, { recursive: true }).catch(unlessMissing);
      const own = await folder.getDirectoryHandle(name, { create: true });
      try {
        // The configuration, which says that the adapter is whole, comes last.
        for (const file of files) await writeFile(await own.getFileHandle(file.name, { create: true }), file);
      } catch (cause) {
        await folder.removeEntry(name, { recursive: true }).catch(unlessMissing);
        throw new BaimoError("memory", `${name}: this browser has no more room for the page`, { cause });
      }
    },
    remove: async (name) => folder.removeEntry(name, { recursive: true }).catch(unlessMissing),
  };
}

/** Undefined where it is not whole: the page was closed while it was written. */
async function readAdapter(
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<KeptAdapter | undefined> {
  const own = await folder.getDirectoryHandle(name);
  const source: File[] = [];
  for await (const file of own.keys()) source.push(await (await own.getFileHandle(file)).getFile());
  return source.length === 2 ? { name, source } : undefined;
}

async function writeFile(handle: FileSystemFileHandle, file: File): Promise<void> {
  const stream = await handle.createWritable();
  await stream.write(file);
  await stream.close();
}

function unlessMissing(error: DOMException): void {
  if (error.name !== "NotFoundError") throw error;
}
