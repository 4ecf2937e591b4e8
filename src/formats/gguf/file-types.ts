// File types of GGUF models (Q4_K_M, …): which element type each tensor gets.
//
// The choice is that of llama_tensor_get_type and tensor_allows_quantization of llama.cpp (src/llama-quant.cpp, MIT
// License, Copyright (c) 2023-2026 The ggml authors): attn_v and ffn_down get more bits in some layers, the output more in
// all, norms and vectors stay as they are, and rows that are no whole super-blocks fall back to blocks of 32.
import { choice } from "../../option-kinds.ts";
import { call } from "../../options.ts";
import { type DType, dtypes } from "../../tensor/dtype.ts";
import type { QuantizableType } from "../blocks/quantize.ts";
import type { MetadataValue } from "./metadata.ts";

/** Names of file types, llama.cpp's number for `general.file_type`, and the type that most tensors get. */
export const fileTypes = {
  F32: { number: 0, base: "F32" },
  F16: { number: 1, base: "F16" },
  BF16: { number: 32, base: "BF16" },
  Q8_0: { number: 7, base: "Q8_0" },
  Q6_K: { number: 18, base: "Q6_K" },
  Q5_K_M: { number: 17, base: "Q5_K" },
  Q5_K_S: { number: 16, base: "Q5_K" },
  Q5_1: { number: 9, base: "Q5_1" },
  Q5_0: { number: 8, base: "Q5_0" },
  Q4_K_M: { number: 15, base: "Q4_K" },
  Q4_K_S: { number: 14, base: "Q4_K" },
  IQ4_NL: { number: 25, base: "IQ4_NL" },
  IQ4_XS: { number: 30, base: "IQ4_XS" },
  Q4_1: { number: 3, base: "Q4_1" },
  Q4_0: { number: 2, base: "Q4_0" },
  Q3_K_L: { number: 13, base: "Q3_K" },
  Q3_K_M: { number: 12, base: "Q3_K" },
  Q3_K_S: { number: 11, base: "Q3_K" },
  Q2_K: { number: 10, base: "Q2_K" },
  /** Experts in MXFP4, the rest in Q8_0: how GPT-OSS is published. */
  MXFP4_MOE: { number: 38, base: "MXFP4" },
} as const satisfies Record<string, { number: number; base: QuantizableType }>;

export type FileType = keyof typeof fileTypes;
export const fileTypeKind = choice(...(Object.keys(fileTypes) as FileType[]));

const shortNames: Readonly<Record<string, FileType>> = { Q3_K: "Q3_K_M", Q4_K: "Q4_K_M", Q5_K: "Q5_K_M" };

/**
 * Reads the name of a file type in any case; Q3_K, Q4_K and Q5_K mean the middle mix.
 *
 * @throws {BaimoError} `request` for another name
 */
export function readFileType(name: string): FileType {
  const upper = typeof name === "string" ? name.toUpperCase() : "";
  const type = Object.hasOwn(shortNames, upper) ? shortNames[upper] : upper;
  return fileTypeKind.read(Object.hasOwn(fileTypes, type) ? type : name, "name", call("readFileType"));
}

/** A type that did not fit the rows of some tensors, and what they became. */
export interface Fallback {
  readonly from: DType;
  readonly to: DType;
  readonly tensors: number;
}

/** What counts fallbacks into a list, as `chooseTypes` tells of them. */
export const countInto =
  (fallbacks: { from: DType; to: DType; tensors: number }[]) =>
  (from: DType, to: DType): void => {
    const known = fallbacks.find((each) => each.from === from && each.to === to);
    if (known) known.tensors++;
    else fallbacks.push({ from, to, tensors: 1 });
  };

interface ChooseOptions {
  readonly weighted?: boolean;
  readonly onFallback?: (from: DType, to: DType) => void;
}

/** What is known of a tensor when its type is chosen. */
export interface TensorOutline {
  readonly name: string;
  readonly dtype: DType;
  /** Outermost first. */
  readonly shape: readonly number[];
}

/** What of a model decides the mix. */
interface Mix {
  readonly fileType: FileType;
  readonly falcon: boolean;
  /** Query heads that share a KV head. */
  readonly queriesPerKv: number;
  readonly numExperts: number;
  readonly numLayers: number;
  /** Llama and Qwen2 models of 80 layers, whose attn_v is an eighth of attn_q. */
  readonly large: boolean;
  readonly tied: boolean;
  readonly weighted: boolean;
  /** Tensors that count as attn_v. */
  readonly valueCount: number;
}

