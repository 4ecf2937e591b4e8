// Processor time of this process, for bounds that a busy machine does not break.

/** Milliseconds of processor time that this process has used since it began, in all of its threads. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
