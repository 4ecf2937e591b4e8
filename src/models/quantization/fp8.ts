// FP8 checkpoints: DeepSeek-V3's and Qwen3's blocks of 128 x 128, and scales of a tensor or a row.
//
// value = weight * weight_scale_inv (arXiv:2412.19437 §3.3; transformers' finegrained_fp8.py, Fp8Dequantize).
import type { ConfigReader } from "../config/config-reader.ts";
import { takeScales } from "./scale-grid.ts";
import type { QuantizedWeight, StoredTensors } from "./stored-tensors.ts";

/** A weight of one byte a value is [out, in], or several of them stacked. */
const MOST_DIMENSIONS = 3;
/** Larger than any block in use. */
const MOST_BLOCK = 1 << 16;

/** Weights whose codes are FP8, with the scales beside them. Activations stay floats, whatever the scheme says of them. */
export function* fp8Weights(stored: StoredTensors, config: ConfigReader): Generator<QuantizedWeight> {
  config.ignore("activation_scheme", "modules_to_not_convert", "ignored_layers", "modules_to_convert");
  config.ignore(
    "dequantize",
    "scale_fmt",
    "activation_scale_ub",
    "kv_cache_scheme",
    "is_checkpoint_fp8_serialized",
  );
  config.only("fmt", "e4m3", "float8_e4m3fn", "e5m2", "float8_e5m2");
  const block = readBlock(config, "weight_block_size");
  for (const name of stored.names()) {
    if (isFp8(stored, name) && !/_scale(_inv)?$/.test(name)) yield fp8Weight(stored, name, block);
  }
}

/** The sizes of a block, where there are blocks. */
export function readBlock(config: ConfigReader, key: string): readonly [number, number] | undefined {
  if (!config.has(key)) return undefined;
  const [rows, cols] = config.sizes(key, 2, MOST_BLOCK);
  return [rows, cols];
}

/** Whether a tensor is of 8-bit floats. */
export function isFp8(stored: StoredTensors, name: string): boolean {
  const { dtype } = stored.get(name);
  return dtype === "F8_E4M3" || dtype === "F8_E5M2";
}

/** A weight of FP8 values with the scales beside it. */
export function fp8Weight(
  stored: StoredTensors,
  name: string,
  block: readonly [number, number] | undefined,
): QuantizedWeight {
  const { shape } = stored.get(name);
  if (shape.length < 2 || shape.length > MOST_DIMENSIONS) {
    throw stored.error(name, `should have 2 or 3 sizes, found [${shape.join(", ")}]`, "shape");
  }
  const scale = [`${name}_scale_inv`, `${name}_scale`].find((one) => stored.has(one));
  if (scale === undefined)
    throw stored.error(`${name}_scale_inv`, `is missing; "${name}" is FP8 and needs scales`);
  const codes = stored.take(name, ["F8_E4M3", "F8_E5M2"], shape);
  const { rows, cols } = codes;
  const grid = takeScales(stored, scale, shape, block);
  return {
    name,
    shape,
    encoding: { kind: "scaled", rows, cols, codes, layout: "values", bits: 8, zero: 0, ...grid },
  };
}
