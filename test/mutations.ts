// Ways to damage a file: bits, lengths, digits, pieces. Each returns a changed copy.
import type { Random } from "../src/random.ts";

/** Most changes go where lengths, counts and offsets are. */
const somewhere = (bytes: Uint8Array, random: Random) =>
  random.integer(Math.min(bytes.length, [64, 1024, 16_384, bytes.length][random.integer(4)]));

/** Returns a changed copy. */
export type Mutation = (original: Uint8Array, random: Random, other: Uint8Array) => Uint8Array<ArrayBuffer>;

function flipBits(original: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(original);
  for (let n = 1 + random.integer(8); n > 0; n--) bytes[somewhere(bytes, random)] ^= 1 << random.integer(8);
  return bytes;
}

function truncate(original: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  return original.slice(0, somewhere(original, random));
}

function blowUpNumber(original: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(original);
  const view = new DataView(bytes.buffer);
  const values = [
    2n ** 64n - 1n,
    2n ** 63n,
    2n ** 53n,
    2n ** 40n,
    2n ** 32n,
    2n ** 31n - 1n,
    BigInt(bytes.length),
    1_000_000n,
    0n,
  ];
  // A place that looks like a 64-bit length: small, and not zero.
  for (let tries = 0; tries < 4096; tries++) {
    const at = somewhere(bytes, random);
    if (at + 8 > bytes.length) continue;
    const old = view.getBigUint64(at, true);
    if (old === 0n || old > 1n << 20n) continue;
    view.setBigUint64(at, values[random.integer(values.length)] + BigInt(random.integer(3)), true);
    return bytes;
  }
  return bytes;
}

function blowUpDigits(original: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(original);
  const digit = (at: number) => bytes[at] >= 48 && bytes[at] <= 57;
  for (let tries = 0; tries < 4096; tries++) {
    let at = somewhere(bytes, random);
    if (!digit(at)) continue;
    for (const end = at + 1 + random.integer(20); at < end && at < bytes.length; at++) {
      if (digit(at) || random.integer(4) === 0) bytes[at] = 48 + random.integer(10);
    }
    return bytes;
  }
  return bytes;
}

function splice(original: Uint8Array, random: Random, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = somewhere(original, random);
  const drop = random.integer(3) === 0 ? 0 : random.integer(200);
  const from = somewhere(other, random);
  const insert = other.subarray(from, from + random.integer(200));
  const bytes = new Uint8Array(at + insert.length + Math.max(0, original.length - at - drop));
  bytes.set(original.subarray(0, at));
  bytes.set(insert, at);
  bytes.set(original.subarray(at + drop), at + insert.length);
  return bytes;
}

function repeat(original: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(original);
  const [from, to] = [somewhere(bytes, random), somewhere(bytes, random)];
  bytes.copyWithin(to, from, from + 1 + random.integer(300));
  return bytes;
}

/** Ways to damage a file. */
export const mutations: readonly Mutation[] = [
  flipBits,
  truncate,
  blowUpNumber,
  blowUpDigits,
  splice,
  repeat,
];
