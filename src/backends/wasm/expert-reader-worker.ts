// The read-ahead thread: reads ranges of the files into a scratch buffer; sleeps when idle.
import { openByteSource } from "../../formats/sources/open-byte-source.ts";
import { ownThread } from "../threads.ts";
import { READER_PIECE, ReaderQueue, type ReaderSetup, type WantedRange } from "./expert-reader.ts";

/** A read from the file cache takes a few microseconds, unless the thread lost its processor; no disk answers so soon. */
const CACHED_MS = 0.04;
const PROBE_BYTES = 4096;
/** After so many cached ranges on end, only one of so many lists is looked at: waking for nothing costs the workers time. */
const MANY = 64;
const LISTS = 16;

const thread = await ownThread();
const setup = await new Promise<ReaderSetup>((resolve) => {
  thread.listen((posted) => resolve(posted as ReaderSetup)); // what expert-reader.ts posts
});
const queue = new ReaderQueue(setup);
const buffer = new Uint8Array(READER_PIECE);
/** For each rank the list of which one range had to come from the disk: the others are read without asking. */
const cold: number[] = [];
/** For each rank the ranges on end that were in the file cache. */
const inCache: number[] = Array.from({ length: setup.ranks }, () => 0);

const files = await Promise.all(setup.files.map((file) => openByteSource(file)));

/** Whether the system holds one end of a range, and so probably all of it: then reading it would only take time. */
function isCached({ file, offset, length, rank, list }: WantedRange): boolean {
  if (setup.readAll || cold[rank] === list) return false;
  const bytes = Math.min(length, PROBE_BYTES);
  for (const at of [offset + length - bytes, offset]) {
    const started = performance.now();
    files[file].readIntoSync?.(buffer.subarray(0, bytes), at);
    if (performance.now() - started < CACHED_MS) {
      if (++inCache[rank] >= MANY) queue.rest(rank, LISTS - 1);
      return true;
    }
  }
  inCache[rank] = 0;
  cold[rank] = list;
  return false;
}

function read(range: WantedRange): void {
  const { file, offset, length } = range;
  for (let done = 0; done < length; done += READER_PIECE) {
    // The worker has come to it, and reads on alone.
    if (!queue.wanted(range)) return;
    files[file].readIntoSync?.(buffer.subarray(0, Math.min(READER_PIECE, length - done)), offset + done);
  }
  queue.finish(range);
}

while (!queue.closed) {
  const { signal } = queue;
  const range = queue.take();
  if (!range) {
    queue.sleep(signal);
    continue;
  }
  try {
    if (!isCached(range)) read(range);
  } catch {
    // The worker's own read will say what is wrong.
  }
}
await Promise.all(files.map((file) => file.close()));
thread.close();
