// A lock file, so that only one process downloads a file; broken when its holder is gone.
import { throwIfAborted } from "../../errors.ts";
import { fileError } from "../sources/path-source.ts";
import type { LockTimes } from "./lock-times.ts";

type FileSystem = typeof import("node:fs");

/**
 * Waits until the lock is free, takes it, and returns what gives it back.
 *
 * The file holds the process and the machine, one a line, as the soft locks of Python's filelock do.
 * onWait  called between two looks at a lock that another holds
 * @throws {BaimoError} `aborted`, `request` when the file cannot be written
 */
export async function takeLock(
  fs: FileSystem,
  path: string,
  { pollMs = 200, renewMs = 5000, staleMs = 60_000 }: LockTimes = {},
  { signal, onWait }: { signal?: AbortSignal; onWait?: () => Promise<void> } = {},
): Promise<() => Promise<void>> {
  const { open, mkdir, unlink, utimes } = fs.promises;
  const { dirname } = await import("node:path");
  const { hostname } = await import("node:os");
  const { pid } = await import("node:process");
  await mkdir(dirname(path), { recursive: true }).catch((cause) => {
    throw fileError(dirname(path), cause);
  });
  for (;;) {
    throwIfAborted(signal, "waiting for another download");
    try {
      const handle = await open(path, "wx");
      await handle.writeFile(`${pid}\n${hostname()}\n`).finally(() => handle.close());
      break;
    } catch (cause) {
      if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST"))
        throw fileError(path, cause);
    }
    const holder = await readHolder(fs, path);
    if (holder && isStale(holder, { pid, host: hostname(), staleMs })) {
      // Only the file that was looked at: another may have taken the lock since.
      const now = await fs.promises.stat(path).catch(() => undefined);
      if (now && now.ino === holder.ino && now.mtimeMs === holder.mtimeMs) await unlink(path).catch(() => {});
      continue;
    }
    await onWait?.();
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  const renewal = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {}); // a lock that somebody deleted is no reason to stop
  }, renewMs);
  renewal.unref();
  return async () => {
    clearInterval(renewal);
    await unlink(path).catch(() => {});
  };
}

/** Whether somebody holds the lock now. */
export async function isLocked(fs: FileSystem, path: string, staleMs = 60_000): Promise<boolean> {
  const holder = await readHolder(fs, path);
  if (!holder) return false;
  const { hostname } = await import("node:os");
  return !isStale(holder, { pid: -1, host: hostname(), staleMs });
}

interface Holder {
  pid: number;
  host: string;
  ino: number;
  mtimeMs: number;
}

/** Who holds a lock; undefined when it is gone, or just being written. */
async function readHolder(fs: FileSystem, path: string): Promise<Holder | undefined> {
  try {
    const { ino, mtimeMs } = await fs.promises.stat(path);
    const [pid, host = ""] = (await fs.promises.readFile(path, "utf8")).split("\n");
    return { pid: /^\d+$/.test(pid) ? Number(pid) : 0, host, ino, mtimeMs };
  } catch {
    return undefined;
  }
}

/** What was written and never filled is stale after this: whoever made it ended before its next line. */
const UNFILLED_MS = 2000;

function isStale(holder: Holder, here: { pid: number; host: string; staleMs: number }): boolean {
  const age = Date.now() - holder.mtimeMs;
  if (age > here.staleMs) return true;
  if (holder.pid === 0) return age > UNFILLED_MS;
  return holder.host === here.host && holder.pid !== here.pid && !isAlive(holder.pid);
}

/** Whether a process of this machine is there; one that may not be asked is. */
function isAlive(pid: number): boolean {
  try {
    globalThis.process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
