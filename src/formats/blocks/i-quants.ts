// Super-blocks of 256 values coded by codebooks (IQ1_S to IQ4_XS), and IQ4_NL in blocks of 32.
//
// Layouts: ggml-common.h of llama.cpp.
//
// Layouts: ggml-common.h of llama.cpp.
import { halfTable } from "./half.ts";
import {
  evenSigns,
  iq1sGrid,
  iq2sGrid,
  iq2xsGrid,
  iq2xxsGrid,
  iq3sGrid,
  iq3xxsGrid,
} from "./i-quant-grids.ts";

/** The non-linear 4-bit levels of IQ4_NL and IQ4_XS (kvalues_iq4nl). */
export const iq4Levels = Int8Array.of(
  -127,
  -104,
  -83,
  -65,
  -49,
  -35,
  -22,
  -10,
  1,
  13,
  25,
  38,
  53,
  69,
  89,
  113,
);

/** Writes `width` codebook values times ±db; bit i of `signs` makes value i negative. */
function putSigned(
  target: Float32Array,
  o: number,
  db: number,
  grid: Int8Array,
  entry: number,
  width: number,
  signs: number,
): void {
  const from = entry * width;
  for (let i = 0; i < width; i++) {
    const value = db * grid[from + i];
    target[o + i] = (signs >> i) & 1 ? -value : value;
  }
}

/** Writes 8 ternary codebook values, each plus delta, times dl. */
function putTernary(target: Float32Array, o: number, dl: number, entry: number, delta: number): void {
  const grid = iq1sGrid();
  const from = entry * 8;
  for (let i = 0; i < 8; i++) target[o + i] = dl * (grid[from + i] + delta);
}

/** d, then for 32 values four entry bytes and a word of four 7-bit signs and a 4-bit scale. */
export function unpackIQ2_XXS(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  const grid = iq2xxsGrid();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 66) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    for (let q = p + 2; q < p + 66; q += 8) {
      const word = blocks[q + 4] | (blocks[q + 5] << 8) | (blocks[q + 6] << 16) | (blocks[q + 7] << 24);
      const db = d * (0.5 + (word >>> 28)) * 0.25;
      for (let i = 0; i < 4; i++, o += 8) {
        putSigned(target, o, db, grid, blocks[q + i], 8, evenSigns[(word >>> (7 * i)) & 127]);
      }
    }
  }
}

/** d, 32 half-words of a 9-bit entry and 7-bit signs, 8 bytes of 4-bit scales of 16 values. */
export function unpackIQ2_XS(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  const grid = iq2xsGrid();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 74) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    for (let i = 0; i < 32; i++, o += 8) {
      const word = blocks[p + 2 + 2 * i] | (blocks[p + 3 + 2 * i] << 8);
      const scale = (blocks[p + 66 + (i >> 2)] >> (((i >> 1) & 1) << 2)) & 15;
      putSigned(target, o, d * (0.5 + scale) * 0.25, grid, word & 511, 8, evenSigns[word >> 9]);
    }
  }
}

/** d, 32 low entry bytes, 32 sign bytes, 8 bytes of two high entry bits, 8 bytes of 4-bit scales of 16 values. */
export function unpackIQ2_S(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  const grid = iq2sGrid();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 82) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    for (let i = 0; i < 32; i++, o += 8) {
      const high = (blocks[p + 66 + (i >> 2)] >> ((i & 3) << 1)) & 3;
      const scale = (blocks[p + 74 + (i >> 2)] >> (((i >> 1) & 1) << 2)) & 15;
      const entry = blocks[p + 2 + i] | (high << 8);
      putSigned(target, o, d * (0.5 + scale) * 0.25, grid, entry, 8, blocks[p + 34 + i]);
    }
  }
}

/** Levels of the codebooks of IQ2 by code; the other eight stand for nothing. */
const iq2Levels = Int8Array.of(8, 25, 43, 0, -8, -25, -43, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/** The code of a level, by the level plus 43. */
const iq2Codes = new Uint8Array(87).fill(3);
for (let code = 0; code < 7; code++) if (code !== 3) iq2Codes[iq2Levels[code] + 43] = code;

/** d, 8 bytes of 4-bit scales s of 16 values, 8 times 16 codes low and 16 high: d (2 s + 1) times a level. */
export function unpackIQ2_CODES(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 138) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    for (let i = 0; i < 256; i++, o++) {
      const [group, part] = [i >> 5, (i >> 4) & 1];
      const scale = (blocks[p + 2 + group] >> (4 * part)) & 15;
      const code = (blocks[p + 10 + 16 * group + (i & 15)] >> (4 * part)) & 15;
      target[o] = d * (2 * scale + 1) * iq2Levels[code];
    }
  }
}

