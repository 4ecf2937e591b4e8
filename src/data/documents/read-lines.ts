// The lines of a text file, one by one, unpacked where it is gzipped.
import { createReadStream } from "node:fs";
import * as zlib from "node:zlib";
import { BaimoError } from "../../errors.ts";

/** The longest line, in UTF-16 units. */
const LONGEST_LINE = 1 << 27;

/**
 * Lines without their ends; memory is bounded by the longest line.
 * @throws {BaimoError} `request` for a file that cannot be read, `format` for one that is no UTF-8 or does not unpack
 */
export async function* readLines(path: string): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  let line = 1;
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
    } catch (cause) {
      throw new BaimoError("format", `${path}, line ${line} or after: is not text in UTF-8`, { cause });
    }
  };
  for await (const bytes of chunksOf(path)) {
    const lines = (rest + decode(bytes)).split("\n");
    rest = lines.pop()!; // split gives one at least
    for (const each of lines) yield withoutReturn(each);
    line += lines.length;
    if (rest.length > LONGEST_LINE)
      throw new BaimoError(
        "format",
        `${path}, line ${line}: is longer than ${LONGEST_LINE} characters; is it JSON Lines?`,
      );
  }
  rest += decode();
  if (rest !== "") yield withoutReturn(rest);
}

const withoutReturn = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line);

/** The bytes of a file, unpacked. */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array, void> {
  const file = createReadStream(path);
  const unpack = unpackerOf(path);
  const stream = unpack ? file.pipe(unpack) : file;
  if (unpack) file.on("error", (error) => unpack.destroy(error));
  try {
    for await (const chunk of stream) yield chunk as Uint8Array; // of a byte stream
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (code.startsWith("Z_") || code.startsWith("ZSTD") || code === "ERR_BUFFER_TOO_LARGE")
      throw new BaimoError("format", `${path}: does not unpack (${code}); is the download complete?`, {
        cause,
      });
    if (code === "ENOENT") throw new BaimoError("request", `${path}: there is no such file`, { cause });
    throw new BaimoError("request", `${path}: cannot be read (${code || String(cause)})`, { cause });
  } finally {
    file.destroy();
  }
}

function unpackerOf(path: string) {
  if (path.endsWith(".gz")) return zlib.createGunzip();
  if (!path.endsWith(".zst")) return undefined;
  const { createZstdDecompress } = zlib as Partial<typeof zlib>; // of Node 22.15 and later
  if (createZstdDecompress) return createZstdDecompress();
  throw new BaimoError(
    "request",
    `${path}: Zstandard needs Node 22.15 or later, and this is ${process.version}`,
  );
}
