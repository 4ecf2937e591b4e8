// The bus between ranks: a SharedArrayBuffer with barrier, stop word and exchange area.
//
// Each rank also describes its current products there, so that a rank that waits can take some of them.
import { BaimoError } from "../errors.ts";

/** Words of the control block. STOP_PUBLISHED is two words, one for each half of the exchange area. */
const ARRIVED = 0;
const GENERATION = 1;
const POISON = 2;
const STOP_WANTED = 3;
const STOP_PUBLISHED = 4;
const COMMAND = 6;
const MAIL = 7;
/** Each word on a cache line of its own, so that spinning on one does not slow the others. */
export const LINE = 16;
const CONTROL_WORDS = 8 * LINE;
/** Words after the control block that carry a command's arguments. */
const ARGUMENT_WORDS = 16;
/** Words after those in which each rank describes its work. */
export const WORK_WORDS = 8 * LINE;

/** Tells the processor that this thread spins, so that the other thread of its core works on; where the engine has it. */
const pause = (Atomics as { pause?: () => void }).pause;
/**
 * Loads of a spinning worker before it sleeps: a tenth of a millisecond, or with pauses 0.7, which cost its neighbour little.
 * Fewer, down to the least, as long as its sleeps are long: beside busy neighbours a rank waits for one that does not run.
 */
const SPINS = { most: 20_000, least: 300 };
/** A sleep that spinning could not have saved, in milliseconds. */
const LONG_SLEEP = 0.1;
/** A sleeping worker looks for poison this often, in milliseconds. */
const NAP = 100;

/** What a bus is made for. */
export interface BusShape {
  readonly ranks: number;
  /** Words that a command may carry. */
  readonly words: number;
  /** Floats of one half of the exchange area. */
  readonly floats: number;
}

/** Bytes of a bus. */
export function busBytes({ ranks, words, floats }: BusShape): number {
  return (wordsOf(ranks) + words) * 4 + 64 + floats * 8;
}

function wordsOf(ranks: number): number {
  return CONTROL_WORDS + ARGUMENT_WORDS + ranks * WORK_WORDS;
}

/**
 * One rank's end of the bus. A gather needs one barrier: the exchange area exists twice, and a rank writes a half again
 * only after a barrier that every rank passes after it has read that half.
 */
export class Bus {
  readonly rank: number;
  readonly ranks: number;
  /** Whether other threads see it. */
  readonly isShared: boolean;
  /** What the current command carries. */
  readonly payload: Int32Array;
  /** What a rank does while it waits, again and again: helps others, say. Must not wait itself. */
  idle: () => void = () => {};
  readonly #words: Int32Array;
  readonly #halves: readonly [Float32Array, Float32Array];
  #half = 0;
  #generation = 0;
  #command = 0;
  #spins = SPINS.most;