/** The same the other way: levels plus 43, scales 2 s + 1. */
export function packIQ2_CODES(block: Uint8Array, levels: Uint8Array, scales: Uint8Array): void {
  for (let group = 0; group < 8; group++) {
    block[2 + group] = (scales[2 * group] >> 1) | ((scales[2 * group + 1] >> 1) << 4);
    for (let i = 0; i < 16; i++) {
      const [low, high] = [levels[32 * group + i], levels[32 * group + 16 + i]];
      block[10 + 16 * group + i] = iq2Codes[low] | (iq2Codes[high] << 4);
    }
  }
}

/** d, 64 entry bytes of 4 values, 8 words of four 7-bit signs and a 4-bit scale. */
export function unpackIQ3_XXS(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  const grid = iq3xxsGrid();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 98) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    for (let group = 0; group < 8; group++) {
      const s = p + 66 + group * 4;
      const word = blocks[s] | (blocks[s + 1] << 8) | (blocks[s + 2] << 16) | (blocks[s + 3] << 24);
      const db = d * (0.5 + (word >>> 28)) * 0.5;
      for (let i = 0; i < 4; i++, o += 8) {
        const signs = evenSigns[(word >>> (7 * i)) & 127];
        const q = p + 2 + group * 8 + i * 2;
        putSigned(target, o, db, grid, blocks[q], 4, signs);
        putSigned(target, o + 4, db, grid, blocks[q + 1], 4, signs >> 4);
      }
    }
  }
}

/** d, 64 low entry bytes of 4 values, 8 bytes of ninth bits, 32 sign bytes, 4 bytes of 4-bit scales of 32 values. */
export function unpackIQ3_S(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  const grid = iq3sGrid();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 110) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    for (let i = 0; i < 64; i++, o += 4) {
      const scale = (blocks[p + 106 + (i >> 4)] >> (((i >> 3) & 1) << 2)) & 15;
      const high = (blocks[p + 66 + (i >> 3)] >> (i & 7)) & 1;
      const signs = blocks[p + 74 + (i >> 1)] >> ((i & 1) << 2);
      putSigned(target, o, d * (1 + 2 * scale), grid, blocks[p + 2 + i] | (high << 8), 4, signs);
    }
  }
}

/** d, 32 low entry bytes, 8 half-words of four 3-bit high entries, a 3-bit scale and the sign of delta. */
export function unpackIQ1_S(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 50) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    for (let group = 0; group < 8; group++) {
      const high = blocks[p + 34 + 2 * group] | (blocks[p + 35 + 2 * group] << 8);
      const dl = d * (2 * ((high >> 12) & 7) + 1);
      const delta = high & 0x8000 ? -0.125 : 0.125;
      for (let i = 0; i < 4; i++, o += 8) {
        putTernary(target, o, dl, blocks[p + 2 + group * 4 + i] | (((high >> (3 * i)) & 7) << 8), delta);
      }
    }
  }
}

/**
 * 32 low entry bytes, 16 bytes of two nibbles (three high entry bits, the sign of delta), 4 half-words of four 3-bit
 * scales of 16 values; their top nibbles together are d.
 */
export function unpackIQ1_M(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 56) {
    const s = p + 48;
    const d =
      half[
        (blocks[s + 1] >> 4) |
          (blocks[s + 3] & 0xf0) |
          ((blocks[s + 5] & 0xf0) << 4) |
          ((blocks[s + 7] & 0xf0) << 8)
      ];
    for (let i = 0; i < 32; i++, o += 8) {
      const sub = i >> 1; // of 16 values
      const word = blocks[s + 2 * (sub >> 2)] | (blocks[s + 1 + 2 * (sub >> 2)] << 8);
      const dl = d * (2 * ((word >> (3 * (sub & 3))) & 7) + 1);
      const high = blocks[p + 32 + sub] >> ((i & 1) << 2);
      putTernary(target, o, dl, blocks[p + i] | ((high & 7) << 8), high & 8 ? -0.125 : 0.125);
    }
  }
}

/** 32 values: d, 16 nibble pairs (low nibbles hold values 0-15), each nibble a level. */
export function unpackIQ4_NL(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 18, o += 32) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    for (let i = 0; i < 16; i++) {
      const q = blocks[p + 2 + i];
      target[o + i] = d * iq4Levels[q & 15];
      target[o + 16 + i] = d * iq4Levels[q >> 4];
    }
  }
}

/** d, 8 high bit pairs and 8 low nibbles of scales of 32 values, then as IQ4_NL. */
export function unpackIQ4_XS(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 136) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    const high = blocks[p + 2] | (blocks[p + 3] << 8);
    for (let sub = 0; sub < 8; sub++, o += 32) {
      const low = (blocks[p + 4 + (sub >> 1)] >> ((sub & 1) << 2)) & 15;
      const dl = d * ((low | (((high >> (2 * sub)) & 3) << 4)) - 32);
      const q = p + 8 + sub * 16;
      for (let i = 0; i < 16; i++) {
        const pair = blocks[q + i];
        target[o + i] = dl * iq4Levels[pair & 15];
        target[o + 16 + i] = dl * iq4Levels[pair >> 4];
      }
    }
  }
}
