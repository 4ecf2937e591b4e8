// The kernel module seen from TypeScript: exports, compiling, probing, sizes of packed forms.
import { BaimoError } from "../../errors.ts";
import { sha256 } from "../../sha256.ts";
import { withEngineFlags } from "./engine-flags.ts";

/** The builds of the module, best first. */
export type KernelBuild = "relaxed" | "simd";

/** Rows of a row group: packed forms interleave them, and a product handles them together. */
export const GROUP = 8;

/** Pages of 64 KiB that a memory may have. */
export const MAX_PAGES = 65_536;

/** How the machine multiplies 8-bit weights: which matmul_q8_0 to call, and which offset to pack with. */
export type ProductMode = "unsigned" | "signed" | "wide";

/** How a product reads activations: as they are, or as quantize_q8 (blocks of 32) or quantize_q8k (of 256) rounds them. */
export type ActivationForm = "f32" | "q8" | "q8k";

/** Parts of the module: what every model needs, and the kernels of some weight types, compiled where a model has such. */
export type KernelPart =
  | "core"
  | "f8"
  | "iq2"
  | "q8_0"
  | "q4_0"
  | "blocks"
  | "q6_k"
  | "q5_k"
  | "q4_k"
  | "q3_k"
  | "q2_k"
  | "training";

/** The compiled parts of one build, the core first. */
export type KernelModule = readonly WebAssembly.Module[];

interface WeightForm {
  /** Which holds its kernels. */
  readonly part: KernelPart;
  /** Of one packed weight, its share of the scales included. */
  readonly bits: number;
  readonly activations: ActivationForm;
  /** Whether it has half-precision scales or values, which `normalize_…` enlarges where one is subnormal. */
  readonly halves: boolean;
}

/** Weight types that are computed in their own form: for each T there is pack_T, unpack_row_T, matmul_T and, for halves, normalize_T. */
export const weightForms = {
  f32: { part: "core", bits: 32, activations: "f32", halves: false },
  f16: { part: "core", bits: 16, activations: "f32", halves: true },
  bf16: { part: "core", bits: 16, activations: "f32", halves: false },
  f8: { part: "f8", bits: 9, activations: "f32", halves: false },
  q8_0: { part: "q8_0", bits: 8.5, activations: "q8", halves: true },
  q4_0: { part: "q4_0", bits: 4.5, activations: "q8", halves: true },
  q4_1: { part: "blocks", bits: 5, activations: "q8", halves: true },
  q5_0: { part: "blocks", bits: 5.5, activations: "q8", halves: true },
  q5_1: { part: "blocks", bits: 6, activations: "q8", halves: true },
  iq4_nl: { part: "blocks", bits: 4.75, activations: "q8", halves: false },
  iq4_xs: { part: "blocks", bits: 4.75, activations: "q8", halves: false },
  mxfp4: { part: "blocks", bits: 4.25, activations: "q8", halves: false },
  iq2: { part: "iq2", bits: 4.75, activations: "q8", halves: true },
  q6_k: { part: "q6_k", bits: 6.5625, activations: "q8k", halves: true },
  q5_k: { part: "q5_k", bits: 5.625, activations: "q8k", halves: true },
  q4_k: { part: "q4_k", bits: 4.625, activations: "q8k", halves: true },
  q3_k: { part: "q3_k", bits: 3.5625, activations: "q8k", halves: true },
  q2_k: { part: "q2_k", bits: 2.625, activations: "q8k", halves: true },
} as const satisfies Record<string, WeightForm>;

export type WeightType = keyof typeof weightForms;

type HalvesType = {
  [T in WeightType]: (typeof weightForms)[T]["halves"] extends true ? T : never;
}[WeightType];

/** src: GROUP * rowGroups rows as the file has them -> dst, packed. offset: see q8Offset; for q8_0 alone. */
export type Pack = (src: number, dst: number, rowGroups: number, cols: number, offset: number) => void;

/**
 * y[token * yStride + row] = scale * sum over k of w[row, k] * x[token, k], for GROUP * rowGroups rows.
 * x is f32 at stride xStride, or what the quantize kernel of the type's activations wrote (xStride unused).
 */
export type Matmul = (
  w: number,
  rowGroups: number,
  cols: number,
  x: number,
  xStride: number,
  tokens: number,
  y: number,
  yStride: number,
  scale: number,
  scratch: number,
) => void;

