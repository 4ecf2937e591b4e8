// One POST to an endpoint: its key, limits of time and size, no redirect.
import { BaimoError, type ErrorCode, throwIfAborted } from "../errors.ts";
import { onAbort } from "../on-abort.ts";

/** Where a model answers: a base address such as "https://models.example/v1", and the key for it. */
export interface Endpoint {
  readonly url: string;
  readonly key?: string;
}

/** How long an endpoint may take and how much it may send. */
export interface Limits {
  /** From asking to the answer's first byte, connecting included. */
  readonly firstByteSeconds: number;
  /** Between two pieces of an answer. */
  readonly gapSeconds: number;
  readonly maxBodyBytes: number;
  /** Of one event of a stream. */
  readonly maxLineBytes: number;
}

export const LIMITS: Limits = {
  firstByteSeconds: 300,
  gapSeconds: 60,
  maxBodyBytes: 256 * 2 ** 20,
  maxLineBytes: 4 * 2 ** 20,
};

/** What is sent, and for whom. */
export interface Asked {
  /** Behind the base address: "/chat/completions". */
  readonly path: string;
  readonly body: unknown;
  readonly limits: Limits;
  readonly signal?: AbortSignal;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
}

/** An answer that has begun, or why there is none. */
export type Outcome =
  | { readonly bytes: AsyncGenerator<Uint8Array> }
  | {
      readonly failure: BaimoError;
      /** Whether nothing of an answer has come, and asking again may help. */
      readonly again: boolean;
      /** Whether the endpoint, and not the request, is at fault. */
      readonly broken: boolean;
      readonly retryAfterSeconds?: number;
      /** Of the answer, where one came. */
      readonly status?: number;
    };

/** What the caller can change, or wait for: keys and addresses are the server's own matter. */
const CODES: ReadonlyMap<number, ErrorCode> = new Map([
  [400, "request"],
  [413, "request"],
  [422, "request"],
  [429, "busy"],
]);
/** Statuses of an endpoint that did not take the request. */
const AGAIN = new Set([429, 502, 503, 504]);
/** Failures of a connection that was not made, or that ended before the first byte of an answer, as when a server is killed. */
const NOT_ANSWERED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "ECONNRESET",
  "EPIPE",
  "UND_ERR_SOCKET",
]);
const MOST_ERROR_BYTES = 16_384;

/**
 * Sends a request once.
 * @throws {BaimoError} `aborted` when the caller's signal fires
 */
export async function post(endpoint: Endpoint, asked: Asked): Promise<Outcome> {
  const { path, body, limits, signal, fetch: send = fetch } = asked;
  throwIfAborted(signal, "the request");
  const where = `upstream ${new URL(endpoint.url).host}`;
  const watch = watchTime(where, limits, signal);
  let response: Response;
  try {
    response = await send(endpoint.url.replace(/\/+$/, "") + path, {
      method: "POST",
      headers: headersOf(endpoint),
      body: JSON.stringify(body),
      redirect: "manual",
      signal: watch.signal,
    });
  } catch (error) {
    watch.end();
    throwIfAborted(signal, "the request");
    return {
      failure: watch.late() ?? unreachable(where, error),
      again: NOT_ANSWERED.has(codeOf(error)),
      broken: true,
    };
  }
  if (response.ok && response.body) return { bytes: bytesOf(response.body, watch, where, limits) };
  const said = await beginningOf(response, watch).finally(() => watch.end());
  throwIfAborted(signal, "the request");
  return refused(where, response, hideKey(said, endpoint));
}

function headersOf({ key }: Endpoint): Record<string, string> {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  return key === undefined ? headers : { ...headers, authorization: `Bearer ${key}` };
}

/** Nobody is shown the key, even where the endpoint repeats it: as it is, or as JSON writes it. */
export function hideKey(text: string, { key }: Endpoint): string {
  if (!key) return text;
  const inJson = JSON.stringify(key).slice(1, -1);
  const forms = [key, inJson, inJson.replaceAll("/", "\\/")];
  return forms.reduce((shown, form) => shown.replaceAll(form, "********"), text);
}

interface Watch {
  readonly signal: AbortSignal;
  /** A piece came: the next may take as long as a gap may. */
  heard(): void;
  /** Why time was up, if it was. */
  late(): BaimoError | undefined;
  end(): void;
}

function watchTime(where: string, limits: Limits, signal: AbortSignal | undefined): Watch {
  const controller = new AbortController();
  let error: BaimoError | undefined;
  const wait = (seconds: number, what: string) =>
    setTimeout(() => {
      error = new BaimoError("upstream", `${where} ${what} for ${seconds} s; it may be overloaded`);
      controller.abort(error);
    }, seconds * 1000);
  let timer = wait(limits.firstByteSeconds, "answered nothing");
  const release = onAbort(signal, () => controller.abort(signal?.reason));
  return {
    signal: controller.signal,
    heard() {
      clearTimeout(timer);
      timer = wait(limits.gapSeconds, "sent nothing more");
    },
    late: () => error,
    end() {
      clearTimeout(timer);
      release();
      controller.abort();
    },
  };
}

/** The pieces of a body; whoever stops reading closes the connection. */
async function* bytesOf(
  body: ReadableStream<Uint8Array>,
  watch: Watch,
  where: string,
  { maxBodyBytes }: Limits,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  let total = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        if (watch.late()) throw watch.late();
        throwIfAborted(watch.signal, "the answer");
        throw new BaimoError("upstream", `${where} broke off its answer after ${total} bytes; ask anew`);
      });
      if (done) return;
      watch.heard();
      total += value.length;
      if (total > maxBodyBytes) {
        throw new BaimoError("upstream", `${where} sent more than ${maxBodyBytes} bytes; that is the limit`);
      }
      yield value;
    }
  } finally {
    watch.end();
    void reader.cancel().catch(() => {});
  }
}

/** The text of an error, as far as it is of use. */
async function beginningOf({ body }: Response, watch: Watch): Promise<string> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (reader && text.length < MOST_ERROR_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      watch.heard();
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // The status says enough.
  }
  void reader?.cancel().catch(() => {});
  return text;
}

function refused(where: string, { status, headers }: Response, said: string): Outcome {
  if (status >= 300 && status < 400) {
    const message = `${where} sends requests elsewhere (status ${status}), which is not followed; give the address itself`;
    return { failure: new BaimoError("upstream", message), status, again: false, broken: true };
  }
  const what = status === 401 || status === 403 ? "refused this server's key" : "refused";
  const message = `${where} ${what} with status ${status}: ${messageOf(said)}`;
  return {
    failure: new BaimoError(CODES.get(status) ?? "upstream", message),
    status,
    again: AGAIN.has(status),
    broken: status >= 500,
    retryAfterSeconds: secondsOf(headers.get("retry-after")),
  };
}

/** OpenAI's message, or the beginning of what was said. */
function messageOf(said: string): string {
  let message: unknown;
  try {
    message = JSON.parse(said)?.error?.message;
  } catch {
    // Not JSON: a proxy's page.
  }
  return (typeof message === "string" ? message : said).slice(0, 400).trim() || "nothing said";
}

/** Seconds of Retry-After, which may be a date. */
function secondsOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text.trim()) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** The code of the system; messages may hold headers, and so the key. */
function codeOf(error: unknown): string {
  const { code } = (error instanceof Error ? (error.cause ?? error) : {}) as { code?: unknown };
  return typeof code === "string" ? code : "no connection";
}

const unreachable = (where: string, error: unknown): BaimoError =>
  new BaimoError("upstream", `${where} cannot be reached (${codeOf(error)}); is it running?`);
