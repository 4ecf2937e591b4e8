// Reads a stream of server-sent events into the JSON objects that they carry, within bounds.
import { BaimoError } from "../errors.ts";
import { insteadOfJson, isRecord } from "../json.ts";
import type { Limits } from "./endpoint.ts";

const LINE_FEED = 10;

/**
 * The objects of a stream, until "[DONE]".
 *
 * hide  takes out of a line what nobody is to be shown
 * @throws {BaimoError} `upstream` for what is no such stream, and for one that ends before "[DONE]"
 */
export async function* readStream(
  bytes: AsyncIterable<Uint8Array>,
  limits: Limits,
  hide: (line: string) => string = (line) => line,
): AsyncGenerator<Record<string, unknown>> {
  let data = "";
  for await (const read of linesOf(bytes, limits)) {
    const line = hide(read);
    if (line.startsWith("data:")) {
      data += (data && "\n") + line.slice(line[5] === " " ? 6 : 5);
      if (data.length > limits.maxLineBytes) throw tooLong(limits);
    } else if (line === "" && data !== "") {
      if (data === "[DONE]") return;
      yield toRecord(data);
      data = "";
    } else if (line !== "" && !/^(:|event:|id:|retry:)/.test(line)) {
      throw noEvent(line);
    }
  }
  if (data === "[DONE]") return;
  throw new BaimoError("upstream", "upstream: the stream ended before its end was said; ask anew");
}

/** The object of a whole answer. */
export async function readWhole(bytes: AsyncIterable<Uint8Array>): Promise<Record<string, unknown>> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  for await (const piece of bytes) parts.push(decoder.decode(piece, { stream: true }));
  return toRecord(parts.join("") + decoder.decode());
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>, limits: Limits): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: Uint8Array[] = [];
  let length = 0;
  const line = () => {
    const text = parts.map((part) => decoder.decode(part, { stream: true })).join("");
    parts = [];
    length = 0;
    return text.endsWith("\r") ? text.slice(0, -1) : text;
  };
  const keep = (part: Uint8Array) => {
    length += part.length;
    if (length > limits.maxLineBytes) throw tooLong(limits);
    parts.push(part);
  };
  for await (const piece of bytes) {
    let from = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, from)) {
      keep(piece.subarray(from, end));
      yield line();
      from = end + 1;
    }
    keep(piece.subarray(from));
  }
  if (length > 0) yield line();
}

function toRecord(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(text);
  }
  if (!isRecord(value)) throw malformed(text);
  return value;
}

/** What an object says of an error: OpenAI's, or a text; undefined where it tells of none. */
export function toldProblem({ error }: Record<string, unknown>): string | undefined {
  if (error === undefined || error === null) return undefined;
  const said = isRecord(error) ? error.message : error;
  return typeof said === "string" ? said.slice(0, 400) : "nothing said";
}

/** A line that is none of a stream's: of some endpoints an error, in spite of its status, or the answer whole. */
function noEvent(line: string): BaimoError {
  const said = line.startsWith("{") ? toRecord(line) : {};
  const problem = toldProblem(said);
  if (problem !== undefined)
    return new BaimoError("upstream", `upstream: the answer is an error: ${problem}`);
  if (said.choices === undefined) return malformed(line);
  return new BaimoError("upstream", "upstream: the answer came whole, where a stream was asked for");
}

/** What came is not quoted: a part of a key could be in it. */
const malformed = (text: string) => {
  const found = insteadOfJson(text) ?? `found ${text.length} letters that are neither`;
  return new BaimoError("upstream", `upstream: expected JSON or an event of a stream; ${found}`);
};
const tooLong = ({ maxLineBytes }: Limits) =>
  new BaimoError("upstream", `upstream: an event of the stream has more than ${maxLineBytes} bytes`);