/** If any scale of a packed matrix is subnormal: multiplies all by 2^k in place and returns k; else returns 0. */
export type Normalize = (w: number, rowGroups: number, cols: number) => number;

/** Row `row` of a packed matrix, times scale -> out [cols] f32. offset: see q8Offset; for q8_0 alone. */
export type UnpackRow = (
  w: number,
  cols: number,
  row: number,
  out: number,
  scale: number,
  offset: number,
) => void;

/** x [tokens, cols] f32 at stride xStride -> dst, rounded. */
export type Quantize = (x: number, xStride: number, tokens: number, cols: number, dst: number) => void;

/** src [tokens, dim] f32 at stride srcStride -> one KV head's area, from `position` on; pages: the sequence's table, u32. */
export type StoreKv = (
  src: number,
  srcStride: number,
  tokens: number,
  dim: number,
  area: number,
  pages: number,
  position: number,
) => void;

/**
 * One KV head and the query heads that read it (contiguous in q and out); token t stands at position + t. length: the
 * positions seen where attention is not causal, else 0. sinks, slopes and bias are those of these heads, or 0.
 */
export type Attention = (
  q: number,
  qStride: number,
  tokens: number,
  heads: number,
  headDim: number,
  valueDim: number,
  joined: number,
  k: number,
  v: number,
  pages: number,
  position: number,
  length: number,
  window: number,
  scale: number,
  softcap: number,
  sinks: number,
  slopes: number,
  bias: number,
  reach: number,
  out: number,
  outStride: number,
  scratch: number,
) => void;

type PackKernels = { [T in WeightType as `pack_${T}`]: Pack };
type NormalizeKernels = { [T in HalvesType as `normalize_${T}`]: Normalize };
type UnpackKernels = { [T in WeightType as `unpack_row_${T}`]: UnpackRow };
type MatmulKernels = { [T in Exclude<WeightType, "q8_0"> as `matmul_${T}`]: Matmul };

/** The module's exports. Every pointer is a byte offset in the imported memory, 16-byte aligned; strides are in floats. */
export interface Kernels extends PackKernels, NormalizeKernels, UnpackKernels, MatmulKernels {
  quantize_q8: Quantize;
  quantize_q8k: Quantize;

  /** Only in the relaxed build, where probeProducts says "unsigned". */
  matmul_q8_0_unsigned: Matmul;
  /** Only in the relaxed build, where probeProducts says "signed". */
  matmul_q8_0_signed: Matmul;
  matmul_q8_0_wide: Matmul;

  /** layer: 0 rms, 1 layer. weight, bias: [width] or 0. */
  norm: (
    x: number,
    xStride: number,
    rows: number,
    width: number,
    layer: number,
    eps: number,
    weight: number,
    bias: number,
    out: number,
    outStride: number,
  ) => void;
  /** Each head in place; weights and biases of a head lie `step` floats after the last's. */
  norm_heads: (
    x: number,
    xStride: number,
    tokens: number,
    heads: number,
    headDim: number,
    layer: number,
    eps: number,
    weight: number,
    bias: number,
    step: number,
  ) => void;
  /** cos, sin: [tokens, ropeDim / 2]; in place. */
  rope: (
    x: number,
    xStride: number,
    tokens: number,
    heads: number,
    headDim: number,
    ropeDim: number,
    cos: number,
    sin: number,
  ) => void;
  /** In place; kind: activationNumber of activate.ts; up may be 0. */
  activate: (
    kind: number,
    gate: number,
    gateStride: number,
    up: number,
    upStride: number,
    tokens: number,
    width: number,
    limit: number,
  ) => void;
  /** A checksum of `bytes` bytes, see checksum.ts. */
  checksum: (p: number, bytes: number) => bigint;
  add: (x: number, y: number, count: number) => void;
  add_rows: (x: number, xStride: number, tokens: number, width: number, bias: number) => void;
  scale_add: (x: number, y: number, factor: number, count: number) => void;
  scale: (x: number, factor: number, count: number) => void;
  clip: (x: number, limit: number, count: number) => void;
  /** gateWidth: 1, or the width. */
  sigmoid_mul: (
    x: number,
    xStride: number,
    gate: number,
    gateStride: number,
    gateWidth: number,
    tokens: number,
    width: number,
  ) => void;
  copy_rows: (
    x: number,
    xStride: number,
    tokens: number,
    width: number,
    out: number,
    outStride: number,
  ) => void;
  /** silu of the causal convolution, in place; weights [kernel][step], history [kernel - 1][step]. */
  convolve: (
    x: number,
    xStride: number,
    tokens: number,
    width: number,
    kernel: number,
    weights: number,
    history: number,
    step: number,
  ) => void;
  /** memory: [keyHeads * group][keyDim][valueDim in whole fours]; scratch: 2 * keyDim floats. */
  delta_rule: (
    query: number,
    queryStride: number,
    key: number,
    keyStride: number,
    value: number,
    valueStride: number,
    beta: number,
    betaStride: number,
    alpha: number,
    alphaStride: number,
    decay: number,
    decayBias: number,
    memory: number,
    tokens: number,
    keyHeads: number,
    group: number,
    keyDim: number,
    valueDim: number,
    out: number,
    outStride: number,
    scratch: number,
  ) => void;

