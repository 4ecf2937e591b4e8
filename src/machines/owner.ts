// Which process has a run in hand; one that is gone has none.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** This process: its machine, its id, and when it began. */
export const thisProcess = (): string => `${hostname()}/${process.pid}/${beginningOf(process.pid)}`;

/** Whether a process of this machine still runs; one of another machine counts as running. */
export function isAlive(owner: string): boolean {
  const [host, pid, beginning] = owner.split("/");
  if (host !== hostname()) return true;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return beginningOf(Number(pid)) === beginning;
}

/** When a process began, where the system says so: an id may be another's by now. */
function beginningOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}
