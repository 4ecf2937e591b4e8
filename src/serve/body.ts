// Reads the JSON body of a request within a bound.
import { Problem } from "./problem.ts";

/**
 * Reads and parses a JSON body of at most `maxBytes` bytes; what is longer is not read to its end.
 *
 * A body that does not call itself JSON is refused, which also keeps pages of other origins from posting without the
 * browser asking first.
 * @throws {Problem} 415 for another type or a compressed body, 413 when too long, 400 when it is not JSON
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type !== "application/json" && !type.endsWith("+json")) {
    throw new Problem(
      415,
      `the body must be sent with content-type application/json, but it came with "${type.slice(0, 80)}"`,
    );
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") {
    throw new Problem(
      415,
      `content-encoding "${encoding.slice(0, 80)}" is not supported; send the body as it is`,
    );
  }
  const text = decodeUtf8(await readBytes(request, maxBytes));
  if (text === undefined) throw new Problem(400, "the body is not valid UTF-8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(400, `the body is not valid JSON: ${reason.slice(0, 200)}`, { cause });
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLong = () =>
    new Problem(
      413,
      `the body is longer than the ${maxBytes.toLocaleString("en")} bytes that this server accepts; send less text`,
      { code: "request_too_large" },
    );
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLong();
  if (!request.body) return new Uint8Array(0);
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > maxBytes) {
      await reader.cancel();
      throw tooLong();
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