/** Parts of names of matrices that stay as they are: small, or not multiplied by (llama.cpp's list). */
const kept = [
  "_norm.weight",
  "ffn_gate_inp.weight",
  "ssm_conv1d",
  "shortconv.conv.weight",
  "attn_rel_b.weight",
  "time_mix_",
  ".position_embd",
  ".rel_pos",
];
const keptNames = new Set(["position_embd.weight", "token_types.weight"]);

/** Whether a tensor is stored in the type of the file rather than in its own. */
export function isQuantizedTensor({ name, shape }: TensorOutline): boolean {
  if (shape.filter((n, i) => i >= shape.length - 1 || n > 1).length < 2) return false;
  return name.endsWith("weight") && !keptNames.has(name) && !kept.some((part) => name.includes(part));
}

const layerOf = (name: string): number => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);

/**
 * The element type of every tensor of a model in GGUF's names.
 *
 * metadata  the model's, for its architecture, heads, layers and experts
 * weighted  whether an importance matrix is given
 * onFallback  is told of tensors whose rows are no whole blocks of the type that they should have
 */
export function chooseTypes(
  tensors: Iterable<TensorOutline>,
  metadata: ReadonlyMap<string, MetadataValue>,
  fileType: FileType,
  { weighted = false, onFallback }: ChooseOptions = {},
): Map<string, DType> {
  const { base } = fileTypes[fileType];
  // Some choices go by how many of a kind came before, so the order is llama.cpp's: by layer, then by name.
  const sorted = [...tensors].sort(
    (a, b) => layerOf(a.name) - layerOf(b.name) || (a.name < b.name ? -1 : Number(a.name > b.name)),
  );
  const mix = describeMix(sorted, metadata, fileType, weighted);
  const types = new Map<string, DType>();
  const choose = (name: string, from: QuantizableType, width: number) => {
    const to = fitWidth(from, width);
    types.set(name, to);
    if (to !== from) onFallback?.(from, to);
  };
  let values = 0;
  let downs = 0;
  for (const tensor of sorted) {
    if (!isQuantizedTensor(tensor)) {
      types.set(tensor.name, tensor.dtype);
      continue;
    }
    if (dtypes[base].elements === 1) {
      types.set(tensor.name, base);
      continue;
    }
    const kind = kindOf(tensor.name);
    const width = tensor.shape.at(-1)!;
    if (fileType === "MXFP4_MOE") {
      const isExperts = tensor.shape.length > 2 && tensor.shape[0] > 1;
      choose(tensor.name, isExperts ? "MXFP4" : "Q8_0", width);
      continue;
    }
    // Beside experts a layer may have several such matrices, or none.
    const place = kind !== "ffn_down" ? values : mix.numExperts > 1 ? layerOf(tensor.name) : downs;
    choose(tensor.name, chooseType(kind, width, place, mix), width);
    if (isValue(kind)) values++;
    if (kind === "ffn_down") downs++;
  }
  return types;
}

function describeMix(
  tensors: readonly TensorOutline[],
  metadata: ReadonlyMap<string, MetadataValue>,
  fileType: FileType,
  weighted: boolean,
): Mix {
  const architecture = metadata.get("general.architecture");
  const count = (key: string, otherwise: number): number => {
    const value = metadata.get(`${architecture}.${key}`);
    if (typeof value === "number") return value;
    return typeof value === "object" && typeof value[0] === "number" ? value[0] : otherwise;
  };
  const heads = count("attention.head_count", 1);
  const kvHeads = count("attention.head_count_kv", heads);
  const numLayers = count("block_count", 0);
  return {
    fileType,
    falcon: architecture === "falcon",
    queriesPerKv: kvHeads > 0 ? Math.floor(heads / kvHeads) : 0,
    numExperts: count("expert_count", 0),
    numLayers,
    large: numLayers === 80 && (architecture === "qwen2" || (architecture === "llama" && heads !== kvHeads)),
    tied: !tensors.some((tensor) => tensor.name === "output.weight"),
    weighted,
    valueCount: tensors.filter((tensor) => isValue(kindOf(tensor.name))).length,
  };
}

const kinds = ["attn_qkv", "attn_kv_b", "attn_v", "attn_k", "attn_output", "ffn_down"] as const;
type Kind = (typeof kinds)[number] | "output" | "embedding" | "other";

/** What a tensor does, by its name. */
function kindOf(name: string): Kind {
  if (name === "output.weight") return "output";
  if (name === "token_embd.weight") return "embedding";
  return kinds.find((kind) => name.includes(kind === "ffn_down" ? kind : `${kind}.weight`)) ?? "other";
}

