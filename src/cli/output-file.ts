// Checks the file that a command will write: an existing one is refused unless --force.
import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { BaimoError } from "../errors.ts";

/** Refuses an output path before any work is done: one that exists (without `force`), or whose folder does not. */
export function checkOutput(path: string, force = false): void {
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) throw new BaimoError("request", `${path}: there is no folder ${folder}`);
  if (!existsSync(path)) return;
  if (statSync(path).isDirectory()) throw new BaimoError("request", `${path}: is a folder; name a file`);
  if (!force) throw new BaimoError("request", `${path}: is there already; --force replaces it`);
}
