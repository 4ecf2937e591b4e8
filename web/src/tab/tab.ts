// The engine of this tab: a worker that answers as a server does, started by the first request.
import { AnswerError, type Handle } from "../talk/client.ts";
import type { Lesson, LessonNews } from "./poet.ts";
import { askOver } from "./port.ts";
import type { ToWorker } from "./worker.ts";

/** What the page has in the place of a server. */
export interface Tab {
  handle: Handle;
  /** Hands a model's file over; what it is called from then on. */
  offer(file: File): string;
  /** Has the poet learn, step by step; resolves when it has. @throws {AnswerError} as the engine says */
  teach(lesson: Lesson, onStep: (step: LessonStep) => void, signal: AbortSignal): Promise<void>;
  /** Deletes what it has learned under a name. */
  forget(name: string): Promise<void>;
}

export type LessonStep = Extract<LessonNews, { step: number }>;

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
  const post = (message: ToWorker, transfer: Transferable[] = []) =>
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
    teach: (lesson, onStep, signal) => listen((port) => post({ lesson, port }, [port]), onStep, signal),
    forget: (name) => listen((port) => post({ forget: name, port }, [port])),
  };
}

/** Posts a port, and hears what comes on it until the end. */
function listen(
  post: (port: MessagePort) => void,
  onStep: (step: LessonStep) => void = () => {},
  signal?: AbortSignal,
): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise<void>((resolve, reject) => {
    signal?.addEventListener("abort", () => port1.postMessage("stop"));
    port1.onmessage = ({ data: news }: MessageEvent<LessonNews>) => {
      if ("step" in news) onStep(news);
      else if ("done" in news) resolve();
      else reject(new AnswerError(news.failure.code, news.failure.message));
    };
    post(port2);
  }).finally(() => port1.close());
}
