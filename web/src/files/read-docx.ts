// The text of a DOCX, read in a worker that is ended where it takes too long.
import { within } from "./within.ts";

const MOST_MILLISECONDS = 20_000;

/** @throws {Error} for a file that is damaged; `TimeoutError` for one that takes too long */
export async function readDocx(data: ArrayBuffer): Promise<{ text: string; notice?: string }> {
  const worker = new Worker(new URL("./docx-worker.ts", import.meta.url), { type: "module", name: "docx" });
  const answered = new Promise<{ text?: string; problem?: string }>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.postMessage(data, [data]);
  try {
    const { text, problem } = await within(MOST_MILLISECONDS, answered);
    if (text === undefined) throw new Error(problem);
    return { text };
  } finally {
    worker.terminate();
  }
}
