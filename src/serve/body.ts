// Reads the JSON body of a request within a bound.
import { isRecord } from "../json.ts";
import { mayDiffer, parsePythonJson } from "../python-json.ts";
import { JsonScan } from "./json-scan.ts";
import { Problem } from "./problem.ts";

/** How much of a body is read. */
export interface BodyBounds {
  readonly bytes: number;
  /** Names and values. */
  readonly values?: number;
}

/**
 * Reads and parses a JSON body within bounds; what is longer is not read to its end.
 *
 * A body that does not call itself JSON is refused, which also keeps pages of other origins from posting without the
 * browser asking first.
 * @throws {Problem} 415 for another type or a compressed body, 413 when too long, 400 when it is not JSON or holds more
 *   than a server of many should parse at once
 */
export async function readJson(request: Request, bounds: BodyBounds): Promise<unknown> {
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
  const text = await readText(request, bounds);
  try {
    const body: unknown = JSON.parse(text);
    return isRecord(body) && mayDiffer(text) ? withPythonNumbers(body, text) : body;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(400, `the body is not valid JSON: ${reason.slice(0, 200)}`, { cause });
  }
}

/** Fields whose values a chat template may write, in the routes that have them. */
const WRITTEN = ["messages", "tools", "documents", "chat_template_kwargs"];

/** The same body with the numbers that Python's templates would see, where one may write them. */
function withPythonNumbers(body: Record<string, unknown>, text: string): Record<string, unknown> {
  if (!WRITTEN.some((name) => Object.hasOwn(body, name))) return body;
  const read = parsePythonJson(text);
  if (!isRecord(read)) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      WRITTEN.includes(name) ? readable(read[name]) : value,
    ]),
  );
}

/** What a request's reader looks into is an object, whatever the order of its keys. */
function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  return value instanceof Map ? Object.fromEntries(value) : value;
}

/** A body that says it has no more bytes is read at once, which costs least. */
const AT_ONCE = 64 * 1024;

/** A longer one comes piece by piece, so that other requests have their turn between. */
async function* piecesOf(request: Request, length: number): AsyncGenerator<Uint8Array> {
  if (0 < length && length <= AT_ONCE) return yield new Uint8Array(await request.arrayBuffer());
  const reader = request.body?.getReader();
  if (!reader) return;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

async function readText(request: Request, { bytes: maxBytes, values }: BodyBounds): Promise<string> {
  const tooLong = () =>
    new Problem(
      413,
      `the body is longer than the ${maxBytes.toLocaleString("en")} bytes that this server accepts; send less text`,
      { code: "request_too_large" },
    );
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > maxBytes) throw tooLong();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const scan = new JsonScan(values);
  let [text, length] = ["", 0];
  let refusal: unknown;
  // What is refused is read to its end all the same: then the connection is good for another request.
  const take = (piece?: Uint8Array) => {
    if (refusal) return;
    try {
      if (piece) scan.push(piece);
      text += decoder.decode(piece, { stream: piece !== undefined });
    } catch (error) {
      refusal = error instanceof Problem ? error : new Problem(400, "the body is not valid UTF-8");
    }
  };
  for await (const piece of piecesOf(request, announced)) {
    length += piece.byteLength;
    if (length > maxBytes) throw tooLong();
    take(piece);
  }
  take();
  if (refusal) throw refusal;
  return text;
}
