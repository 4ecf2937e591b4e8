// Files for a question or an assistant, as texts: dropped, pasted or chosen.
import type { Attachment } from "../store/conversation.ts";
import type { FileWords } from "./words.ts";

/** Bytes of a file that is opened, and characters of its text that are kept. */
const [MOST_BYTES, MOST_CHARACTERS] = [64 * 1024 * 1024, 1_000_000];

/** A file that was read, or why it was not. */
export type ReadFile = { attachment: Attachment } | { refused: string };

/** A text that was found in a file, and what is lacking of it, in words. */
export interface FoundText {
  text: string;
  notice?: string;
}

export const PDF = "application/pdf";
export const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
/** By the end of a name; of any other file the text is plain. */
const types: Readonly<Record<string, string>> = {
  pdf: PDF,
  docx: DOCX,
  md: "text/markdown",
  markdown: "text/markdown",
  csv: "text/csv",
  json: "application/json",
};

/** Reads a file: PDF and DOCX in a worker that is ended where it takes too long, and what else is UTF-8 as it stands. */
export async function readFile(file: File, words: FileWords): Promise<ReadFile> {
  const { name } = file;
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const mediaType = types[ending] ?? "text/plain";
  if (file.size > MOST_BYTES) return { refused: words.tooLarge(name) };
  try {
    const found = await textOf(file, mediaType, words);
    if (found.text.trim() === "") return { refused: words.noText(name) };
    const isCut = found.text.length > MOST_CHARACTERS;
    const notice = isCut ? words.cut(MOST_CHARACTERS) : found.notice;
    return { attachment: { name, mediaType, text: found.text.slice(0, MOST_CHARACTERS), notice } };
  } catch (error) {
    const reasons: Readonly<Record<string, (name: string) => string>> = {
      PasswordException: words.locked,
      TimeoutError: words.tooSlow,
      NotText: words.notText,
    };
    return { refused: (reasons[(error as Error).name] ?? words.broken)(name) };
  }
}

async function textOf(file: File, mediaType: string, words: FileWords): Promise<FoundText> {
  if (mediaType === PDF) return (await import("./read-pdf.ts")).readPdf(await file.arrayBuffer(), words);
  if (mediaType === DOCX) return (await import("./read-docx.ts")).readDocx(await file.arrayBuffer());
  const isWhole = file.size <= 4 * MOST_CHARACTERS;
  const bytes = await file.slice(0, 4 * MOST_CHARACTERS).arrayBuffer();
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !isWhole });
    if (!text.includes("\0")) return { text, notice: isWhole ? undefined : words.cut(MOST_CHARACTERS) };
  } catch {
    // Not UTF-8: told below.
  }
  throw Object.assign(new Error("a NUL, or bytes that are no UTF-8"), { name: "NotText" });
}
