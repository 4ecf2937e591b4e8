// Merging: a model's weights with what an adapter adds to them, tensor by tensor.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BaimoError } from "../errors.ts";
import { dequantize } from "../formats/blocks/dequantize.ts";
import { floatToBfloat, floatToHalf } from "../formats/blocks/half.ts";
import { type Checkpoint, openCheckpoint } from "../formats/checkpoint.ts";
import { writeSafetensors } from "../formats/safetensors/safetensors-writer.ts";
import type { TensorInfo } from "../formats/tensor-info.ts";
import { parseJson, recordOf } from "../json.ts";
import type { DType } from "../tensor/dtype.ts";
import { copyBeside } from "./run/output.ts";

/** What an adapter does to one weight [rows, cols]. */
interface Change {
  readonly down: Float32Array;
  readonly up: Float32Array;
  readonly magnitude?: Float32Array;
}

/** What was written. */
export interface MergeSummary {
  readonly changed: number;
  readonly copied: number;
}

/**
 * Writes a model folder: the base's, W replaced by W + scaling B A, or by magnitude times its rows' directions (DoRA).
 * The element type of a weight stays what it is.
 *
 * @throws {BaimoError} `request` for an adapter that is not of this form, or of another base
 */
export async function mergeAdapter(
  folder: string,
  output: string,
  options: { readonly base?: string } = {},
): Promise<MergeSummary> {
  const where = join(folder, "adapter_config.json");
  if (!existsSync(where)) throw new BaimoError("request", `${where} is missing; give an adapter's folder`);
  const config = recordOf(parseJson(readFileSync(where, "utf8"), where), where);
  const scaling = scalingOf(config, where);
  const base = options.base ?? config.base_model_name_or_path;
  if (typeof base !== "string" || base === "")
    throw new BaimoError("request", `${where} names no base model; name it with --base`);
  await using model = await openCheckpoint(base);
  await using adapter = await openCheckpoint(join(folder, "adapter_model.safetensors"));
  if (model.format !== "safetensors")
    throw new BaimoError("request", `${base}: an adapter is merged into safetensors, not ${model.format}`);
  const changes = await readChanges(adapter);
  const unknown = [...changes.keys()].find((name) => !model.tensors.has(`${name}.weight`));
  if (unknown !== undefined) {
    throw new BaimoError(
      "request",
      `${base} has no weight "${unknown}.weight", which the adapter changes; was it trained over another model?`,
    );
  }
  mkdirSync(output, { recursive: true });
  const tensors = [...model.tensors.values()];
  await writeSafetensors(join(output, "model.safetensors"), {
    metadata: { format: "pt" },
    tensors: tensors.map((tensor) => {
      const { name, dtype, shape } = tensor;
      const change = changes.get(name.replace(/\.weight$/, ""));
      return { name, dtype, shape, data: dataOf(model, tensor, change, scaling) };
    }),
  });
  writeFileSync(join(output, "config.json"), readFileSync(join(base, "config.json")));
  copyBeside(base, output);
  return { changed: changes.size, copied: tensors.length - changes.size };
}

function dataOf(model: Checkpoint, tensor: TensorInfo, change: Change | undefined, scaling: number) {
  return async function* () {
    const bytes = await model.readTensor(tensor.name);
    yield change ? changed(tensor, bytes, change, scaling) : bytes;
  };
}

/** @throws {BaimoError} `request` for what changes weights otherwise */
function scalingOf(config: Readonly<Record<string, unknown>>, where: string): number {
  const { peft_type: type, r, lora_alpha: alpha, use_rslora: rs, bias, fan_in_fan_out: turned } = config;
  if (type !== "LORA")
    throw new BaimoError("request", `${where}: peft_type should be "LORA", found ${JSON.stringify(type)}`);
  if (typeof r !== "number" || typeof alpha !== "number" || !(r > 0))
    throw new BaimoError("request", `${where}: r and lora_alpha should be numbers`);
  const isEmpty = (value: unknown) =>
    value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
  for (const key of ["rank_pattern", "alpha_pattern", "modules_to_save", "target_parameters"]) {
    if (!isEmpty(config[key])) throw new BaimoError("request", `${where}: ${key} is not merged here`);
  }
  if (turned === true) throw new BaimoError("request", `${where}: fan_in_fan_out is not merged here`);
  if (bias !== undefined && bias !== "none")
    throw new BaimoError("request", `${where}: bias ${JSON.stringify(bias)} is not merged here`);
  return alpha / (rs === true ? Math.sqrt(r) : r);
}

/** The pairs of an adapter by the names of the modules that they change. */
async function readChanges(adapter: Checkpoint): Promise<Map<string, Change>> {
  const parts = new Map<string, Partial<Record<keyof Change, Float32Array>>>();
  const kinds = [
    [/^base_model\.model\.(.+)\.lora_A\.weight$/, "down"],
    [/^base_model\.model\.(.+)\.lora_B\.weight$/, "up"],
    [/^base_model\.model\.(.+)\.lora_magnitude_vector(?:\.weight)?$/, "magnitude"],
  ] as const;
  for (const { name, dtype, shape } of adapter.tensors.values()) {
    const found = kinds.flatMap(([form, part]) => {
      const module = form.exec(name)?.[1];
      return module === undefined ? [] : [{ module, part }];
    })[0];
    if (!found) throw new BaimoError("request", `${adapter.name}: tensor "${name}" is not merged here`);
    const count = shape.reduce((product, size) => product * size, 1);
    const values = dequantize(dtype, await adapter.readTensor(name), count);
    parts.set(found.module, { ...parts.get(found.module), [found.part]: values });
  }
  const changes = new Map<string, Change>();
  for (const [module, { down, up, magnitude }] of parts) {
    if (!down || !up)
      throw new BaimoError("format", `${adapter.name}: "${module}" should have lora_A and lora_B`);
    changes.set(module, { down, up, magnitude });
  }
  return changes;
}

/** A changed weight, in its own element type. */
function changed(
  { name, dtype, shape }: TensorInfo,
  bytes: Uint8Array,
  { down, up, magnitude }: Change,
  scaling: number,
): Uint8Array {
  const [rows, cols] = shape;
  const rank = down.length / cols;
  if (shape.length !== 2 || !Number.isInteger(rank) || up.length !== rows * rank) {
    throw new BaimoError(
      "shape",
      `"${name}" [${shape.join(", ")}] and its adapter (${down.length} and ${up.length} values) do not fit each other`,
    );
  }
  const values = dequantize(dtype, bytes, rows * cols);
  const row = new Float64Array(cols);
  for (let o = 0; o < rows; o++) {
    let squares = 0;
    for (let i = 0; i < cols; i++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += up[o * rank + k] * down[k * cols + i];
      row[i] = values[o * cols + i] + scaling * sum;
      squares += row[i] ** 2;
    }
    const by = magnitude ? magnitude[o] / Math.sqrt(squares) : 1;
    for (let i = 0; i < cols; i++) values[o * cols + i] = row[i] * by;
  }
  return encode(dtype, values, name);
}

function encode(dtype: DType, values: Float32Array, name: string): Uint8Array {
  if (dtype === "F32") return new Uint8Array(values.buffer);
  const words = new Uint16Array(values.length);
  if (dtype === "F16") floatToHalf(values, words);
  else if (dtype === "BF16") floatToBfloat(values, words);
  else
    throw new BaimoError("request", `"${name}" is ${dtype}; weights that change should be F32, F16 or BF16`);
  return new Uint8Array(words.buffer);
}
