// Files with their hash: written from the beginning to the end, or read piece by piece.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

/** What a manifest says of it. */
export interface HashedFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes bytes one after the other. */
export interface HashedWriter {
  readonly bytes: number;
  write(bytes: Uint8Array): Promise<void>;
  finish(): Promise<HashedFile>;
  close(): Promise<void>;
}

/** Makes a new file in a folder. */
export async function createHashedFile(folder: string, file: string): Promise<HashedWriter> {
  const handle: FileHandle = await open(join(folder, file), "wx");
  const hash = createHash("sha256");
  let bytes = 0;
  let isOpen = true;
  const close = async () => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  return {
    get bytes() {
      return bytes;
    },
    async write(data) {
      hash.update(data);
      for (let done = 0; done < data.length; )
        done += (await handle.write(data, done, data.length - done, bytes + done)).bytesWritten;
      bytes += data.length;
    },
    async finish() {
      await close();
      return { file, bytes, sha256: hash.digest("hex") };
    },
    close,
  };
}

/** The SHA-256 of a file, read piece by piece. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path)) hash.update(bytes as Uint8Array);
  return hash.digest("hex");
}
