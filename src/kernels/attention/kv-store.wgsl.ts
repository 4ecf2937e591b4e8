// The KV cache on a GPU: how a page has keys and values, and WGSL that writes and reads them.
import { type CacheType, PAGE } from "../../tensor/backend.ts";

/** Words of four values. */
const fourWords = { F32: 4, F16: 2, Q8: 1 } as const;

export const foursOf = (dim: number): number => Math.ceil(dim / 4);

/** Words of one head's keys or values in a page: fours of values, and for Q8 a scale a position after them. */
export function headPageWords(type: CacheType, dim: number): number {
  return PAGE * (foursOf(dim) * fourWords[type] + (type === "Q8" ? 1 : 0));
}

/** The word of four g of a position: keys lie [fours][PAGE], so that neighbours read neighbouring positions; values [PAGE][fours]. */
const place = (of: "key" | "value", type: CacheType): string =>
  `(${of === "key" ? `g * ${PAGE}u + within` : "within * p.value_fours + g"}) * ${fourWords[type]}u`;

const scalePlace = (of: "key" | "value"): string => `${PAGE}u * p.${of}_fours + within`;

/** To nearest, ties to even, clamped; what would be subnormal becomes zero. */
const toHalf = `
fn to_half(x: f32) -> u32 {
  let bits = bitcast<u32>(clamp(x, -65504.0, 65504.0));
  let size = bits & 0x7fffffffu;
  let rounded = (size + 0xfffu + ((size >> 13u) & 1u)) >> 13u;
  if (rounded < 0x1c400u) { return 0u; }
  return (rounded - 0x1c000u) | ((bits >> 16u) & 0x8000u);
}`;

/** Numbers that a shader with the functions below must have: fours of a key or value, and words of a head's page. */
export const pageParams = (of: "key" | "value"): readonly string[] => [`${of}_fours`, `${of}_words`];
export const pageNumbers = (type: CacheType, dim: number): readonly number[] => [
  foursOf(dim),
  headPageWords(type, dim),
];

/** WGSL: `store_key(base, g, within, v, inverse)` and the same of values; inverse: 127 / the largest of a head, for Q8. */
export function storeFunction(of: "key" | "value", type: CacheType): string {
  const at = `let at = base + ${place(of, type)};`;
  const buffer = `${of}s`;
  const body = {
    F32: `${at} for (var i = 0u; i < 4u; i++) { ${buffer}[at + i] = bitcast<u32>(v[i]); }`,
    F16: `${at} ${buffer}[at] = to_half(v.x) | (to_half(v.y) << 16u); ${buffer}[at + 1u] = to_half(v.z) | (to_half(v.w) << 16u);`,
    Q8: `${at} let q = bitcast<vec4u>(vec4i(round(v * inverse))) & vec4u(255u);
${buffer}[at] = q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);`,
  };
  return `fn store_${of}(base: u32, g: u32, within: u32, v: vec4f, inverse: f32) { ${body[type]} }
${type === "Q8" ? `fn store_${of}_scale(base: u32, within: u32, scale: f32) { ${buffer}[base + ${scalePlace(of)}] = bitcast<u32>(scale); }` : ""}`;
}

/** What `storeFunction` needs beside it. */
export const storeNeeds = (type: CacheType): string => (type === "F16" ? toHalf : "");

/** WGSL: `key_four(base, g, within)` or `value_four`, to be multiplied by `key_scale(base, within)` or `value_scale`. */
export function loadFunction(of: "key" | "value", type: CacheType): string {
  const buffer = `${of}s`;
  const read = {
    F32: `bitcast<vec4f>(vec4u(${buffer}[at], ${buffer}[at + 1u], ${buffer}[at + 2u], ${buffer}[at + 3u]))`,
    F16: `vec4f(unpack2x16float(${buffer}[at]), unpack2x16float(${buffer}[at + 1u]))`,
    Q8: `vec4f(bitcast<vec4i>(vec4u(${buffer}[at]) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u))`,
  };
  const scale = type === "Q8" ? `bitcast<f32>(${buffer}[base + ${scalePlace(of)}])` : "1.0";
  return `fn ${of}_four(base: u32, g: u32, within: u32) -> vec4f { let at = base + ${place(of, type)}; return ${read[type]}; }
fn ${of}_scale(base: u32, within: u32) -> f32 { return ${scale}; }`;
}
