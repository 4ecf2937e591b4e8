// Sends one request to a third party.
import { BaimoError } from "../../errors.ts";
import { parseJson } from "../../json.ts";

/** What is sent. */
export interface HttpRequest {
  readonly operationId: string;
  readonly method: string;
  /** Below the service's address, with its query. */
  readonly path: string;
  readonly body?: unknown;
}

/** What comes back. */
export interface HttpAnswer {
  readonly status: number;
  /** Seconds to wait before another try. */
  readonly retryAfter?: number;
  /** JSON, where the status is 200. */
  readonly body?: unknown;
}

export type Send = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>;

const MOST_BYTES = 1_000_000;

/** Sends to an address with `fetch`; redirects are not followed. */
export function sendTo(address: string, headers: Readonly<Record<string, string>> = {}): Send {
  return async ({ method, path, body }, signal) => {
    const response = await fetch(address.replace(/\/$/, "") + path, {
      method,
      headers: Object.assign({ accept: "application/json", "content-type": "application/json" }, headers),
      body: body === undefined ? undefined : JSON.stringify(body),
      redirect: "error",
      signal,
    });
    const retryAfter = Number(response.headers.get("retry-after") ?? "1");
    if (response.status !== 200) {
      await response.body?.cancel();
      return { status: response.status, retryAfter };
    }
    return { status: 200, body: parseJson(await readAll(response), `the answer to ${method} ${path}`) };
  };
}

async function readAll(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MOST_BYTES) throw new BaimoError("format", `an answer has more than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
