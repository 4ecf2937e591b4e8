// A byte source over a URL, read by range requests that resume where they break off; leans on byte-source.ts and fetch.
import { BaimoError, throwIfAborted } from "../errors.ts";
import { type ByteSource, makeSource } from "./byte-source.ts";

/** The first request brings so many bytes, so that most headers need no second. */
const FIRST = 64 << 10;

/** Tunes a URL source; tests shorten the waits. */
export interface UrlSourceOptions {
  signal?: AbortSignal;
  /** Attempts that bring no byte before it gives up. Default 5. */
  attempts?: number;
  /** Wait before the second attempt, in milliseconds; each further wait is twice as long. Default 250. */
  waitMs?: number;
  /** A response that brings nothing for so long counts as broken off. Default 30,000 ms. */
  stallMs?: number;
}

/** A failure after which the same request may succeed. */
class Interrupted extends Error {}

/**
 * @throws {BaimoError} `request` when the server refuses or cannot be reached, `format` when it does not support ranges
 */
export async function openUrlSource(
  descriptor: { kind: "url"; url: string; headers?: Record<string, string> },
  options: UrlSourceOptions = {},
): Promise<ByteSource> {
  const { url, headers } = descriptor;
  const name = url.replace(/[?#].*$/, "");
  const { attempts = 5, waitMs = 250, stallMs = 30_000 } = options;

  /** Runs `step` until it ends; a step that moved on may be interrupted without end, one that did not a few times. */
  async function persist(
    step: () => Promise<void>,
    progress: () => number,
    signal?: AbortSignal,
  ): Promise<void> {
    let before = progress();
    for (let failures = 0; ; ) {
      throwIfAborted(signal, `reading ${name}`);
      try {
        return await step();
      } catch (error) {
        throwIfAborted(signal, `reading ${name}`);
        if (!(error instanceof Interrupted)) throw error;
        failures = progress() > before ? 1 : failures + 1;
        before = progress();
        if (failures >= attempts) {
          throw new BaimoError(
            "request",
            `${name}: ${error.message}, at byte ${before}, ${attempts} times in a row; is the connection up?`,
            { cause: error.cause },
          );
        }
        await pause(waitMs * 2 ** (failures - 1), signal);
      }
    }
  }

  /** Asks for bytes `from` to `to - 1` and hands their chunks to `take`; the size of the whole and the validator. */
  async function request(
    from: number,
    to: number,
    signal: AbortSignal | undefined,
    take: (total: number, validator: string | null, chunk: Uint8Array) => void,
  ): Promise<void> {
    const stop = new AbortController();
    const abort = () => stop.abort(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(new Error(`nothing came for ${stallMs} ms`)), stallMs);
    };
    patience();
    try {
      const response = await fetch(url, {
        headers: { ...headers, range: `bytes=${from}-${to - 1}` },
        signal: stop.signal,
      }).catch((cause) => {
        throw new Interrupted(`the server could not be reached (${reasonOf(cause)})`, { cause });
      });
      const { total, start } = checkResponse(response, name);
      if (start !== from) {
        throw new BaimoError(
          "format",
          `${name}: byte ${from} was asked for, the server sent from byte ${start}`,
        );
      }
      const validator = response.headers.get("etag") ?? response.headers.get("last-modified");
      let done = 0;
      const want = Math.min(to, total) - from;
      const reader = response.body!.getReader();
      try {
        while (done < want) {
          const { value, done: ended } = await reader.read();
          if (ended) throw new Interrupted("the server closed the connection early");
          patience();
          const chunk = value.subarray(0, want - done);
          done += chunk.byteLength;
          take(total, validator, chunk);
        }
      } catch (cause) {
        if (cause instanceof Interrupted || cause instanceof BaimoError) throw cause;
        throw new Interrupted(`the connection broke off (${reasonOf(cause)})`, { cause });
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      stop.abort(); // lets go of what is left of the response
    }
  }

  let size = 0;
  let validator: string | null = null;
  const parts: Uint8Array[] = [];
  let received = 0;
  const open = () =>
    request(0, FIRST, options.signal, (total, tag, chunk) => {
      size = total;
      validator = tag;
      parts.push(chunk);
      received += chunk.byteLength;
    }).catch((error) => {
      // Some of the first bytes are as good as all: reads go on from there.
      if (!(error instanceof Interrupted) || received === 0) throw error;
    });
  await persist(open, () => 0, options.signal);
  const first = new Uint8Array(received);
  for (let at = 0; parts.length > 0; ) {
    const part = parts.shift()!;
    first.set(part, at);
    at += part.byteLength;
  }

  return makeSource({
    size,
    name,
    descriptor,
    async fill(target, offset, signal) {
      const known = first.subarray(offset, offset + target.byteLength);
      target.set(known);
      let done = known.byteLength;
      if (done === target.byteLength) return;
      await persist(
        () =>
          request(offset + done, offset + target.byteLength, signal, (total, tag, chunk) => {
            if (total !== size || tag !== validator) {
              throw new BaimoError(
                "format",
                `${name}: the file on the server changed while it was being read`,
              );
            }
            target.set(chunk, done);
            done += chunk.byteLength;
          }),
        () => offset + done,
        signal,
      );
    },
  });
}

/** Whole size and first byte of a 206 response; an error that says what is wrong with any other. */
function checkResponse(response: Response, name: string): { total: number; start: number } {
  const { status } = response;
  if (status >= 500 || status === 429 || status === 408) {
    throw new Interrupted(`the server answered ${status} ${response.statusText}`.trimEnd());
  }
  if (status === 416) throw new BaimoError("format", `${name}: the file is empty, or shorter than it was`);
  if (status === 401 || status === 403) {
    throw new BaimoError("request", `${name}: the server answered ${status}; is an authorisation missing?`);
  }
  if (status === 200) {
    throw new BaimoError(
      "format",
      `${name}: the server does not support range requests (it answered 200 to one); download the file first`,
    );
  }
  if (status !== 206) throw new BaimoError("request", `${name}: the server answered ${status}`);
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  if (!range || !response.body || !Number.isSafeInteger(Number(range[3]))) {
    throw new BaimoError(
      "format",
      `${name}: the server's Content-Range is "${response.headers.get("content-range") ?? ""}", which gives no size ` +
        "(across origins it must also be listed in Access-Control-Expose-Headers)",
    );
  }
  return { total: Number(range[3]), start: Number(range[1]) };
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}

/** Waits, or ends at once when the signal fires. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end, { once: true });
    if (signal?.aborted) end();
  });
}
