// The engine of this tab: a worker that answers as a server does, started by the first request.
import { AnswerError, type Handle } from "../talk/client.ts";
import { type Asked, askOver } from "./port.ts";

/** What the page has in the place of a server. */
export interface Tab {
  handle: Handle;
  /** Hands a model's file over; what it is called from then on. */
  offer(file: File): string;
}

/** Opens it; nothing is loaded before the first request. */
export function openTab(): Tab {
  let started: { worker: Worker; failed: Promise<never> } | undefined;
  function start() {
    if (started) return started;
    const worker = new Worker(new URL("assets/engine/worker.js", document.baseURI), { type: "module" });
    const failed = new Promise<never>((_, reject) => {
      const fail = ({ message }: ErrorEvent) =>
        reject(new AnswerError("engine_failed", message || "its files cannot be loaded"));
      worker.addEventListener("error", fail);
      // From its first word on it tells of errors itself.
      worker.addEventListener("message", () => worker.removeEventListener("error", fail), { once: true });
    });
    failed.catch(() => {}); // whoever asks is told
    started = { worker, failed };
    return started;
  }
  const post = (message: Asked | { file: File }, transfer: Transferable[] = []) =>
    start().worker.postMessage(message, transfer);
  /** The page may lie in a folder of its host; the worker knows of none. */
  const folder = new URL(".", document.baseURI).href;
  const ask = askOver((asked, transfer) => {
    const url = `${location.origin}/${asked.url.slice(folder.length)}`;
    post({ ...asked, url }, transfer);
  });
  return {
    handle: (request) => Promise.race([ask(request), start().failed]),
    offer(file) {
      post({ file });
      return `file:${file.name}`;
    },
  };
}
