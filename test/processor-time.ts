// Processor time of this process: what tests bound instead of the clock, which other programs' work would move.

/** Milliseconds of processor time that this process has used since it began, in all of its threads. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
