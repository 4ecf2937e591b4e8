// Many who wait for one signal to fire, with one listener: runtimes take many listeners for a leak.

const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `stop` when the signal fires, unless what it returns is called before; never for one that has fired already. */
export function onAbort(signal: AbortSignal | undefined, stop: () => void): () => void {
  if (!signal || signal.aborted) return () => {};
  let stops = waiting.get(signal);
  if (!stops) {
    const all = new Set<() => void>();
    signal.addEventListener(
      "abort",
      () => {
        for (const each of all) each();
      },
      { once: true },
    );
    waiting.set(signal, all);
    stops = all;
  }
  const mine = () => stop(); // one function may wait twice
  stops.add(mine);
  return () => stops.delete(mine);
}