  store_k_f16: StoreKv;
  store_k_f32: StoreKv;
  store_k_q8: StoreKv;
  store_v_f16: StoreKv;
  store_v_f32: StoreKv;
  store_v_q8: StoreKv;
  attention_f16: Attention;
  attention_f32: Attention;
  attention_q8: Attention;

  /** 1 unsigned, 2 signed, 0 neither; see probeProducts. */
  probe_products: () => number;
  /** 4-bit products in i16 pairs (1) or i32 quads (0): the same bits; chosen at start, set only by tests. */
  choose_pairs: (on: number) => void;
  /** Levels of IQ4 as unsigned (1), signed (2) or 16-bit values (0): as probe_products, set only by tests. */
  choose_byte_products: (kind: number) => void;
  /** K-quants: 256 bytes for what a call keeps for itself, which no other thread may use. */
  choose_words: (at: number) => void;
  /** Whether this compilation of the relaxed dot is exact for 7-bit weights. */
  probe_relaxed: () => number;
}

/**
 * Compiles the best build that the engine takes and computes correctly.
 *
 * bytesOf  reads the file kernels.<name>.wasm, from a disk or the network
 * types    what the weights may be; default all
 * training whether the part for training is wanted, too
 * join     see withEngineFlags
 * @throws {BaimoError} `device` when the engine takes none
 */
export async function compileKernels(
  bytesOf: (name: `${KernelPart}.${KernelBuild}`) => Promise<Uint8Array>,
  options: {
    build?: KernelBuild;
    types?: readonly WeightType[];
    training?: boolean;
    join?: boolean;
  } = {},
): Promise<{ module: KernelModule; build: KernelBuild; digest: string }> {
  const builds: readonly KernelBuild[] = options.build ? [options.build] : ["relaxed", "simd"];
  const forms = options.types ? options.types.map((type) => weightForms[type]) : Object.values(weightForms);
  const wanted: KernelPart[] = ["core", ...forms.map(({ part }) => part)];
  if (options.training) wanted.push("training");
  const parts = [...new Set(wanted)];
  let cause: unknown;
  for (const build of builds) {
    const bytes = await Promise.all(
      parts.map(async (part) => withMemoryOf(await bytesOf(`${part}.${build}`), sharing)),
    );
    try {
      const module = await withEngineFlags(
        () => Promise.all(bytes.map((part) => WebAssembly.compile(part as Uint8Array<ArrayBuffer>))),
        options,
      );
      if (privateKernels(module).probe_relaxed() === 1)
        return { module, build, digest: (await Promise.all(bytes.map(digestOf))).join("-") };
      cause = new BaimoError("device", "kernels: the engine computes the relaxed dot product wrong");
    } catch (error) {
      cause = error;
    }
  }
  const tried = builds.join(" and ");
  throw new BaimoError(
    "device",
    `kernels: this JavaScript engine compiles none of the builds (tried ${tried}); WebAssembly SIMD is needed: ` +
      `Node 20.19, Chromium 91, Firefox 89, Safari 16.4 or later`,
    { cause },
  );
}

/** Whether threads here share memory; a page must be isolated for that. */
const sharing = typeof SharedArrayBuffer !== "undefined";

