// Generators that read synchronously where the source can, and await elsewhere.

/** Something that is read, and then is `T`. */
export type Reading<T = void> = Generator<Promise<void>, T>;

/** Waits for a reading that is not done yet. */
export function* pending(reading: void | Promise<void>): Reading {
  if (reading) yield reading;
}

/** Reads to the end: at once where nothing must be waited for. */
export function finish<T>(reading: Reading<T>): T | Promise<T> {
  const step = reading.next();
  return step.done ? step.value : step.value.then(() => finish(reading));
}
