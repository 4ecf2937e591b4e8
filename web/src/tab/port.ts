// A worker as what answers requests: each has a port of its own, on which its answer is pulled.
import { AnswerError, type Handle } from "../talk/client.ts";

/** A request as it goes to the worker. */
export interface Asked {
  url: string;
  method: string;
  headers: [string, string][];
  body?: string;
  port: MessagePort;
}

/** What comes back: the head, then a piece or the end for every "more". */
type Told =
  | { status: number; headers: [string, string][] }
  | { chunk: Uint8Array<ArrayBuffer> }
  | { end: true }
  | { failure: string };

/** Statuses whose answers have no body. */
const EMPTY = [204, 205, 304];

/** Asks a worker, to which `post` sends. */
export function askOver(post: (asked: Asked, transfer: Transferable[]) => void): Handle {
  return async (request) => {
    const { url, method, headers, signal } = request;
    const body = method === "GET" ? undefined : await request.text();
    signal.throwIfAborted();
    const { port1: port, port2 } = new MessageChannel();
    let stream!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
    let pulled = () => {};
    /** Nothing that is still on its way is heard. */
    const stop = () => {
      port.postMessage("stop");
      port.onmessage = null;
    };
    const answer = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => void (stream = controller),
        pull: () =>
          new Promise<void>((resolve) => {
            pulled = resolve;
            port.postMessage("more");
          }),
        cancel: stop,
      },
      { highWaterMark: 0 },
    );
    return new Promise((resolve, reject) => {
      const fail = (reason: unknown) => {
        stream.error(reason);
        reject(reason);
      };
      signal.addEventListener("abort", () => {
        stop();
        fail(signal.reason);
      });
      port.onmessage = ({ data: told }: MessageEvent<Told>) => {
        if ("status" in told) resolve(new Response(EMPTY.includes(told.status) ? null : answer, told));
        else if ("chunk" in told) stream.enqueue(told.chunk);
        else if ("end" in told) stream.close();
        else fail(new AnswerError("engine_failed", told.failure));
        if ("end" in told || "failure" in told) port.close();
        pulled();
      };
      post({ url, method, headers: [...headers], body, port: port2 }, [port2]);
    });
  };
}

/** Answers what has been asked, from inside the worker. */
export async function answerOn({ port, url, ...init }: Asked, handle: Handle): Promise<void> {
  const control = new AbortController();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const fail = (error: unknown) => port.postMessage({ failure: String(error) });
  port.onmessage = async ({ data }: MessageEvent<"more" | "stop">) => {
    if (data === "stop") {
      control.abort();
      await reader?.cancel().catch(() => {});
      port.close();
      return;
    }
    try {
      const { done = true, value } = (await reader?.read()) ?? {};
      port.postMessage(done ? { end: true } : { chunk: value });
    } catch (error) {
      fail(error);
    }
  };
  try {
    const response = await handle(new Request(url, { ...init, signal: control.signal }));
    reader = response.body?.getReader();
    port.postMessage({ status: response.status, headers: [...response.headers] });
  } catch (error) {
    fail(error);
  }
}