const isValue = (kind: Kind): boolean => kind === "attn_v" || kind === "attn_qkv" || kind === "attn_kv_b";

/** Every third layer, and the first and last eighth, get more bits. */
function getsMore(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
}

/** place  how many of its kind come before an attn_v; the layer of an ffn_down */
function chooseType(kind: Kind, width: number, place: number, mix: Mix): QuantizableType {
  const { base } = fileTypes[mix.fileType];
  if (kind === "output" || (mix.tied && kind === "embedding")) {
    if (mix.falcon || width % dtypes[base].elements !== 0) return "Q8_0";
    return base === "Q8_0" ? base : "Q6_K";
  }
  if (isValue(kind)) return chooseForValue(place, mix);
  if (kind === "attn_k") return mix.numExperts === 8 ? "Q8_0" : base;
  if (kind === "ffn_down") return chooseForDown(place, mix);
  if (kind === "attn_output") return chooseForOutput(mix);
  return base;
}

function chooseForValue(value: number, mix: Mix): QuantizableType {
  if (mix.numExperts === 8) return "Q8_0"; // small beside the experts
  const { fileType, queriesPerKv } = mix;
  let type: QuantizableType = fileTypes[fileType].base;
  if (fileType === "Q2_K") type = queriesPerKv >= 4 ? "Q4_K" : "Q3_K";
  else if (fileType === "Q3_K_M") type = value < 2 ? "Q5_K" : "Q4_K";
  else if (fileType === "Q3_K_L") type = "Q5_K";
  else if ((fileType === "IQ4_NL" || fileType === "IQ4_XS") && queriesPerKv >= 4) type = "Q5_K";
  else if ((fileType === "Q4_K_M" || fileType === "Q5_K_M") && getsMore(value, mix.valueCount)) type = "Q6_K";
  else if (fileType === "Q4_K_S" && value < 4) type = "Q5_K";
  return mix.large && (type === "Q3_K" || type === "Q4_K") ? "Q5_K" : type;
}

function chooseForDown(layer: number, mix: Mix): QuantizableType {
  const { fileType, falcon, numLayers, weighted } = mix;
  const { base } = fileTypes[fileType];
  const more = getsMore(layer, numLayers);
  const inFirst = (part: number) => layer < Math.floor(numLayers / part);
  switch (fileType) {
    case "Q2_K":
      return "Q3_K";
    case "Q3_K_M":
      if (inFirst(16)) return "Q5_K";
      return !falcon || more ? "Q4_K" : "Q3_K";
    case "Q3_K_L":
      return falcon ? "Q4_K" : "Q5_K";
    case "Q4_K_M":
      if (falcon) return inFirst(16) ? "Q6_K" : more ? "Q5_K" : "Q4_K";
      return more ? "Q6_K" : base;
    case "Q5_K_M":
      return more ? "Q6_K" : base;
    case "IQ4_NL":
    case "IQ4_XS":
      return inFirst(8) && !weighted ? "Q5_K" : base;
    case "Q4_K_S":
      return !falcon && inFirst(8) ? "Q5_K" : base;
    case "Q4_0":
      return weighted && inFirst(8) ? "Q4_1" : base;
    case "Q5_0":
      return weighted && inFirst(8) ? "Q5_1" : base;
    default:
      return base;
  }
}

function chooseForOutput({ fileType, falcon, numExperts }: Mix): QuantizableType {
  const { base } = fileTypes[fileType];
  if (falcon) return fileType === "Q3_K_L" ? "Q4_K" : base;
  if (numExperts === 8) {
    return /^(Q2_K|Q3_K_[SM]|IQ4_NL|IQ4_XS|Q4_K_[SM])$/.test(fileType) ? "Q5_K" : base;
  }
  if (fileType === "Q2_K") return "Q3_K";
  if (fileType === "Q3_K_M") return "Q4_K";
  return fileType === "Q3_K_L" ? "Q5_K" : base;
}

const fallbacks: Partial<Record<DType, QuantizableType>> = {
  IQ4_XS: "IQ4_NL",
  Q2_K: "Q4_0",
  Q3_K: "Q4_0",
  Q4_K: "Q5_0",
  Q5_K: "Q5_1",
  Q6_K: "Q8_0",
};

/** A type whose blocks fit rows of `width`. */
function fitWidth(type: QuantizableType, width: number): QuantizableType {
  if (width % dtypes[type].elements === 0) return type;
  const smaller = fallbacks[type];
  return smaller && width % dtypes[smaller].elements === 0 ? smaller : "F16";
}
