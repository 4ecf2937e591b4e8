// Starts and feeds the read-ahead thread, which warms the system's file cache for experts.
//
// What the thread reads is thrown away; only the file cache profits. Late, wrong or absent, it changes no result.
//
// What the thread reads is thrown away; only the file cache profits. Late, wrong or absent, it changes no result.
import type { ByteSourceDescriptor } from "../../formats/sources/byte-source.ts";
import type { FileRange } from "../../tensor/backend.ts";
import { LINE } from "../bus.ts";
import { canShareMemory, startThread, type Thread } from "../threads.ts";

/** Bytes of one read, after which the reader looks whether the worker has come to the same place. */
export const READER_PIECE = 256 << 10;
/** Bytes that may lie read and not yet asked for, a rank. */
export const MOST_AHEAD = 64 << 20;
/** What the reader takes: a thread (measured: 9 MB in Node 20 and 24) and its buffer. */
export const READER_BYTES = 10 * 2 ** 20 + READER_PIECE;

/** Ranges that one rank may have asked for; more than the experts of a layer have matrices. */
const CAPACITY = 2048;
/** Numbers begin again at 0 after so many, since words have 31 bits. */
const MOST_NUMBERS = 2 ** 30;
/** Words of the queue; each on a cache line of its own. */
const SIGNAL = 0;
const CLOSED = LINE;
const CONTROL_WORDS = 2 * LINE;
/** Words of a rank: where its last list begins and ends, how far worker and reader are, and a mark for each range. */
const BEGIN = 0;
const END = 1;
const REACHED = 2;
const NEXT = 3;
/** Set where the reader found that enough lies read. */
const FULL = 4;
/** Lists that the worker does not announce, since all of it was in the file cache. */
const RESTS = 5;
const RANGE_FIELDS = 4;
const RANK_WORDS = LINE + CAPACITY;

/** Ranges of a rank by their numbers, which only grow; each has its place until the ring comes round. */
interface RankQueue {
  readonly words: Int32Array;
  /** Four a range: file, offset, length, and the bytes of the list before it. */
  readonly ranges: Float64Array;
}

/** Bytes of the queue of so many ranks. */
export function queueBytes(ranks: number): number {
  return 4 * CONTROL_WORDS + ranks * (4 * RANK_WORDS + 8 * RANGE_FIELDS * CAPACITY);
}

/** The memory that workers and the reader share. */
function openQueue(shared: SharedArrayBuffer, ranks: number) {
  const control = new Int32Array(shared, 0, CONTROL_WORDS);
  const firstRange = (CONTROL_WORDS + ranks * RANK_WORDS) * 4;
  const queues = Array.from(
    { length: ranks },
    (_, rank): RankQueue => ({
      words: new Int32Array(shared, (CONTROL_WORDS + rank * RANK_WORDS) * 4, RANK_WORDS),
      ranges: new Float64Array(
        shared,
        firstRange + rank * CAPACITY * RANGE_FIELDS * 8,
        CAPACITY * RANGE_FIELDS,
      ),
    }),
  );
  return { control, queues };
}

/** Where the fields of a range stand. */
function placeOf(number: number): number {
  return (number % CAPACITY) * RANGE_FIELDS;
}

/** Wakes the reader. */
function signal(control: Int32Array): void {
  Atomics.add(control, SIGNAL, 1);
  Atomics.notify(control, SIGNAL);
}

/** A worker's end: says what it will read, and how far it is. Never waits. */
export class ReadAhead {
  readonly #control: Int32Array;
  readonly #queue: RankQueue;
  #next = 0;

  constructor(shared: SharedArrayBuffer, { rank, ranks }: { rank: number; ranks: number }) {
    const { control, queues } = openQueue(shared, ranks);
    this.#control = control;
    this.#queue = queues[rank];
  }

