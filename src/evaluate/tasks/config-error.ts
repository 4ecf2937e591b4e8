// A task's file at fault, by key; and keys that no task has.
import { BaimoError } from "../../errors.ts";
import { nearestName } from "../../nearest.ts";

/** Keys that say where a task stands, not what it is. */
export const PLACES = new Set(["tag", "group", "task_list", "include"]);

/** A failure of a task's file at a key. */
export function configError(where: string, key: string, problem: string): BaimoError {
  return new BaimoError("format", `${where}: ${key} ${problem}`);
}

/** Refuses a key that is not known, with the nearest one. */
export function checkKey(key: string, known: readonly string[], where: string, within: string): void {
  if (known.includes(key) || (within === "" && PLACES.has(key))) return;
  const near = nearestName(key, known);
  throw configError(where, `${within}${key}`, `is no key of a task${near ? `; do you mean ${near}?` : ""}`);
}
