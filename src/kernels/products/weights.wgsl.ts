// Weight types on a GPU: where parts of a block lie, and WGSL that makes 32 values of them.
import type { DType } from "../../tensor/dtype.ts";

/** Bytes of a block that lie together with those of all other blocks of a matrix. */
export interface Plane {
  readonly from: number;
  readonly bytes: number;
}

/**
 * How a matrix of a type lies on a GPU: one plane after another, each from a multiple of 16 bytes on and as the file has it,
 * so that neighbouring invocations read neighbouring words.
 */
export interface WeightForm {
  /** Values of a block. */
  readonly elements: number;
  readonly planes: readonly Plane[];
  /** WGSL functions that the rest uses. */
  readonly functions?: string;
  /** Statements that read what 32 values share: number `unit` of all the matrix's 32s, planes from words `a`, `b`, `c`, `d` on. */
  readonly load: string;
  /** Expression of values 4 i to 4 i + 3 of them, a vec4f. */
  value(i: number): string;
}

/** The types that GPUs compute in their own form. Others become F16 while they load. */
export const gpuTypes = [
  "F32",
  "F16",
  "BF16",
  "Q8_0",
  "Q4_0",
  "Q4_1",
  "Q5_0",
  "Q5_1",
  "IQ4_NL",
  "MXFP4",
  "Q4_K",
  "Q5_K",
  "Q6_K",
  "IQ4_XS",
] as const satisfies readonly DType[];
export type GpuType = (typeof gpuTypes)[number];

/** The type in which a GPU computes weights of a file's type. */
export function gpuTypeOf(dtype: DType): GpuType {
  return gpuTypes.find((type) => type === dtype) ?? "F16";
}

/** Bytes of a plane of so many blocks. */
export function planeBytes({ bytes }: Plane, blocks: number): number {
  return Math.ceil((bytes * blocks) / 16) * 16;
}

const functions = {
  /** Half-precision number i from word `at` on. */
  half: `fn half(at: u32, i: u32) -> f32 { return unpack2x16float(w[at + i / 2u] >> (16u * (i & 1u))).x; }`,
  byte: `fn byte(at: u32, i: u32) -> u32 { return (w[at + i / 4u] >> (8u * (i & 3u))) & 255u; }`,
  /** The low 4 bits of each byte. */
  nibbles: `fn nibbles(word: u32) -> vec4u { return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u); }`,
  bytes4: `fn bytes4(word: u32) -> vec4f { return vec4f(bitcast<vec4i>(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u)); }`,
  /** Bits 0 to 3 of a word as 16s. */
  fifths: `fn fifths(bits: u32) -> vec4u { return ((vec4u(bits) >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u)) << vec4u(4u); }`,
  /** Scale and minimum of 6 bits each of sub-block `sub`, from 12 bytes. */
  scale6: `
fn scale6(at: u32, sub: u32) -> vec2f {
  if (sub < 4u) { return vec2f(vec2u(byte(at, sub), byte(at, sub + 4u)) & vec2u(63u)); }
  let pair = byte(at, sub + 4u);
  let top = vec2u(byte(at, sub - 4u), byte(at, sub)) >> vec2u(6u);
  return vec2f((vec2u(pair, pair >> 4u) & vec2u(15u)) | (top << vec2u(4u)));
}`,
  iq4: `
const levels = array<f32, 16>(-127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0, 89.0, 113.0);
fn level(n: vec4u) -> vec4f { return vec4f(levels[n.x], levels[n.y], levels[n.z], levels[n.w]); }`,
  /** Twice the value of each E2M1 pattern. */
  e2m1: `
const levels = array<f32, 16>(0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 0.0, -1.0, -2.0, -3.0, -4.0, -6.0, -8.0, -12.0);
fn level(n: vec4u) -> vec4f { return vec4f(levels[n.x], levels[n.y], levels[n.z], levels[n.w]); }
fn e8m0_half(e: u32) -> f32 {
  if (e < 2u) { return bitcast<f32>(0x00200000u << e); }
  return bitcast<f32>((e - 1u) << 23u);
}`,
};

/** Nibble i of 32 values: the first 16 in the low halves of 16 bytes, the others in the high ones. */
const nibblesOf = (i: number): string => (i < 4 ? `nibbles(bits[${i}])` : `nibbles(bits[${i - 4}] >> 4u)`);

