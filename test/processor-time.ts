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
  run(n);
  // The least of three rounds and more: what else the machine does can only add.
  let [few, many] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < 3 || (round < 10 && many > 5 * few); round++) {
    few = Math.min(few, time(n));
    many = Math.min(many, time(4 * n));
  }
  // Of a few milliseconds nothing can be said.
  return many / Math.max(5, few);
}
