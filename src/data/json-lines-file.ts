// Writes a JSON Lines file that is whole or is not there; gzipped where its name ends with .gz.
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { BaimoError } from "../errors.ts";

/** A file being written. */
export interface JsonLinesFile {
  /** Resolves when there is room for more. */
  write(row: object): Promise<void>;
  /** Gives it its name; without that nothing is left. */
  finish(): Promise<void>;
  /** Gives up what is not finished. */
  close(): Promise<void>;
}

const BUFFER = 1 << 20;

/** Opens the file beside where it will be. @throws {BaimoError} `request` where it cannot be written */
export async function createJsonLinesFile(path: string): Promise<JsonLinesFile> {
  const partial = `${path}.partial`;
  const file = createWriteStream(partial, { highWaterMark: BUFFER });
  await once(file, "open").catch((cause: unknown) => {
    throw new BaimoError("request", `${path}: cannot be written`, { cause });
  });
  const packer = path.endsWith(".gz") ? createGzip() : undefined;
  packer?.pipe(file);
  const sink = packer ?? file;
  let failure: unknown;
  for (const stream of packer ? [packer, file] : [file])
    stream.on("error", (error: Error) => (failure ??= error));
  let isFinished = false;
  const check = () => {
    if (failure !== undefined)
      throw new BaimoError("request", `${path}: cannot be written`, { cause: failure });
  };
  return {
    async write(row) {
      check();
      if (!sink.write(`${JSON.stringify(row)}\n`)) await once(sink, "drain").catch(check);
    },
    async finish() {
      check();
      sink.end();
      await finished(file).catch(check);
      check();
      await rename(partial, path);
      isFinished = true;
    },
    async close() {
      if (isFinished) return;
      sink.destroy();
      file.destroy();
      await rm(partial, { force: true });
    },
  };
}
