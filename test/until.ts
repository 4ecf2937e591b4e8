// Waits for what will be so, without a limit of its own: the runner ends tests that hang (scripts/test.mjs).
import { setTimeout as sleep } from "node:timers/promises";

/** Looks again and again until the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5);
}
