// The text of a PDF, page by page, by PDF.js in a worker; a form feed ends each page but the last.
import { getDocument, PDFWorker } from "pdfjs-dist";
import { within } from "./within.ts";
import type { FileWords } from "./words.ts";

/** Pages, characters of one page and of all, and the time of a whole file. */
const MOST = { pages: 2000, ofPage: 100_000, characters: 1_000_000, milliseconds: 60_000 };

/** A piece of text; the other items of a page mark its structure. */
interface Piece {
  str: string;
  hasEOL: boolean;
  height: number;
  transform: number[];
}

/**
 * Reads the text of a PDF. Its scripts, forms, links and pictures are left alone.
 * @throws what PDF.js does of a file that is damaged or locked; `TimeoutError` for one that takes too long
 */
export async function readPdf(
  data: ArrayBuffer,
  words: FileWords,
): Promise<{ text: string; notice?: string }> {
  const port = new Worker(new URL("./pdf-worker.ts", import.meta.url), { type: "module", name: "pdf" });
  const task = getDocument({
    data,
    worker: new PDFWorker({ port: port as unknown as null }), // its types allow none but null
    cMapUrl: new URL("cmaps/", document.baseURI).href,
    disableFontFace: true,
    useSystemFonts: false,
    useWasm: false,
    maxImageSize: 1,
    verbosity: 0,
  });
  try {
    return await within(MOST.milliseconds, readPages(task, words));
  } finally {
    port.terminate();
  }
}

async function readPages(
  task: ReturnType<typeof getDocument>,
  words: FileWords,
): Promise<{ text: string; notice?: string }> {
  const { numPages, getPage } = await task.promise.then((pdf) => ({
    numPages: pdf.numPages,
    getPage: (at: number) => pdf.getPage(at),
  }));
  const pages: string[] = [];
  let [size, empty] = [0, 0];
  while (pages.length < Math.min(numPages, MOST.pages) && size < MOST.characters) {
    const text = await getPage(pages.length + 1).then(
      (page) => readPage(page.streamTextContent()),
      () => "", // a page that is not there, or damaged
    );
    if (text === "") empty++;
    pages.push(text);
    size += text.length;
  }
  const notices = [
    pages.length < numPages ? words.pages(pages.length, numPages) : "",
    empty > 0 ? words.emptyPages(empty) : "",
  ].filter((notice) => notice !== "");
  return { text: pages.join("\n\f"), notice: notices.join("; ") || undefined };
}

/** Lines as they stand; a gap between two is a paragraph's end, and words that a line's end divides are joined. */
async function readPage(stream: ReadableStream): Promise<string> {
  const reader = stream.getReader();
  let text = "";
  let last: Piece | undefined;
  while (text.length < MOST.ofPage) {
    const { done, value } = await reader.read();
    if (done) break;
    for (const item of value.items as (Piece | { type: string })[]) {
      if (!("str" in item)) continue;
      const [above, below] = [last?.transform[5] ?? 0, item.transform[5] ?? 0];
      if (item.str !== "" && last) {
        if (text.endsWith("\n") && above - below > 1.7 * item.height) text += "\n";
        last = undefined;
      }
      text += item.str;
      if (item.str !== "") last = item;
      if (item.hasEOL) text += "\n";
    }
  }
  void reader.cancel().catch(() => {});
  return text
    .slice(0, MOST.ofPage)
    .replace(/\f/g, " ")
    .replace(/(\p{Ll})-\n(\p{Ll})/gu, "$1$2")
    .trim();
}
