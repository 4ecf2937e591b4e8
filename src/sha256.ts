// SHA-256 of bytes in memory, in hexadecimal digits.

/** 64 digits. Needs a secure context: Node, a worker, or a page from https or this machine. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  // never of shared memory, which `digest` does not take
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