  /** Asks for ranges in this order; what was asked before and has not begun is given up. Returns the first one's number. */
  ask(ranges: readonly FileRange[]): number {
    const first = this.#next > MOST_NUMBERS ? 0 : this.#next;
    const { words, ranges: room } = this.#queue;
    const rests = Atomics.load(words, RESTS);
    if (rests > 0) Atomics.store(words, RESTS, rests - 1);
    const count = rests > 0 ? 0 : Math.min(ranges.length, CAPACITY / 2);
    for (let i = 0, before = 0; i < count; i++) {
      const { file, offset, length } = ranges[i];
      const at = placeOf(first + i);
      room[at] = file;
      room[at + 1] = offset;
      room[at + 2] = length;
      room[at + 3] = before;
      before += length;
    }
    this.#next = first + ranges.length;
    Atomics.store(words, BEGIN, first);
    Atomics.store(words, REACHED, first);
    Atomics.store(words, NEXT, first);
    Atomics.store(words, END, first + count);
    if (count > 0) signal(this.#control);
    return first;
  }

  /** Whether a range has been read whole. */
  isRead(number: number): boolean {
    return Atomics.load(this.#queue.words, LINE + (number % CAPACITY)) === number + 1;
  }

  /** The worker reads this range itself now, and will not come back to those before it. */
  reach(number: number): void {
    const { words } = this.#queue;
    Atomics.store(words, REACHED, number + 1);
    if (Atomics.exchange(words, FULL, 0) !== 0) signal(this.#control);
  }
}

/** What the reader's thread is born with. */
export interface ReaderSetup {
  readonly shared: SharedArrayBuffer;
  readonly ranks: number;
  readonly files: readonly ByteSourceDescriptor[];
  /** Reads also what seems to be in the file cache. For tests, whose files always are. */
  readonly readAll?: boolean;
}

/** A range that is wanted. */
export interface WantedRange extends FileRange {
  readonly rank: number;
  readonly number: number;
  /** The list that it belongs to: equal for those asked for at once. */
  readonly list: number;
}

/** Takes the number of the next range that the worker has not come to. */
function claim({ words, ranges }: RankQueue): number | undefined {
  for (;;) {
    const next = Atomics.load(words, NEXT);
    const reached = Atomics.load(words, REACHED);
    const number = Math.max(next, reached);
    if (number >= Atomics.load(words, END)) return undefined;
    if (ranges[placeOf(number) + 3] - ranges[placeOf(reached) + 3] >= MOST_AHEAD) {
      Atomics.store(words, FULL, 1);
      return undefined;
    }
    if (Atomics.compareExchange(words, NEXT, next, number + 1) === next) return number;
  }
}

/** The reader's end. */
export class ReaderQueue {
  readonly #control: Int32Array;
  readonly #queues: readonly RankQueue[];
  #turn = 0;

  constructor({ shared, ranks }: ReaderSetup) {
    const { control, queues } = openQueue(shared, ranks);
    this.#control = control;
    this.#queues = queues;
  }

  get closed(): boolean {
    return Atomics.load(this.#control, CLOSED) !== 0;
  }

  /** Changes whenever there may be something new. */
  get signal(): number {
    return Atomics.load(this.#control, SIGNAL);
  }

  /** Sleeps until the signal is another one. */
  sleep(signal: number): void {
    if (!this.closed) Atomics.wait(this.#control, SIGNAL, signal);
  }

  /** The next range, the ranks taking turns; undefined where there is none, or enough has been read. */
  take(): WantedRange | undefined {
    for (let i = 0; i < this.#queues.length; i++) {
      const rank = this.#turn++ % this.#queues.length;
      const number = claim(this.#queues[rank]);
      if (number === undefined) continue;
      const { words, ranges } = this.#queues[rank];
      const [file, offset, length] = ranges.subarray(placeOf(number));
      return { rank, number, list: Atomics.load(words, BEGIN), file, offset, length };
    }
    return undefined;
  }

  /** Whether the worker has not come to this range yet. */
  wanted({ rank, number }: WantedRange): boolean {
    return Atomics.load(this.#queues[rank].words, REACHED) <= number;
  }

  /** Asks the rank to leave out so many lists. */
  rest(rank: number, lists: number): void {
    Atomics.store(this.#queues[rank].words, RESTS, lists);
  }

  /** Marks a range as read whole. */
  finish({ rank, number }: WantedRange): void {
    Atomics.store(this.#queues[rank].words, LINE + (number % CAPACITY), number + 1);
  }
}

/** A running reader, seen from the main thread. */
export interface ExpertReader {
  readonly shared: SharedArrayBuffer;
  /** Ends the thread. */
  close(): Promise<void>;
}

/**
 * Starts the thread that reads ahead for so many ranks. Undefined where it would be of no use: for files that are not on this
 * machine, and where no thread can be had or no memory shared.
 */
export async function startExpertReader(
  files: readonly ByteSourceDescriptor[],
  ranks: number,
  options: Pick<ReaderSetup, "readAll"> = {},
): Promise<ExpertReader | undefined> {
  if (!canShareMemory() || files.some(({ kind }) => kind !== "path")) return undefined;
  const shared = new SharedArrayBuffer(queueBytes(ranks));
  const { control } = openQueue(shared, ranks);
  const setup: ReaderSetup = { shared, ranks, files, ...options };
  let thread: Thread;
  try {
    thread = await startThread(new URL("./expert-reader-worker.js", import.meta.url), {
      name: "baimo reader",
      youngGenerationMb: 1,
    });
    thread.postMessage(setup);
  } catch {
    return undefined;
  }
  thread.unref();
  // Without it the workers read as before.
  thread.on("error", () => {});
  return {
    shared,
    async close() {
      Atomics.store(control, CLOSED, 1);
      signal(control);
      await thread.terminate();
    },
  };
}
