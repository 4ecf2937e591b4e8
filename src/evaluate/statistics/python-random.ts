// Python's `random.Random`: the Mersenne Twister as CPython seeds and reads it.

const SIZE = 624;
const SHIFT = 397;

/** Draws the numbers that Python draws from the same seed. */
export class PythonRandom {
  readonly #state = new Uint32Array(SIZE);
  #at = SIZE;

  /** seed  an integer; its sign is dropped, as in Python */
  constructor(seed: number | bigint) {
    const key: number[] = [];
    let rest = BigInt(seed);
    if (rest < 0n) rest = -rest;
    do {
      key.push(Number(rest & 0xffffffffn));
      rest >>= 32n;
    } while (rest > 0n);
    this.#seed(key);
  }

  /** init_by_array of the Mersenne Twister's authors. */
  #seed(key: readonly number[]): void {
    const state = this.#state;
    state[0] = 19650218;
    for (let i = 1; i < SIZE; i++) {
      state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
    let i = 1;
    const advance = () => {
      if (++i < SIZE) return;
      state[0] = state[SIZE - 1];
      i = 1;
    };
    const mixed = (factor: number) => state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), factor);
    for (let k = 0; k < Math.max(SIZE, key.length); k++) {
      const j = k % key.length;
      state[i] = mixed(1664525) + key[j] + j;
      advance();
    }
    for (let k = 0; k < SIZE - 1; k++) {
      state[i] = mixed(1566083941) - i;
      advance();
    }
    state[0] = 0x80000000;
  }

  #refill(): void {
    const state = this.#state;
    for (let k = 0; k < SIZE; k++) {
      const y = (state[k] & 0x80000000) | (state[(k + 1) % SIZE] & 0x7fffffff);
      state[k] = state[(k + SHIFT) % SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#at = 0;
  }

  #next(): number {
    if (this.#at >= SIZE) this.#refill();
    let y = this.#state[this.#at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** A float in [0, 1) of 53 bits. */
  random(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** An integer of `bits` bits, from 1 to 53. */
  getrandbits(bits: number): number {
    if (bits <= 32) return this.#next() >>> (32 - bits);
    const low = this.#next();
    return (this.#next() >>> (64 - bits)) * 4294967296 + low;
  }

  /** An integer in [0, stop). */
  randrange(stop: number): number {
    const bits = bitLength(stop);
    let value = this.getrandbits(bits);
    while (value >= stop) value = this.getrandbits(bits);
    return value;
  }

  /** `count` items, each drawn from all. */
  choices<T>(items: readonly T[], count: number): T[] {
    return Array.from({ length: count }, () => items[Math.floor(this.random() * items.length)]);
  }

  /** `count` different items in the order drawn; `count` is at most their number. */
  sample<T>(items: readonly T[], count: number): T[] {
    const size = items.length;
    // CPython keeps a list of what is left, or where that costs more, a set of what is taken.
    const setSize = count > 5 ? 21 + 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 21;
    if (size <= setSize) {
      const left = [...items];
      return Array.from({ length: count }, (_, i) => {
        const j = this.randrange(size - i);
        const item = left[j];
        left[j] = left[size - i - 1];
        return item;
      });
    }
    const taken = new Set<number>();
    while (taken.size < count) taken.add(this.randrange(size));
    return Array.from(taken, (i) => items[i]);
  }

  /** Mixes a list in place. */
  shuffle<T>(items: T[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.randrange(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
  }
}

function bitLength(value: number): number {
  return value < 2 ** 32 ? 32 - Math.clz32(value) : 32 + bitLength(Math.floor(value / 2 ** 32));
}
