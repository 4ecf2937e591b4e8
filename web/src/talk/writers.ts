// Which answers are being written just now, in this tab or another: a lock for each.

const lockOf = (message: string) => `baimo.answer.${message}`;

/** Says that this tab writes an answer, until what it returns is called or the tab is gone. */
export function claimAnswer(message: string): () => void {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  void navigator.locks?.request(lockOf(message), () => held);
  return release;
}

/** Whether some tab writes this answer. Where the browser has no locks (no secure context), none does. */
export async function isBeingWritten(message: string): Promise<boolean> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.some(({ name }) => name === lockOf(message));
}
