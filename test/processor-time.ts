// Processor time of this process, for bounds that a busy machine does not break.

/** Milliseconds of processor time that this process has used since it began, in all of its threads. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** How many times as long `run` takes for four times as much: about 4 where it is linear, 16 where it is quadratic. */
export function growth(run: (n: number) => void, n: number): number {
  const time = (size: number) => {
    const started = processorMs();
    run(size);
    return processorMs() - started;
  };
  // The least of three: what else the process does can only add.
  const least = (size: number) => Math.min(time(size), time(size), time(size));
  run(n);
  return least(4 * n) / Math.max(1, least(n));
}
