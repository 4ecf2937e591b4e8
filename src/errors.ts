// BaimoError, the one error class of the project, and its codes.

/** What kind of failure it is; callers match on this, never on the message. */
export type ErrorCode =
  | "format" // a file, a stream or a message is not what its format demands
  | "shape" // sizes that do not fit together
  | "config" // a setting or a model configuration that cannot be honoured
  | "memory" // not enough memory for what was asked
  | "device" // a worker, a thread or a processor feature failed or is missing
  | "request" // the caller asked for something that cannot be done
  | "context" // a prompt that is longer than the model's context
  | "busy" // more requests wait for a model than may; later there may be room
  | "aborted" // the caller's AbortSignal fired
  | "licence" // a licence does not permit it
  | "upstream"; // a model's endpoint elsewhere refused, failed or broke off

/**
 * Every failure that this project raises on purpose. The message says what, expected, found, where and what next,
 * in that order, as far as each is known.
 */
export class BaimoError extends Error {
  override readonly name = "BaimoError";
  readonly code: ErrorCode;
  /** The option at fault, where it is one: "threads", "stop[3]". */
  readonly option?: string;

  constructor(code: ErrorCode, message: string, details?: { cause?: unknown; option?: string }) {
    super(shorten(message), details);
    this.code = code;
    if (details?.option !== undefined) this.option = details.option;
  }
}

/** Messages quote files, which may call a tensor by a megabyte. */
const LONGEST_MESSAGE = 1600;

/** Leaves out the middle of what is too long: the beginning says what it is, the end what to do. */
function shorten(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  return `${message.slice(0, (LONGEST_MESSAGE * 3) / 4)} … ${message.slice(-LONGEST_MESSAGE / 4)}`;
}

/** Throws a `BaimoError` with code `aborted` when the signal has fired; the signal's reason is the cause. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new BaimoError("aborted", `${what} was aborted`, { cause: signal.reason });
}
