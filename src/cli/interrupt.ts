// Ctrl-C as an AbortSignal.

/** A signal that Ctrl-C fires. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives Ctrl-C back to the system. */
  release(): void;
}

/** The exit status of a program that Ctrl-C ended, as shells have it. */
export const INTERRUPTED = 130;

/** Listens for Ctrl-C (and for a polite end by the system); a second one ends the program at once. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}

/** Has Ctrl-C end the program with its own status also where no command listens for it. */
export function exitOnInterrupt(): Interrupt["release"] {
  const onSignal = () => {
    if (process.listenerCount("SIGINT") === 1) process.exit(INTERRUPTED);
  };
  process.on("SIGINT", onSignal);
  return () => process.off("SIGINT", onSignal);
}
