// Models that this browser keeps: a GGUF file each, in the page's own file system (OPFS).
//
// A file is whole where no note of where it comes from lies beside it.
import { BaimoError, type LoadOptions, load, previewModel } from "baimo";
import { type ByteSource, openByteSource } from "baimo/formats";
import type { DownloadOptions, Library, ModelRecipe, Stocked, Unfinished } from "baimo/serve";
import { openFolder } from "./open-folder.ts";

/** What is known of a file that is not whole. */
interface Note {
  source: string;
  total: number;
}

/** A file open for writing, in workers alone. */
interface Access {
  getSize(): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  read(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

const NOTE = ".unfinished";
/** Pieces grow and shrink between these, so that each takes about half a second. */
const LEAST_PIECE = 1 << 20;
const MOST_PIECE = 16 << 20;
/** So much of what is here is compared before a download goes on. */
const COMPARED = 64 << 10;

/** The models, and what hands a file over that the reader picked: it comes by the source "file:name". */
interface Kept {
  library: Library;
  offer(file: File): void;
}

/** Opens them. */
export async function openKeptModels(options: LoadOptions): Promise<Kept> {
  const folder = await openFolder("models");
  return folder ? keptIn(folder, options) : { library: keepsNothing, offer() {} };
}

async function keptIn(folder: FileSystemDirectoryHandle, options: LoadOptions): Promise<Kept> {
  const offered = new Map<string, File>();

  const fileOf = async (name: string) => (await folder.getFileHandle(name)).getFile();
  const noteOf = async (name: string) => JSON.parse(await (await fileOf(name + NOTE)).text()) as Note;
  async function names(): Promise<string[]> {
    const found: string[] = [];
    for await (const name of folder.keys()) found.push(name);
    return found.sort();
  }
  async function remove(name: string): Promise<void> {
    for (const each of [name, name + NOTE])
      await folder.removeEntry(each).catch((error: DOMException) => {
        if (error.name !== "NotFoundError") throw inUse(name, error);
      });
  }

  async function list(): Promise<Stocked[]> {
    const all = await names();
    const found: Stocked[] = [];
    for (const name of all) {
      if (!isModel(name) || all.includes(name + NOTE)) continue;
      const file = await fileOf(name).catch(() => undefined); // it may just have been deleted
      if (file) found.push({ source: `file:${name}`, model: modelOf(name), bytes: file.size });
    }
    return found;
  }

  async function unfinished(): Promise<Unfinished[]> {
    const found: Unfinished[] = [];
    for (const note of await names()) {
      if (!note.endsWith(NOTE)) continue;
      const file = note.slice(0, -NOTE.length);
      const { source, total } = await noteOf(file).catch((): Note => ({ source: `file:${file}`, total: 0 }));
      const { size: done } = await fileOf(file).catch(() => ({ size: 0 }));
      found.push({ source, file, done, total });
    }
    return found;
  }

  async function download(source: string, { signal, onProgress }: DownloadOptions): Promise<void> {
    const name = fileNameOf(source);
    const input = source.startsWith("file:") ? offered.get(name) : source;
    if (!input)
      throw new BaimoError("request", `${name}: pick the file again; a page may not keep hold of it`);
    const from = await openByteSource(input, { signal });
    try {
      const here = await list();
      if (here.some((kept) => kept.source === `file:${name}` && kept.bytes === from.size)) return;
      if (here.some(({ model }) => model === modelOf(name)) || modelOf(name) === "poet")
        throw new BaimoError(
          "request",
          `${name}: a model of this name is here; remove it or rename the file`,
        );
      // What is no model that runs here is refused before anything is kept.
      await previewModel(input, { ...options, signal });
      await keep(name, { source, total: from.size }, from, { signal, onProgress });
    } finally {
      await from.close();
    }
  }

  /** Writes a file, from where an earlier try ended. */
  async function keep(
    name: string,
    note: Note,
    from: ByteSource,
    { signal, onProgress }: DownloadOptions,
  ): Promise<void> {
    const said = await openForWriting(await folder.getFileHandle(name + NOTE, { create: true }), name);
    const text = new TextEncoder().encode(JSON.stringify(note));
    said.truncate(0);
    said.write(text, { at: 0 });
    said.close();
    const file = await openForWriting(await folder.getFileHandle(name, { create: true }), name);
    try {
      if (!(await isBeginning(file, from, signal))) file.truncate(0);
      await checkRoom(name, from.size - file.getSize());
      let piece = LEAST_PIECE;
      for (let at = file.getSize(); at < from.size; ) {
        onProgress({ file: name, done: at, total: from.size });
        const begun = performance.now();
        const bytes = await from.read(at, Math.min(piece, from.size - at), signal);
        if (file.write(bytes, { at }) !== bytes.length) throw noRoom(name);
        file.flush();
        at += bytes.length;
        piece = performance.now() - begun < 500 ? piece * 2 : piece / 2;
        piece = Math.min(Math.max(piece, LEAST_PIECE), MOST_PIECE);
      }
      onProgress({ file: name, done: from.size, total: from.size });
    } catch (error) {
      throw error instanceof DOMException && error.name === "QuotaExceededError"
        ? noRoom(name, error)
        : error;
    } finally {
      file.close();
    }
    await folder.removeEntry(name + NOTE);
  }

  async function recipe(source: string): Promise<{ name: string; recipe: ModelRecipe }> {
    const name = fileNameOf(source);
    return {
      name: modelOf(name),
      recipe: {
        preview: async () => previewModel(await fileOf(name), options),
        open: async (given) => load(await fileOf(name), { ...options, ...given }),
      },
    };
  }

  // What was picked in an earlier visit cannot be picked up again; another tab may be at it.
  for (const { source, file } of await unfinished())
    if (source.startsWith("file:")) await remove(file).catch(() => {});
  return {
    library: { list, unfinished, download, recipe, remove: (source) => remove(fileNameOf(source)) },
    offer: (file) => void offered.set(file.name, file),
  };
}

const refuse = async (source: string): Promise<never> => {
  const why = "files are kept for pages over https, and not in every private window";
  throw new BaimoError("device", `${source}: this browser keeps no files for this page; ${why}`);
};
const keepsNothing: Library = { list: async () => [], download: refuse, recipe: refuse };

const isModel = (name: string) => /\.gguf$/i.test(name);
const modelOf = (name: string) => name.replace(/\.gguf$/i, "");

/** The name of the file that a source names. @throws {BaimoError} `request` for one that is no GGUF file */
function fileNameOf(source: string): string {
  const name = source.startsWith("file:") ? source.slice(5) : lastOf(source);
  if (isModel(name) && name.length <= 200 && !/[/\\\0]/.test(name)) return name;
  throw new BaimoError("request", `${source}: only a GGUF file is kept here; its name must end in .gguf`);
}

function lastOf(address: string): string {
  if (!/^https?:/.test(address) || !URL.canParse(address)) return "";
  const last = new URL(address).pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

async function openForWriting(handle: FileSystemFileHandle, name: string): Promise<Access> {
  const { createSyncAccessHandle } = handle as unknown as { createSyncAccessHandle?(): Promise<Access> };
  if (!createSyncAccessHandle)
    throw new BaimoError("device", `${name}: this browser cannot write files for a page; use a newer one`);
  return createSyncAccessHandle.call(handle).catch((cause: unknown) => {
    throw inUse(name, cause);
  });
}

/** Whether what is here of a file is how it begins: its last part is compared. */
async function isBeginning(file: Access, from: ByteSource, signal: AbortSignal): Promise<boolean> {
  const size = file.getSize();
  if (size > from.size) return false;
  const here = new Uint8Array(Math.min(size, COMPARED));
  file.read(here, { at: size - here.length });
  const there = await from.read(size - here.length, here.length, signal);
  return here.every((byte, at) => byte === there[at]);
}

/** @throws {BaimoError} `memory` where the browser will not give so many bytes */
async function checkRoom(name: string, bytes: number): Promise<void> {
  const { quota = Number.POSITIVE_INFINITY, usage = 0 } = await navigator.storage.estimate();
  if (bytes > quota - usage) throw noRoom(name);
}

const noRoom = (name: string, cause?: unknown) =>
  new BaimoError("memory", `${name}: this browser has no more room for the page; remove a model first`, {
    cause,
  });

const inUse = (name: string, cause: unknown) =>
  new BaimoError("request", `${name}: another tab of this page is using it; close that first`, { cause });
