// SHA-256 of bytes in memory or of a text, in hexadecimal digits.

/** 64 digits; of a text's UTF-8. Needs a secure context: Node, a worker, or a page from https or this machine. */
export async function sha256(data: Uint8Array | string): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  // never of shared memory, which `digest` does not take
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)));
}

/** Two digits a byte. */
export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
