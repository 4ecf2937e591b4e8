// A byte source over a file of the file system; node:fs is loaded when the first is opened.
import type { Stats } from "node:fs";
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { type ByteSource, type ByteSourceDescriptor, makeSource } from "./byte-source.ts";

/** The most that one call reads: the abort signal is looked at between calls, and node refuses 2 GiB or more. */
const CHUNK = 64 << 20;

/** node:fs, or an error that says that there is none. */
export async function loadFileSystem(path: string): Promise<typeof import("node:fs")> {
  // Where there is none, the import fails, or a bundler has put an empty module in its place.
  const fs = await import("node:fs").catch(() => undefined);
  if (fs?.promises?.open) return fs;
  throw new BaimoError("request", `${path}: there is no file system here; give a File, a URL or bytes`);
}

/** The BaimoError for a failed call of the file system. */
export function fileError(path: string, cause: unknown): BaimoError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason: Record<string, string> = {
    ENOENT: "there is no such file",
    EACCES: "permission denied",
    EPERM: "permission denied",
    EISDIR: "is a folder, not a file",
    ENOTDIR: "part of the path is not a folder",
    ENOSPC: "the disk is full",
    EMFILE: "too many open files",
    ELOOP: "too many symbolic links",
  };
  return new BaimoError(
    "request",
    `${path.trim() === "" ? JSON.stringify(path) : path}: ${reason[code] ?? (cause instanceof Error ? cause.message : cause)}`,
    {
      cause,
    },
  );
}

/** What a file is, as far as can be told without reading it. (Not every file system keeps its inode numbers.) */
const stampOf = ({ size, mtimeMs }: Stats): string => `${size} ${mtimeMs}`;

/**
 * Opens a file. Every read looks whether it is still what it was: who overwrites a file does not change what it gives.
 *
 * @throws {BaimoError} `request` when the file cannot be opened, `format` when it is not what the descriptor's stamp says
 */
export async function openPathSource(
  descriptor: Extract<ByteSourceDescriptor, { kind: "path" }>,
): Promise<ByteSource> {
  const { path } = descriptor;
  const fs = await loadFileSystem(path);
  // Who opens a pipe would wait for its writer; Windows has no such flag.
  const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants;
  const handle = await fs.promises.open(path, O_RDONLY | O_NONBLOCK).catch((cause) => {
    throw fileError(path, cause);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) {
      throw new BaimoError(
        "request",
        `${path}: ${stat.isDirectory() ? "is a folder" : "is no regular file"}`,
      );
    }
    const stamp = stampOf(stat);
    const check = (now: Stats) => {
      if (stampOf(now) === (descriptor.stamp ?? stamp)) return;
      throw new BaimoError("format", `${path}: was changed while it was in use; open it again`);
    };
    check(stat);
    const cutShort = (at: number) =>
      new BaimoError(
        "format",
        `${path}: ended at byte ${at}, but had ${stat.size} when opened; was it changed?`,
      );
    return makeSource({
      size: stat.size,
      name: path,
      descriptor: { kind: "path", path, stamp },
      async fill(target, offset, signal) {
        for (let done = 0; done < target.byteLength; ) {
          throwIfAborted(signal, `reading ${path}`);
          const length = Math.min(CHUNK, target.byteLength - done);
          const { bytesRead } = await handle.read(target, done, length, offset + done).catch((cause) => {
            throw fileError(path, cause);
          });
          if (bytesRead === 0) throw cutShort(offset + done);
          done += bytesRead;
        }
        check(await handle.stat());
      },
      fillSync(target, offset) {
        for (let done = 0; done < target.byteLength; ) {
          let bytesRead: number;
          try {
            const length = Math.min(CHUNK, target.byteLength - done);
            bytesRead = fs.readSync(handle.fd, target, done, length, offset + done);
          } catch (cause) {
            throw fileError(path, cause);
          }
          if (bytesRead === 0) throw cutShort(offset + done);
          done += bytesRead;
        }
        check(fs.fstatSync(handle.fd));
      },
      close: () => handle.close(),
    });
  } catch (error) {
    await handle.close();
    throw error;
  }
}
