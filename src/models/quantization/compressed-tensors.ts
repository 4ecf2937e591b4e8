// compressed-tensors, which llm-compressor writes: FP8, 8-bit and packed integers, 4-bit floats.
//
// https://github.com/vllm-project/compressed-tensors: compressors/ and quantization/. Which module has which form its tensors
// say; `targets` and `ignore` say the same with patterns, none of which is run here.
import type { ConfigReader } from "../config/config-reader.ts";
import { fp8Weight, isFp8, readBlock } from "./fp8.ts";
import { matrixShape } from "./gptq.ts";
import { takeScales } from "./scale-grid.ts";
import type { QuantizedWeight, StoredTensors } from "./stored-tensors.ts";

/** What the config's groups say that tensors do not. */
interface Scheme {
  /** Bits of packed integers. */
  readonly bits: readonly number[];
  readonly block: readonly [number, number] | undefined;
}

const formats = [
  "dense",
  "float-quantized",
  "naive-quantized",
  "int-quantized",
  "pack-quantized",
  "nvfp4-pack-quantized",
  "mxfp4-pack-quantized",
  "mixed-precision",
] as const;

/** Weights in any of its forms. */
export function* compressedWeights(stored: StoredTensors, config: ConfigReader): Generator<QuantizedWeight> {
  config.ignore("ignore", "kv_cache_scheme", "global_compression_ratio", "quantization_status", "version");
  config.ignore("run_compressed", "dequantize", "use_optimized_inference");
  config.only("format", ...formats);
  const sparsity = config.record("sparsity_config");
  sparsity?.only("format", "dense");
  // Rotations of the activations, which would be lost.
  config.record("transform_config")?.only("config_groups");
  const scheme = readScheme(config);
  for (const name of stored.names()) {
    if (name.endsWith(".weight_packed")) {
      const base = name.slice(0, -".weight_packed".length);
      yield stored.get(name).dtype === "U8" ? fp4Weight(stored, base) : packedWeight(stored, base, scheme);
    } else if (name.endsWith(".weight")) {
      if (isFp8(stored, name)) yield fp8Weight(stored, name, scheme.block);
      else if (stored.get(name).dtype === "I8") yield byteWeight(stored, name, scheme);
    }
  }
}

function readScheme(config: ConfigReader): Scheme {
  const bits: number[] = [];
  let block: Scheme["block"];
  const groups = config.record("config_groups");
  for (const key of groups?.keys() ?? []) {
    const group = groups?.record(key);
    group?.ignore("targets", "input_activations", "output_activations");
    group?.only("format", ...formats);
    const weights = group?.record("weights");
    if (!weights) continue;
    weights.ignore(
      "observer",
      "observer_kwargs",
      "symmetric",
      "strategy",
      "group_size",
      "actorder",
      "scale_dtype",
      "zp_dtype",
    );
    weights.only("dynamic", false);
    const isInteger = weights.choice("type", { int: true, float: false });
    const size = weights.size("num_bits", undefined, 8);
    if (isInteger && !bits.includes(size)) bits.push(size);
    block = readBlock(weights, "block_structure") ?? block;
    weights.finish();
    group?.finish();
  }
  return { bits, block };
}

/** Integers of whole bytes. */
function byteWeight(stored: StoredTensors, name: string, { block }: Scheme): QuantizedWeight {
  const shape = matrixShape(stored, name);
  const codes = stored.take(name, ["I8"], shape);
  const grid = takeScales(stored, `${name}_scale`, shape, block);
  const zeroName = `${name}_zero_point`;
  const part = stored.has(zeroName)
    ? stored.take(zeroName, ["I8"], [grid.scales.rows, grid.scales.cols])
    : undefined;
  const [rows, cols] = shape;
  const zeros = part && ({ part, layout: "values", add: 0 } as const);
  return {
    name,
    shape,
    encoding: { kind: "scaled", rows, cols, codes, layout: "values", bits: 8, zero: 0, zeros, ...grid },
  };
}

/** Integers of a few bits in words; they and their zero points are stored above zero by half their range. */
function packedWeight(stored: StoredTensors, base: string, scheme: Scheme): QuantizedWeight {
  const name = `${base}.weight`;
  const packed = `${name}_packed`;
  const [rows, words] = matrixShape(stored, packed);
  const said = stored.shapeIn(`${name}_shape`);
  if (said && (said.length !== 2 || said[0] !== rows)) {
    throw stored.error(
      `${name}_shape`,
      `says [${said.join(", ")}], but "${packed}" has ${rows} rows`,
      "shape",
    );
  }
  const cols = said?.[1] ?? words * Math.floor(32 / (scheme.bits[0] ?? 4));
  const fitting = scheme.bits.filter((bits) => Math.ceil(cols / Math.floor(32 / bits)) === words);
  if (fitting.length !== 1) {
    const bits = scheme.bits.join(" or ") || "an unknown number of";
    throw stored.error(
      packed,
      `has ${words} words a row, which do not hold ${cols} codes of ${bits} bits`,
      "shape",
    );
  }
  const [bits] = fitting;
  const shape = [rows, cols];
  const codes = stored.take(packed, ["I32"], [rows, words]);
  const grid = takeScales(stored, `${name}_scale`, shape, scheme.block);
  const groupName = `${name}_g_idx`;
  return {
    name,
    shape,
    encoding: {
      kind: "scaled",
      rows,
      cols,
      codes,
      layout: "words",
      bits,
      zero: 2 ** (bits - 1),
      zeros: packedZeros(stored, `${name}_zero_point`, {
        bits,
        rows: grid.scales.rows,
        groups: grid.scales.cols,
      }),
      ...grid,
      groupOf: stored.has(groupName) ? stored.take(groupName, ["I32"], [cols]) : undefined,
    },
  };
}

function packedZeros(
  stored: StoredTensors,
  name: string,
  { bits, rows, groups }: { bits: number; rows: number; groups: number },
) {
  if (!stored.has(name)) return undefined;
  const half = 2 ** (bits - 1);
  if (stored.get(name).dtype === "I8") {
    return { part: stored.take(name, ["I8"], [rows, groups]), layout: "values", add: half } as const;
  }
  const words = Math.ceil(rows / Math.floor(32 / bits));
  return { part: stored.take(name, ["I32"], [words, groups]), layout: "words", add: 0 } as const;
}

/** 4-bit floats: NVFP4 with a scale of the scales, MXFP4 with powers of two. */
function fp4Weight(stored: StoredTensors, base: string): QuantizedWeight {
  const name = `${base}.weight`;
  const [rows, half] = matrixShape(stored, `${name}_packed`);
  const cols = 2 * half;
  const shape = [rows, cols];
  const codes = stored.take(`${name}_packed`, ["U8"], [rows, half]);
  const grid = takeScales(stored, `${name}_scale`, shape);
  const { scales } = grid;
  if (scales.dtype === "F8_E8M0" && grid.groupCols === 32) {
    return { name, shape, encoding: { kind: "mxfp4", codes, scales } };
  }
  const divisor = scales.dtype === "F8_E4M3" ? stored.take(`${name}_global_scale`, ["F32"], [1]) : undefined;
  return {
    name,
    shape,
    encoding: { kind: "scaled", rows, cols, codes, layout: "e2m1", bits: 4, zero: 0, divisor, ...grid },
  };
}
