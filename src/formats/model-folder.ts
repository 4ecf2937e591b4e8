// The folder of a Hugging Face model: a directory, a base URL, or files picked in a page.
import { BaimoError, throwIfAborted } from "../errors.ts";
import { grouped } from "../grouped.ts";
import type { ByteSource } from "./sources/byte-source.ts";
import { type OpenOptions, openByteSource } from "./sources/open-byte-source.ts";
import { fileError, loadFileSystem } from "./sources/path-source.ts";
import { NotFound, openUrlSource } from "./sources/url-source.ts";

/** Most bytes that `read` takes into memory; the longest tokenizer.json in use has about 35 MB. */
const MAX_FILE_BYTES = 128 << 20;

/** The files beside the weights. */
export interface ModelFolder {
  readonly name: string;
  /** The whole of a small file, such as config.json; undefined where there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** A file to read ranges of; undefined where there is none. */
  open(name: string): Promise<ByteSource | undefined>;
  /** Names of the files, or undefined where a folder cannot be listed (a URL). */
  list(): Promise<readonly string[] | undefined>;
}

/** Names of files in the folder itself and in those that published models keep below it: of templates, of modules. */
const NAME = /^(additional_chat_templates\/|\d_[A-Za-z]{1,32}\/)?(?!\.\.?$)[^/\\:\0]{1,255}$/;

function checkName(folder: string, name: string): void {
  if (!NAME.test(name)) {
    throw new BaimoError("request", `${folder}: "${name}" is no name of a file in this folder`);
  }
}

async function readAll(
  source: ByteSource | undefined,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (!source) return undefined;
  try {
    if (source.size > MAX_FILE_BYTES) {
      throw new BaimoError(
        "format",
        `${source.name}: has ${grouped(source.size)} bytes; at most ${grouped(MAX_FILE_BYTES)} are read into memory`,
      );
    }
    return await source.read(0, source.size, signal);
  } finally {
    await source.close();
  }
}

/** The folder at a path. */
export function pathFolder(path: string, { signal }: OpenOptions = {}): ModelFolder {
  const file = (name: string) => `${path.replace(/(?<=.)[/\\]$/, "")}/${name}`;
  const open = async (name: string) => {
    checkName(path, name);
    const fs = await loadFileSystem(path);
    const stat = await fs.promises.stat(file(name)).catch((cause) => {
      if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
      throw fileError(file(name), cause);
    });
    return stat && openByteSource({ kind: "path", path: file(name) }, { signal });
  };
  return {
    name: path,
    open,
    read: async (name) => readAll(await open(name), signal),
    async list() {
      const fs = await loadFileSystem(path);
      return fs.promises.readdir(path).catch((cause) => {
        throw fileError(path, cause);
      });
    },
  };
}

/** Files picked in a page, by name; of two with one name (in subfolders) the first counts. */
export function filesFolder(files: readonly File[]): ModelFolder {
  const byName = new Map<string, File>();
  for (const file of files) if (!byName.has(file.name)) byName.set(file.name, file);
  const open = async (name: string) => {
    const file = byName.get(name);
    return file && openByteSource(file);
  };
  return {
    name: "the chosen files",
    open,
    read: async (name) => readAll(await open(name)),
    list: async () => [...byName.keys()],
  };
}

/** The files below a base URL; small files need no range support of the server. */
export function urlFolder(base: string, { signal, headers }: OpenOptions = {}): ModelFolder {
  const url = new URL(base);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  const shown = `${url.origin}${url.pathname}`;
  const locate = (name: string) => {
    checkName(shown, name);
    const file = new URL(name.split("/").map(encodeURIComponent).join("/"), url);
    file.search = url.search; // signed URLs keep their signature
    return file.href;
  };
  const request = async (name: string) => {
    throwIfAborted(signal, `reading ${name}`);
    const response = await fetch(locate(name), { headers, signal }).catch((cause) => {
      throwIfAborted(signal, `reading ${name}`);
      throw new BaimoError("request", `${shown}${name}: the server could not be reached`, { cause });
    });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new BaimoError("request", `${shown}${name}: the server answered ${response.status}`);
    }
    return response;
  };
  return {
    name: shown,
    async open(name) {
      try {
        return await openUrlSource({ kind: "url", url: locate(name), headers }, { signal });
      } catch (error) {
        if (error instanceof NotFound) return undefined;
        throw error;
      }
    },
    async read(name) {
      const response = await request(name);
      if (!response) return undefined;
      const parts: Uint8Array[] = [];
      let total = 0;
      try {
        for (const reader = response.body!.getReader(); ; ) {
          const { value, done } = await reader.read();
          if (done) break;
          total += value.byteLength;
          if (total > MAX_FILE_BYTES) {
            await reader.cancel();
            throw new BaimoError("format", `${shown}${name}: has more than ${grouped(MAX_FILE_BYTES)} bytes`);
          }
          parts.push(value);
        }
      } catch (cause) {
        throwIfAborted(signal, `reading ${name}`);
        if (cause instanceof BaimoError) throw cause;
        throw new BaimoError("request", `${shown}${name}: the connection broke off after ${total} bytes`, {
          cause,
        });
      }
      const bytes = new Uint8Array(total);
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.byteLength;
      }
      return bytes;
    },
    list: async () => undefined,
  };
}