  constructor(shared: ArrayBufferLike, rank: number, { ranks, words, floats }: BusShape) {
    this.rank = rank;
    this.ranks = ranks;
    this.isShared = !(shared instanceof ArrayBuffer);
    this.#words = new Int32Array(shared, 0, wordsOf(ranks));
    this.payload = new Int32Array(shared, this.#words.byteLength, words);
    const start = Math.ceil((this.#words.byteLength + this.payload.byteLength) / 64) * 64;
    this.#halves = [
      new Float32Array(shared, start, floats),
      new Float32Array(shared, start + floats * 4, floats),
    ];
  }

  /** WORK_WORDS words in which a rank describes its work to the others. */
  workOf(rank: number): Int32Array {
    const first = CONTROL_WORDS + ARGUMENT_WORDS + rank * WORK_WORDS;
    return this.#words.subarray(first, first + WORK_WORDS);
  }

  /** The half of the exchange area to write before, and read after, the next barrier. */
  get exchange(): Float32Array {
    return this.#halves[this.#half];
  }

  /**
   * Waits until every rank has arrived; what each wrote before, all can read after. Turns the exchange area over.
   * @throws {BaimoError} `device` when another rank has failed
   */
  barrier(): void {
    const words = this.#words;
    this.#half ^= 1;
    // Rank 0 alone writes a stop word, and writes it again two barriers later, when all have read it.
    if (this.rank === 0)
      words[(STOP_PUBLISHED + this.#half) * LINE] = Atomics.load(words, STOP_WANTED * LINE);
    if (this.ranks === 1) return;
    const generation = (this.#generation = (this.#generation + 1) | 0);
    if (((Atomics.add(words, ARRIVED * LINE, 1) + 1) | 0) === Math.imul(generation, this.ranks)) {
      Atomics.store(words, GENERATION * LINE, generation);
      Atomics.notify(words, GENERATION * LINE);
    } else {
      this.#waitFor(this.#words, GENERATION * LINE, generation, NAP);
    }
  }

  /** True when a stop was wanted at the last barrier; every rank sees the same answer until the next. */
  get stopPublished(): boolean {
    return this.#words[(STOP_PUBLISHED + this.#half) * LINE] !== 0;
  }

  /** Asks the running command to stop (or takes it back). Any thread may call it. */
  wantStop(wanted: boolean): void {
    Atomics.store(this.#words, STOP_WANTED * LINE, wanted ? 1 : 0);
  }

  /** True when a stop is wanted now; for rank 0 between commands. */
  get stopWanted(): boolean {
    return Atomics.load(this.#words, STOP_WANTED * LINE) !== 0;
  }

  /** Counts a message to rank 0, which looks for it between commands. Any thread may call it. */
  addMail(): void {
    Atomics.add(this.#words, MAIL * LINE, 1);
  }

  /** How many messages have been sent to rank 0, in 32 bits. */
  get mail(): number {
    return Atomics.load(this.#words, MAIL * LINE);
  }

  /** Rank 0: wakes the other ranks with a command. They must have finished the last one (its barriers see to that). */
  send(command: readonly number[]): void {
    if (this.ranks === 1) return;
    for (let i = 0; i < command.length; i++) this.#words[CONTROL_WORDS + i] = command[i];
    this.#command = (this.#command + 1) | 0;
    Atomics.store(this.#words, COMMAND * LINE, this.#command);
    Atomics.notify(this.#words, COMMAND * LINE);
  }

  /** Other ranks: sleeps until the next command, and returns its words. */
  receive(): Int32Array {
    this.#command = (this.#command + 1) | 0;
    this.#waitFor(this.#words, COMMAND * LINE, this.#command, Number.POSITIVE_INFINITY);
    return this.#words.slice(CONTROL_WORDS, CONTROL_WORDS + ARGUMENT_WORDS);
  }

  /** Marks the bus as broken: every rank that waits, now or later, throws. Any thread may call it. */
  poison(): void {
    Atomics.store(this.#words, POISON * LINE, 1);
    Atomics.notify(this.#words, GENERATION * LINE);
    Atomics.notify(this.#words, COMMAND * LINE);
  }

  /**
   * Waits until a word of this rank's work has reached `value`; whoever raises it notifies.
   * @throws {BaimoError} `device` when another rank has failed
   */
  waitForWork(work: Int32Array, word: number, value: number): void {
    this.#waitFor(work, word, value, NAP);
  }

  /** Returns when the word has reached `value`: spins first, then sleeps. */
  #waitFor(words: Int32Array, word: number, value: number, napMs: number): void {
    for (let spins = 0; ; spins++) {
      const seen = Atomics.load(words, word);
      if (((seen - value) | 0) >= 0) return;
      if (this.#words[POISON * LINE] !== 0) {
        throw new BaimoError("device", "another worker of this engine failed; its own error tells why");
      }
      this.idle();
      pause?.();
      if (spins > this.#spins) this.#sleep(words, word, seen, napMs);
    }
  }

  /** Sleeps until the word is raised, at most so long; from how long it was follows how long to spin before the next. */
  #sleep(words: Int32Array, word: number, seen: number, napMs: number): void {
    const began = performance.now();
    Atomics.wait(words, word, seen, napMs);
    const isLong = performance.now() - began > LONG_SLEEP;
    this.#spins = isLong ? Math.max(SPINS.least, this.#spins >> 1) : Math.min(SPINS.most, this.#spins << 1);
  }
}
