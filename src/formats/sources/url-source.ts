// A byte source over a URL: range requests that resume where they break off.
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { type ByteSource, makeSource } from "./byte-source.ts";

/** The first request brings so many bytes, so that most headers need no second. */
const FIRST = 64 << 10;

/** Tunes how a URL is read; tests shorten the waits. */
export interface UrlReadOptions {
  signal?: AbortSignal;
  /** Attempts that bring no byte before it gives up. Default 5. */
  attempts?: number;
  /** Wait before the second attempt, in milliseconds; each further wait is twice as long. Default 250. */
  waitMs?: number;
  /** A response that brings nothing for so long counts as broken off. Default 30,000 ms. */
  stallMs?: number;
}

/** What a URL is read with: the address and what goes with every request. */
export interface UrlPlace {
  url: string;
  headers?: Record<string, string>;
}

/** A chunk of the file, and what the server says of the whole. */
interface Piece {
  readonly chunk: Uint8Array;
  readonly total: number;
  /** ETag or modification time; changes when the file does. */
  readonly validator: string | null;
}

/** The server has no such file. */
export class NotFound extends BaimoError {}

/** A failure after which the same request may succeed. */
class Interrupted extends Error {}

/** The URL without its query, which may carry a signature. */
const nameOf = (url: string): string => url.replace(/[?#].*$/, "");

/**
 * Opens a file on a server that supports range requests.
 *
 * @throws {BaimoError} `request` when the server refuses or cannot be reached, `format` when it does not support ranges
 */
export async function openUrlSource(
  descriptor: { kind: "url" } & UrlPlace,
  options: UrlReadOptions = {},
): Promise<ByteSource> {
  const name = nameOf(descriptor.url);
  const parts: Uint8Array[] = [];
  let size = 0;
  let validator: string | null = null;
  for await (const piece of streamPieces(descriptor, 0, FIRST, options)) {
    ({ total: size, validator } = piece);
    parts.push(piece.chunk);
  }
  const first = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
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
      const end = offset + target.byteLength;
      for await (const piece of streamPieces(descriptor, offset + done, end, { ...options, signal })) {
        if (piece.total !== size || piece.validator !== validator) throw changed(name);
        target.set(piece.chunk, done);
        done += piece.chunk.byteLength;
      }
    },
  });
}

/**
 * Streams a file of known size from byte `from` to its end, going on where a connection breaks off. A server without
 * range requests will do while nothing is to be skipped.
 *
 * @throws {BaimoError} as `openUrlSource`, and `format` when the server's file has another size
 */
export async function* streamUrl(
  place: UrlPlace,
  from: number,
  size: number,
  options: UrlReadOptions = {},
): AsyncGenerator<Uint8Array, void> {
  if (from >= size) return;
  for await (const { chunk, total } of streamPieces(place, from, size, { ...options, wholeSize: size })) {
    if (total !== size) throw changed(nameOf(place.url));
    yield chunk;
  }
}

const changed = (name: string) =>
  new BaimoError("format", `${name}: the file on the server changed while it was being read`);

/** Bytes `from` to `to - 1`, or to the end of the file, resumed as often as there is progress. */
async function* streamPieces(
  place: UrlPlace,
  from: number,
  to: number,
  options: UrlReadOptions & { wholeSize?: number },
): AsyncGenerator<Piece, void> {
  const { signal, attempts = 5, waitMs = 250, stallMs = 30_000, wholeSize } = options;
  const name = nameOf(place.url);
  let done = 0;
  for (let failures = 0; ; ) {
    throwIfAborted(signal, `reading ${name}`);
    const before = done;
    try {
      for await (const piece of requestPieces(place, from + done, to, { signal, stallMs, wholeSize })) {
        done += piece.chunk.byteLength;
        yield piece;
      }
      return;
    } catch (error) {
      throwIfAborted(signal, `reading ${name}`);
      if (!(error instanceof Interrupted)) throw error;
      failures = done > before ? 1 : failures + 1;
      if (failures >= attempts) {
        throw new BaimoError(
          "request",
          `${name}: ${error.message}, at byte ${from + done}, ${attempts} times in a row; is the connection up?`,
          { cause: error.cause },
        );
      }
      await pause(waitMs * 2 ** (failures - 1), signal);
    }
  }
}

/** One request for bytes `from` to `to - 1`. What is left of the response is let go when the consumer stops. */
async function* requestPieces(
  { url, headers }: UrlPlace,
  from: number,
  to: number,
  { signal, stallMs, wholeSize }: { signal?: AbortSignal; stallMs: number; wholeSize?: number },
): AsyncGenerator<Piece, void> {
  const name = nameOf(url);
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  /** Waits for the network, but not for ever; the consumer's own time between chunks does not count. */
  const patiently = async <T>(wait: Promise<T>, what: string): Promise<T> => {
    const timer = setTimeout(() => stop.abort(new Error(`nothing came for ${stallMs} ms`)), stallMs);
    try {
      return await wait;
    } catch (cause) {
      throw new Interrupted(`${what} (${reasonOf(cause)})`, { cause });
    } finally {
      clearTimeout(timer);
    }
  };
  try {
    const response = await patiently(
      fetch(url, { headers: { ...headers, range: `bytes=${from}-${to - 1}` }, signal: stop.signal }),
      "the server could not be reached",
    );
    // The whole file is as good, where all of it is wanted.
    const whole = response.status === 200 && from === 0 && response.body ? wholeSize : undefined;
    const { total, start } =
      whole === undefined
        ? checkResponse(response, name)
        : { total: Number(response.headers.get("content-length") ?? whole), start: 0 };
    if (start !== from) {
      throw new BaimoError(
        "format",
        `${name}: byte ${from} was asked for, the server sent from byte ${start}`,
      );
    }
    const validator = response.headers.get("etag") ?? response.headers.get("last-modified");
    const reader = response.body!.getReader();
    for (let left = Math.min(to, total) - from; left > 0; ) {
      const { value, done } = await patiently(reader.read(), "the connection broke off");
      if (done) throw new Interrupted("the server closed the connection early");
      const chunk = value.subarray(0, left);
      left -= chunk.byteLength;
      yield { chunk, total, validator };
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    stop.abort();
  }
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
      `${name}: the server does not support range requests (it answered 200 to one); use one that does, or download the file first`,
    );
  }
  if (status === 404 || status === 410) {
    throw new NotFound("request", `${name}: there is no such file (the server answered ${status})`);
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
