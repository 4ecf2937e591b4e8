// A bound on how long something may take.

/** What comes of it. @throws {DOMException} `TimeoutError` where it takes longer */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer = 0;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new DOMException(`it took more than ${milliseconds} ms`, "TimeoutError"));
    timer = window.setTimeout(fail, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