const nibblesFrom = (from: number): Plane => ({ from, bytes: 16 });

const fourBits = "let bits = w4[a / 4u + unit];";

export const gpuForms: Readonly<Record<GpuType, WeightForm>> = {
  F32: {
    elements: 32,
    planes: [{ from: 0, bytes: 128 }],
    load: "let at = a / 4u + unit * 8u;",
    value: (i) => `bitcast<vec4f>(w4[at + ${i}u])`,
  },
  F16: {
    elements: 32,
    planes: [{ from: 0, bytes: 64 }],
    functions: "fn halves(x: u32, y: u32) -> vec4f { return vec4f(unpack2x16float(x), unpack2x16float(y)); }",
    load: [0, 1, 2, 3].map((i) => `let h${i} = w4[a / 4u + unit * 4u + ${i}u];`).join("\n"),
    value: (i) => `halves(h${i >> 1}.${i % 2 ? "z" : "x"}, h${i >> 1}.${i % 2 ? "w" : "y"})`,
  },
  BF16: {
    elements: 32,
    planes: [{ from: 0, bytes: 64 }],
    functions: `fn brains(x: u32, y: u32) -> vec4f { return bitcast<vec4f>(vec4u(x << 16u, x & 0xffff0000u, y << 16u, y & 0xffff0000u)); }`,
    load: [0, 1, 2, 3].map((i) => `let h${i} = w4[a / 4u + unit * 4u + ${i}u];`).join("\n"),
    value: (i) => `brains(h${i >> 1}.${i % 2 ? "z" : "x"}, h${i >> 1}.${i % 2 ? "w" : "y"})`,
  },
  Q8_0: {
    elements: 32,
    planes: [
      { from: 2, bytes: 32 },
      { from: 0, bytes: 2 },
    ],
    functions: functions.half + functions.bytes4,
    load: `let q0 = w4[a / 4u + unit * 2u]; let q1 = w4[a / 4u + unit * 2u + 1u]; let d = half(b, unit);`,
    value: (i) => `d * bytes4(q${i >> 2}[${i % 4}])`,
  },
  Q4_0: {
    elements: 32,
    planes: [nibblesFrom(2), { from: 0, bytes: 2 }],
    functions: functions.half + functions.nibbles,
    load: `${fourBits} let d = half(b, unit);`,
    value: (i) => `d * (vec4f(${nibblesOf(i)}) - vec4f(8.0))`,
  },
  Q4_1: {
    elements: 32,
    planes: [nibblesFrom(4), { from: 0, bytes: 4 }],
    functions: functions.nibbles,
    load: `${fourBits} let d = unpack2x16float(w[b + unit]);`,
    value: (i) => `fma(vec4f(d.x), vec4f(${nibblesOf(i)}), vec4f(d.y))`,
  },
  Q5_0: {
    elements: 32,
    planes: [nibblesFrom(6), { from: 2, bytes: 4 }, { from: 0, bytes: 2 }],
    functions: functions.half + functions.nibbles + functions.fifths,
    load: `${fourBits} let high = w[b + unit]; let d = half(c, unit);`,
    value: (i) => `d * (vec4f(${nibblesOf(i)} | fifths(high >> ${4 * i}u)) - vec4f(16.0))`,
  },
  Q5_1: {
    elements: 32,
    planes: [nibblesFrom(8), { from: 4, bytes: 4 }, { from: 0, bytes: 4 }],
    functions: functions.nibbles + functions.fifths,
    load: `${fourBits} let high = w[b + unit]; let d = unpack2x16float(w[c + unit]);`,
    value: (i) => `fma(vec4f(d.x), vec4f(${nibblesOf(i)} | fifths(high >> ${4 * i}u)), vec4f(d.y))`,
  },
  IQ4_NL: {
    elements: 32,
    planes: [nibblesFrom(2), { from: 0, bytes: 2 }],
    functions: functions.half + functions.nibbles + functions.iq4,
    load: `${fourBits} let d = half(b, unit);`,
    value: (i) => `d * level(${nibblesOf(i)})`,
  },
  MXFP4: {
    elements: 32,
    planes: [nibblesFrom(1), { from: 0, bytes: 1 }],
    functions: functions.byte + functions.nibbles + functions.e2m1,
    load: `${fourBits} let d = e8m0_half(byte(b, unit));`,
    value: (i) => `d * level(${nibblesOf(i)})`,
  },
  Q4_K: {
    elements: 256,
    planes: [
      { from: 16, bytes: 128 },
      { from: 4, bytes: 12 },
      { from: 0, bytes: 4 },
    ],
    functions: functions.byte + functions.nibbles + functions.scale6,
    load: kLoad(""),
    value: (i) => `fma(vec4f(dm.x), vec4f(nibbles(q${i >> 2}[${i % 4}] >> shift)), vec4f(-dm.y))`,
  },
  Q5_K: {
    elements: 256,
    planes: [
      { from: 48, bytes: 128 },
      { from: 4, bytes: 12 },
      { from: 0, bytes: 4 },
      { from: 16, bytes: 32 },
    ],
    functions:
      functions.byte +
      functions.nibbles +
      functions.scale6 +
      `fn bit4(word: u32) -> vec4u { return ((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(1u)) << vec4u(4u); }`,
    load: kLoad(
      `let h0 = w4[d / 4u + block * 2u] >> vec4u(sub); let h1 = w4[d / 4u + block * 2u + 1u] >> vec4u(sub);`,
    ),
    value: (i) =>
      `fma(vec4f(dm.x), vec4f(nibbles(q${i >> 2}[${i % 4}] >> shift) | bit4(h${i >> 2}[${i % 4}])), vec4f(-dm.y))`,
  },
  Q6_K: {
    elements: 256,
    planes: [
      { from: 0, bytes: 128 },
      { from: 128, bytes: 64 },
      { from: 192, bytes: 16 },
      { from: 208, bytes: 2 },
    ],
    functions:
      functions.half +
      functions.byte +
      functions.nibbles +
      `fn top(word: u32) -> vec4u { return ((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(3u)) << vec4u(4u); }
fn scale8(at: u32, i: u32) -> f32 { return f32(i32(byte(at, i) << 24u) >> 24u); }`,
    load: `let block = unit / 8u; let sub = unit & 7u; let quarter = sub & 3u;
let low = a / 4u + block * 8u + (sub >> 2u) * 4u + (quarter & 1u) * 2u; let shift = (quarter >> 1u) * 4u;
let high = b / 4u + block * 4u + (sub >> 2u) * 2u; let shift2 = quarter * 2u;
let q0 = w4[low] >> vec4u(shift); let q1 = w4[low + 1u] >> vec4u(shift);
let h0 = w4[high] >> vec4u(shift2); let h1 = w4[high + 1u] >> vec4u(shift2);
let scale = half(d, block);
let d0 = scale * scale8(c, block * 16u + sub * 2u); let d1 = scale * scale8(c, block * 16u + sub * 2u + 1u);`,
    value: (i) =>
      `d${i >> 2} * (vec4f(nibbles(q${i >> 2}[${i % 4}]) | top(h${i >> 2}[${i % 4}])) - vec4f(32.0))`,
  },
  IQ4_XS: {
    elements: 256,
    planes: [
      { from: 8, bytes: 128 },
      { from: 4, bytes: 4 },
      { from: 0, bytes: 4 },
    ],
    functions: functions.byte + functions.nibbles + functions.iq4,
    load: `let block = unit / 8u; let sub = unit & 7u; let bits = w4[a / 4u + unit]; let head = w[c + block];
let low = (w[b + block] >> (4u * sub)) & 15u; let high = (head >> (16u + 2u * sub)) & 3u;
let dl = unpack2x16float(head).x * (f32(low | (high << 4u)) - 32.0);`,
    value: (i) => `dl * level(${nibblesOf(i)})`,
  },
};

/** Q4_K and Q5_K: two sub-blocks share 32 bytes, one in their low halves and one in the high ones. */
function kLoad(more: string): string {
  return `let block = unit / 8u; let sub = unit & 7u; let shift = 4u * (sub & 1u);
let q = a / 4u + block * 8u + (sub / 2u) * 2u; let q0 = w4[q]; let q1 = w4[q + 1u];
let dm = unpack2x16float(w[c + block]) * scale6(b + block * 3u, sub);
${more}`;
}
