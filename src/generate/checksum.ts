// A checksum of 64 bits against damage, fast in plain JavaScript; not against forgery.

/** Odd factors, so that every step can be undone and no single change is lost (FNV-1a's, and 2^32 over the golden ratio). */
const FIRST = 0x01000193;
const SECOND = 0x9e3779b1;

/** 16 hexadecimal digits. */
export function sumOf(bytes: Uint8Array): string {
  let a = 0x811c9dc5 ^ bytes.length;
  let b = bytes.length;
  const whole = bytes.length & ~3;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < whole; i += 4) {
    const word = view.getInt32(i, true);
    a = Math.imul(a ^ word, FIRST);
    b = Math.imul(((b << 13) | (b >>> 19)) + word, SECOND);
  }
  for (let i = whole; i < bytes.length; i++) {
    a = Math.imul(a ^ bytes[i], FIRST);
    b = Math.imul(((b << 13) | (b >>> 19)) + bytes[i], SECOND);
  }
  const digits = (value: number) => (value >>> 0).toString(16).padStart(8, "0");
  return digits(a ^ (a >>> 15)) + digits(b ^ (b >>> 15));
}
