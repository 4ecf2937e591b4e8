// Server-sent events: parts of an answer as bytes, no faster than the client reads.
import { type Dialect, OPEN_AI } from "./dialect.ts";
import { Problem, toProblem } from "./problem.ts";

/** One part of a streamed answer: a chunk to send as data, also by the name of its event, or how far the prompt has been read. */
export type StreamPart =
  | { type: "chunk"; chunk: object; event?: string }
  | { type: "progress"; done: number; total: number };

/** What a client has not read yet may grow to this many bytes before generation has to wait. */
const bufferBytes = 64 * 1024;

/**
 * Writes parts in the route's dialect, by default as OpenAI's event stream. The prompt's progress becomes comments, which
 * clients skip. A failure becomes an event of its own and ends the stream.
 */
export async function* toEvents(
  parts: AsyncIterable<StreamPart>,
  { onError, signal, dialect = OPEN_AI }: EventOptions,
): AsyncGenerator<string> {
  try {
    for await (const part of parts) {
      if (hasLeft(signal)) return;
      const text =
        part.type === "chunk"
          ? dialect.chunk(part.chunk, part.event)
          : dialect.progress(part.done, part.total);
      if (text !== "") yield text;
    }
  } catch (error) {
    if (hasLeft(signal)) return;
    const problem = toProblem(error);
    if (problem.status === 500) onError?.(error);
    yield dialect.failure(problem);
    return;
  }
  if (!hasLeft(signal) && dialect.end !== "") yield dialect.end;
}

/** Options of `toEvents`. */
export interface EventOptions {
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly signal: AbortSignal;
  readonly dialect?: Dialect;
}

/** Whether nobody reads any more: an abort with a `Problem` for its reason has a reader still, who is told of it. */
export function hasLeft(signal: AbortSignal): boolean {
  return signal.aborted && !(signal.reason instanceof Problem);
}

/** A client that reads a stream. */
interface Reader {
  /** Since when its buffer has been full, by `performance.now`. */
  stalledSince?: number;
  /** Ends the stream before its time. */
  end: () => void;
  /** Called when the stream has ended. */
  readonly left: () => void;
}

/** The clients that read, no more than `most`: the one that has stalled longest gives way to a newcomer. */
export class Readers {
  readonly #most: number;
  readonly #readers = new Set<Reader>();

  constructor(most: number) {
    this.#most = most;
  }

  /** `toByteStream` for one client more. @throws {Problem} 429 where all the others are reading */
  open(strings: AsyncGenerator<string>, options: ByteStreamOptions): ReadableStream<Uint8Array> {
    const since = ({ stalledSince = Number.POSITIVE_INFINITY }: Reader) => stalledSince;
    if (this.#readers.size >= this.#most) {
      const [slowest] = [...this.#readers].sort((a, b) => since(a) - since(b));
      if (slowest?.stalledSince === undefined) {
        options.stop();
        throw new Problem(429, `${this.#most} answers are being read already; try again later`, {
          type: "rate_limit_error",
          code: "too_many_readers",
          headers: { "retry-after": "2" },
        });
      }
      slowest.end();
    }
    const reader: Reader = { end: () => {}, left: () => this.#readers.delete(reader) };
    this.#readers.add(reader);
    return toByteStream(strings, options, reader);
  }
}

/** Options of `toByteStream`. */
export interface ByteStreamOptions {
  /** Called once when the stream has ended before its time, or the client has left: the work must end. */
  stop: () => void;
  /** How long a client may leave a full buffer unread. */
  stallSeconds: number;
}

/**
 * Pulls strings into a stream of bytes, on demand. Leaving the stream, or leaving it unread, stops the work and lets
 * the generator clean up.
 */
export function toByteStream(
  strings: AsyncGenerator<string>,
  { stop, stallSeconds }: ByteStreamOptions,
  reader: Reader = { end: () => {}, left: () => {} },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let stalled: ReturnType<typeof setTimeout> | undefined;
  const leave = async () => {
    clearTimeout(stalled);
    reader.end = () => {};
    reader.left();
    stop();
    await strings.return(undefined);
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        reader.end = () => void leave().then(() => controller.close());
      },
      async pull(controller) {
        clearTimeout(stalled);
        reader.stalledSince = undefined;
        const { done, value } = await strings.next();
        if (done) {
          reader.left();
          controller.close();
          return;
        }
        controller.enqueue(encoder.encode(value));
        if ((controller.desiredSize ?? 0) > 0) return;
        // Nothing is pulled while the buffer is full, so no `next` is under way: the generator ends at once.
        reader.stalledSince = performance.now();
        stalled = setTimeout(() => reader.end(), stallSeconds * 1000);
      },
      async cancel() {
        await leave();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: bufferBytes }),
  );
}
