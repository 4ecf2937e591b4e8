// Requests as OpenTelemetry spans with the GenAI conventions, sent by OTLP over HTTP as JSON.
import { toHex } from "../sha256.ts";
import type { RequestEntry } from "./record.ts";

/** Where spans go. */
export interface TracesOptions {
  /** The collector's: "http://localhost:4318/v1/traces". */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly onError?: (error: unknown) => void;
}

/** Spans that wait; what is more is dropped, and that is said. */
const MOST_WAITING = 2048;
const SEND_AFTER_MS = 5000;
const SEND_WITHIN_MS = 10_000;

/** By the beginning of a route's path. */
const OPERATIONS: readonly [path: RegExp, operation: string][] = [
  [/^\/v1\/(chat|responses|messages)|^\/api\/chat/, "chat"],
  [/^\/v1\/completions|^\/api\/generate/, "text_completion"],
  [/^\/v1\/embeddings|^\/api\/embed/, "embeddings"],
];

/** Sends spans a few at a time. */
export class Traces {
  readonly #options: TracesOptions;
  #waiting: object[] = [];
  #dropped = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<void> | undefined;

  constructor(options: TracesOptions) {
    this.#options = options;
  }

  add(entry: RequestEntry): void {
    if (this.#waiting.length >= MOST_WAITING) this.#dropped++;
    else this.#waiting.push(spanOf(entry));
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#send(), SEND_AFTER_MS);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Sends what waits. */
  async close(): Promise<void> {
    await this.#sending;
    await this.#send();
  }

  #send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const spans = this.#waiting;
    if (spans.length === 0) return Promise.resolve();
    const { url, headers, serviceName, onError } = this.#options;
    if (this.#dropped > 0)
      onError?.(new Error(`traces: ${this.#dropped} spans were dropped; ${url} is too slow`));
    this.#waiting = [];
    this.#dropped = 0;
    const resource = { attributes: [attribute("service.name", serviceName)] };
    const body = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "baimo" }, spans }] }] };
    this.#sending = fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(SEND_WITHIN_MS),
    }).then(
      async (response) => {
        await response.body?.cancel();
        if (!response.ok) onError?.(new Error(`traces: ${url} answered ${response.status}`));
      },
      (cause: unknown) => onError?.(new Error(`traces: ${url} cannot be reached`, { cause })),
    );
    return this.#sending;
  }
}

function spanOf(entry: RequestEntry): object {
  const { time, seconds, method, route, status, code, model, key, tokens, finishes, firstToken } = entry;
  const [, traceId = hex(16), parentSpanId] =
    /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(entry.traceParent ?? "") ?? [];
  const operation = OPERATIONS.find(([path]) => path.test(route))?.[1];
  const known = {
    "http.request.method": method,
    "http.route": route,
    "http.response.status_code": status,
    "error.type": code ?? (status >= 400 ? String(status) : undefined),
    "gen_ai.operation.name": model === undefined ? undefined : operation,
    "gen_ai.provider.name": model === undefined ? undefined : "baimo",
    "gen_ai.request.model": model,
    "gen_ai.usage.input_tokens": tokens?.prompt,
    "gen_ai.usage.output_tokens": tokens?.completion,
    "gen_ai.response.finish_reasons": finishes,
    "baimo.time_to_first_token": firstToken,
    "baimo.key": key,
  };
  const attributes = Object.entries(known).flatMap(([name, value]) =>
    value === undefined ? [] : [attribute(name, value)],
  );
  return {
    traceId,
    spanId: hex(8),
    parentSpanId,
    name: operation && model !== undefined ? `${operation} ${model}` : `${method} ${route}`,
    kind: 2, // of a server
    startTimeUnixNano: nanoseconds(time),
    endTimeUnixNano: nanoseconds(time + seconds * 1000),
    attributes,
    status: status >= 500 ? { code: 2, message: code } : {},
  };
}

function attribute(key: string, value: string | number | readonly string[]): object {
  if (typeof value === "string") return { key, value: { stringValue: value } };
  if (typeof value !== "number") {
    return { key, value: { arrayValue: { values: value.map((each) => ({ stringValue: each })) } } };
  }
  return { key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } };
}

const nanoseconds = (milliseconds: number): string => `${Math.round(milliseconds)}000000`;

const hex = (bytes: number): string => toHex(crypto.getRandomValues(new Uint8Array(bytes)));
