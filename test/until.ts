// Waits for a condition, without saying how long that may take.
import { setTimeout as sleep } from "node:timers/promises";

/** Looks again and again until the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5);
}
