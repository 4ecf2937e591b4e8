// Types whose values another type holds exactly, up to a power of two: IQ1, IQ3, TQ as K-quants.
//
// Their values are d, times a whole scale of 16 or 32 columns, times a whole number of 6 bits (halves of the entries of
// IQ3_XXS, eighths of those of IQ1), or d times -1, 0, 1. Entries of IQ2 have 7 bits, for which there is a form of their own.
import { type DType, dtypes } from "../../tensor/dtype.ts";
import { dequantizeInto } from "./dequantize.ts";
import { halfTable } from "./half.ts";
import { packIQ2_CODES } from "./i-quants.ts";
import { putPairs, putSixes } from "./pack-k-quants.ts";

/** A type whose blocks hold the values of others. */
interface Holder {
  /** The level of 0. */
  readonly zero: number;
  /** Writes a block: 256 levels, the scale of each 16 of them, the bits of d. */
  readonly put: (block: Uint8Array, levels: Uint8Array, scales: Uint8Array, half: number) => void;
}

const holders = {
  Q6_K: {
    zero: 32,
    put(block, levels, scales, half) {
      putSixes(block, 0, levels);
      block.set(scales, 192);
      putWord(block, 208, half);
    },
  },
  // scales and minimums of 1: levels 0, 1, 2 are -d, 0, d
  Q2_K: {
    zero: 1,
    put(block, levels, _, half) {
      block.fill(0x11, 0, 16);
      putPairs(block, 16, levels);
      putWord(block, 80, half);
      putWord(block, 82, half);
    },
  },
  IQ2_CODES: {
    zero: 43,
    put(block, levels, scales, half) {
      putWord(block, 0, half);
      packIQ2_CODES(block, levels, scales);
    },
  },
} satisfies Partial<Record<DType, Holder>>;

interface Recoding {
  readonly to: keyof typeof holders;
  /** What the values of the new blocks are to be multiplied with: a power of two. */
  readonly unit: number;
  /** The bits of d, a half, of the block at `p`. */
  readonly half: (blocks: Uint8Array, p: number) => number;
  /** The scale of the 16 columns `sub` of the block at `p`. */
  readonly scale: (blocks: Uint8Array, p: number, sub: number) => number;
}

const recodings: Partial<Record<DType, Recoding>> = {
  IQ2_XXS: {
    to: "IQ2_CODES",
    unit: 1 / 8,
    half: wordAt,
    scale: (blocks, p, sub) => 2 * (blocks[p + 9 + 8 * (sub >> 1)] >> 4) + 1,
  },
  IQ2_XS: {
    to: "IQ2_CODES",
    unit: 1 / 8,
    half: wordAt,
    scale: (blocks, p, sub) => oddAt(blocks, p + 66, sub),
  },
  IQ2_S: {
    to: "IQ2_CODES",
    unit: 1 / 8,
    half: wordAt,
    scale: (blocks, p, sub) => oddAt(blocks, p + 74, sub),
  },
  IQ3_XXS: {
    to: "Q6_K",
    unit: 1 / 2,
    half: wordAt,
    scale: (blocks, p, sub) => 2 * (blocks[p + 69 + 4 * (sub >> 1)] >> 4) + 1,
  },
  IQ3_S: {
    to: "Q6_K",
    unit: 1,
    half: wordAt,
    scale: (blocks, p, sub) => 2 * ((blocks[p + 106 + (sub >> 2)] >> (((sub >> 1) & 1) << 2)) & 15) + 1,
  },
  IQ1_S: {
    to: "Q6_K",
    unit: 1 / 8,
    half: wordAt,
    scale: (blocks, p, sub) => 2 * ((blocks[p + 35 + 2 * (sub >> 1)] >> 4) & 7) + 1,
  },
  IQ1_M: {
    to: "Q6_K",
    unit: 1 / 8,
    half: halfOfIQ1_M,
    scale: (blocks, p, sub) => 2 * ((wordAt(blocks, p + 48 + 2 * (sub >> 2)) >> (3 * (sub & 3))) & 7) + 1,
  },
  TQ1_0: { to: "Q2_K", unit: 1, half: (blocks, p) => wordAt(blocks, p + 52), scale: () => 1 },
  TQ2_0: { to: "Q2_K", unit: 1, half: (blocks, p) => wordAt(blocks, p + 64), scale: () => 1 },
};

function wordAt(bytes: Uint8Array, p: number): number {
  return bytes[p] | (bytes[p + 1] << 8);
}

/** 2 s + 1 of the nibble s of 16 columns. */
function oddAt(bytes: Uint8Array, p: number, sub: number): number {
  return 2 * ((bytes[p + (sub >> 1)] >> (4 * (sub & 1))) & 15) + 1;
}

function putWord(bytes: Uint8Array, p: number, word: number): void {
  bytes[p] = word & 255;
  bytes[p + 1] = word >> 8;
}

/** The top nibbles of its four words of scales. */
function halfOfIQ1_M(blocks: Uint8Array, p: number): number {
  const high = ((blocks[p + 53] & 0xf0) << 4) | ((blocks[p + 55] & 0xf0) << 8);
  return (blocks[p + 49] >> 4) | (blocks[p + 51] & 0xf0) | high;
}

/** In which type, and with which factor, values of a type can be held exactly; undefined: in none other. */
export function recodingOf(dtype: DType): Pick<Recoding, "to" | "unit"> | undefined {
  return recodings[dtype];
}

/**
 * Blocks of a type that `recodingOf` knows -> as many of its other type, filling `target`. Their values times `unit` are
 * the old ones.
 */
export function recodeInto(dtype: DType, blocks: Uint8Array, target: Uint8Array): void {
  const recoding = recodings[dtype];
  if (!recoding) throw new Error(`values of ${dtype} fit no other type`);
  const { to, unit, half, scale } = recoding;
  const { zero, put } = holders[to];
  const size = dtypes[to].bytes;
  const halves = halfTable();
  const [values, levels, scales] = [new Float32Array(256), new Uint8Array(256), new Uint8Array(16)];
  for (let p = 0, o = 0; o < target.length; p += dtypes[dtype].bytes, o += size) {
    dequantizeInto(dtype, blocks.subarray(p), values);
    const bits = half(blocks, p);
    for (let sub = 0; sub < 16; sub++) {
      scales[sub] = scale(blocks, p, sub);
      const step = halves[bits] * unit * scales[sub];
      for (let i = 16 * sub; i < 16 * sub + 16; i++) levels[i] = step === 0 ? zero : values[i] / step + zero;
    }
    put(target.subarray(o, o + size), levels, scales, bits);
  }
}
