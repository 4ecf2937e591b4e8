// Processor time of this process, for bounds that a busy machine does not break.
import assert from "node:assert/strict";

/** Milliseconds of processor time that this process has used since it began, in all of its threads. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Refuses what takes more than in proportion to n. Sixteen times as much takes about 16 times as long where it is linear
 * and 256 times where it is quadratic: the bound lies in the middle, far from what a busy machine can add.
 */
export function assertLinear(run: (n: number) => void, n: number): void {
  const time = (size: number) => {
    const started = processorMs();
    run(size);
    return processorMs() - started;
  };
  const few = n / 8;
  run(few);
  // The least of a few rounds: what else the machine does can only add. Of a few milliseconds nothing can be said.
  const base = Math.max(4, Math.min(...Array.from({ length: 5 }, () => time(few))));
  const limit = 64 * base;
  const many = Math.min(time(16 * few), time(16 * few));
  assert.ok(many < limit, `sixteen times as much took ${(many / base).toFixed(1)} times as long`);
}
