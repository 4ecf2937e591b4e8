// A bound on the bytes that this worker asks for at once: a small file can unfold to gigabytes.

/** Bytes of one array. What PDF.js unfolds a stream into doubles as it grows, so that half of it is read at the most. */
const MOST_BYTES = 128 * 1024 * 1024;

// PDF.js unfolds streams by code of its own then; the browser's knows no bound.
Reflect.deleteProperty(globalThis, "DecompressionStream");
globalThis.Uint8Array = new Proxy(Uint8Array, {
  construct(target, given: unknown[], asked) {
    if (typeof given[0] === "number" && given[0] >= MOST_BYTES)
      throw new RangeError(`${given[0]} bytes are asked for at once; ${MOST_BYTES} are allowed`);
    return Reflect.construct(target, given, asked === globalThis.Uint8Array ? target : asked);
  },
});
