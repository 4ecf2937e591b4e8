// Text files for a question: dropped, pasted or chosen, and read as UTF-8.
import type { Attachment } from "../store/conversation.ts";

const MOST_BYTES = 1024 * 1024;

/** A file that was read, or why it was not. */
export type ReadFile = { attachment: Attachment } | { refused: "not-text" | "too-large"; name: string };

/** Reads a file; what is not text is told by a NUL or by bytes that are no UTF-8. */
export async function readTextFile(file: File): Promise<ReadFile> {
  const { name } = file;
  if (file.size > MOST_BYTES) return { refused: "too-large", name };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    if (!text.includes("\0")) return { attachment: { name, text } };
  } catch {
    // Not UTF-8: told below.
  }
  return { refused: "not-text", name };
}