/** A memory for the kernels, shared where threads can share it: so are their modules compiled. It may grow to 4 GiB. */
export function kernelMemory(pages: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: sharing });
}

/** How the module imports its memory, in its bytes: shared, with a maximum; the last byte but for sharing is 1. */
const MEMORY_IMPORT = [..."\x03env\x06memory\x02\x03"].map((letter) => letter.charCodeAt(0));

/** The bytes of a module with an import of memory that is shared, as they were built, or not. */
function withMemoryOf(bytes: Uint8Array, shared: boolean): Uint8Array {
  if (shared) return bytes;
  const flags = MEMORY_IMPORT.length - 1;
  const at = bytes.findIndex((_, i) => MEMORY_IMPORT.every((byte, j) => bytes[i + j] === byte));
  const copy = bytes.slice();
  copy[at + flags] = 1;
  return copy;
}

/** The beginning of a hash, in hexadecimal digits. */
async function digestOf(bytes: Uint8Array): Promise<string> {
  return (await sha256(bytes)).slice(0, 16);
}

/** Instantiates the module over `memory`. Kernels of parts that were not compiled are missing. */
export function instantiateKernels(module: KernelModule, memory: WebAssembly.Memory): Kernels {
  // the exports are what the parts' index files export; a test holds this interface to them
  const parts = module.map(
    (part) => new WebAssembly.Instance(part, { env: { memory } }).exports as unknown as Kernels,
  );
  const choose = (name: "choose_pairs" | "choose_byte_products" | "choose_words") => (kind: number) => {
    for (const part of parts) part[name]?.(kind);
  };
  return Object.assign({}, ...parts, {
    choose_pairs: choose("choose_pairs"),
    choose_byte_products: choose("choose_byte_products"),
    choose_words: choose("choose_words"),
  });
}

/** How the machine multiplies 8-bit weights, found by computing, never by the processor's name. */
export function probeProducts(module: KernelModule): ProductMode {
  const kind = privateKernels(module).probe_products();
  return kind === 1 ? "unsigned" : kind === 2 ? "signed" : "wide";
}

/** What pack_q8_0 and unpack_row_q8_0 take as offset. */
export function q8Offset(products: ProductMode): 0 | 128 {
  return products === "unsigned" ? 128 : 0;
}

function privateKernels(module: KernelModule): Kernels {
  return instantiateKernels(module, kernelMemory(1));
}

/** The product of a weight type; q8_0 has one for each way in which machines multiply. */
export function matmulName(type: WeightType, products: ProductMode) {
  return type === "q8_0" ? (`matmul_q8_0_${products}` as const) : (`matmul_${type}` as const);
}

/** If the type has halves and one of a packed matrix is subnormal: multiplies all by 2^k in place and returns k; else 0. */
export function normalize(k: Kernels, type: WeightType, w: number, rowGroups: number, cols: number): number {
  return hasHalves(type) ? k[`normalize_${type}`](w, rowGroups, cols) : 0;
}

function hasHalves(type: WeightType): type is HalvesType {
  return weightForms[type].halves;
}

/** Bytes of a packed matrix of GROUP * rowGroups rows. */
export function packedBytes(type: WeightType, rowGroups: number, cols: number): number {
  return (rowGroups * cols * weightForms[type].bits * GROUP) / 8;
}

/** Bytes that `tokens` prepared rows of activations take beside the f32 rows themselves. */
export function activationBytes(form: ActivationForm, tokens: number, cols: number): number {
  if (form === "f32") return 0;
  return align16(form === "q8" ? tokens * (cols / 32) * 44 : tokens * (cols / 256) * 372);
}

/** Bytes of scratch that the products, the attention and the delta rule need, for the largest sizes that they will meet. */
export function scratchBytes(maxCols: number, maxHeadDim: number): number {
  // two panels of 16-bit words, or one of f32; a chunk of activations, or a tile
  const matmul = maxCols * 34 + Math.max(384 << 10, maxCols * 12);
  // 64 rows of queries and of sums, weights and state; a block of keys and one of values
  const attention = 80 + (maxHeadDim + 3) * (64 * 8 + 2 * 128) + 64 * (128 + 16);
  return align16(Math.max(matmul, attention));
}

function align16(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
