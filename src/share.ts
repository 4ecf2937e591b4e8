// Values in memory that threads share.

/** A copy where every thread sees it; the same values where there is no such memory. */
export function share<T extends Uint8Array | Uint16Array | Int32Array | Uint32Array | Float32Array>(
  values: T,
): T {
  if (typeof SharedArrayBuffer === "undefined") return values;
  const shared = new (values.constructor as new (buffer: SharedArrayBuffer) => T)(
    new SharedArrayBuffer(values.byteLength),
  );
  shared.set(values);
  return shared;
}
