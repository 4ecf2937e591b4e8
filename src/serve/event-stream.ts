// Server-sent events: parts of an answer as bytes, no faster than the client reads.
import type { StreamPart } from "./completion.ts";
import { toProblem, toProblemBody } from "./problem.ts";

/** What a client has not read yet may grow to this many bytes before generation has to wait. */
const bufferBytes = 64 * 1024;

/**
 * Writes parts as OpenAI's event stream, `data: [DONE]` at the end. The prompt's progress becomes comments, which
 * clients skip. A failure becomes an event with an `error` and ends the stream.
 */
export async function* toEvents(
  parts: AsyncIterable<StreamPart>,
  { onError, signal }: { onError?: ((error: unknown) => void) | undefined; signal: AbortSignal },
): AsyncGenerator<string> {
  try {
    for await (const part of parts) {
      if (part.type === "chunk") yield `data: ${JSON.stringify(part.chunk)}\n\n`;
      else yield `: prompt ${part.done}/${part.total}\n\n`;
    }
  } catch (error) {
    if (signal.aborted) return;
    const problem = toProblem(error);
    if (problem.status >= 500) onError?.(error);
    yield `data: ${JSON.stringify(toProblemBody(problem))}\n\n`;
    return;
  }
  if (!signal.aborted) yield "data: [DONE]\n\n";
}

/** Options of `toByteStream`. */
export interface ByteStreamOptions {
  /** Called once when the client goes away or reads nothing for too long: the work must end. */
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
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let stalled: ReturnType<typeof setTimeout> | undefined;
  const leave = async () => {
    stop();
    await strings.return(undefined);
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(stalled);
        const { done, value } = await strings.next();
        if (done) {
          controller.close();
          return;
        }
        controller.enqueue(encoder.encode(value));
        if ((controller.desiredSize ?? 0) > 0) return;
        stalled = setTimeout(() => {
          // Nothing is pulled while the buffer is full, so no `next` is under way: the generator ends at once.
          void leave().then(() => controller.close());
        }, stallSeconds * 1000);
      },
      async cancel() {
        clearTimeout(stalled);
        await leave();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: bufferBytes }),
  );
}
