// The tensors of a quantised checkpoint as a model's weights: picks the reader by `quant_method`.
import { BaimoError } from "../../errors.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import type { Encoding, ReadBytes } from "../../formats/quantized/encoding.ts";
import { nearestForm } from "../../formats/quantized/nearest-form.ts";
import type { TensorInfo } from "../../formats/tensor-info.ts";
import { grouped } from "../../grouped.ts";
import { isRecord } from "../../json.ts";
import { byteLength } from "../../tensor/dtype.ts";
import { ConfigReader } from "../config/config-reader.ts";
import { awqWeights } from "./awq.ts";
import { compressedWeights } from "./compressed-tensors.ts";
import { fp8Weights } from "./fp8.ts";
import { gptqWeights } from "./gptq.ts";
import { openStoredTensors, type QuantizedWeight, type StoredTensors } from "./stored-tensors.ts";

/** Finds the weights of a checkpoint that lie in several tensors each. */
type WeightsOf = (stored: StoredTensors, config: ConfigReader) => Iterable<QuantizedWeight>;

const methods: Readonly<Record<string, WeightsOf>> = {
  fp8: fp8Weights,
  fbgemm_fp8: fp8Weights,
  "compressed-tensors": compressedWeights,
  awq: awqWeights,
  gptq: gptqWeights,
};

/** Scales of activations and of cached keys and values, which stay floats here. */
const ofActivations =
  /\.(input|output|activation|q|k|v|kv|prob)_(scale|zero_point|global_scale|scale_ub)(_inv)?$/;

/** How many tensors' scales are read at a time. */
const AT_ONCE = 16;

/** A checkpoint's tensors, and what its user should know of them. */
export interface ReadableTensors {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly warnings: readonly string[];
}

/**
 * The tensors of a checkpoint, in which a weight that lies in several is one, of the form that holds it exactly.
 *
 * fields  of config.json
 * @throws {BaimoError} `config` when the method is none that is read, `format` or `shape` when a weight is not as it says
 */
export async function readQuantized(
  checkpoint: Checkpoint,
  fields: ReadonlyMap<string, unknown>,
  ignoreConfigKeys: readonly string[] = [],
): Promise<ReadableTensors> {
  const record = quantizationOf(fields);
  const asTheyAre = { tensors: checkpoint.tensors, warnings: [] };
  if (!record) return asTheyAre;
  const where = `${checkpoint.name}: config.json: "quantization_config"`;
  const config = new ConfigReader(where, new Map(Object.entries(record)), ignoreConfigKeys);
  const method = config.text("quant_method", older(record)).toLowerCase();
  // GPT-OSS's own tensors, which its family names.
  if (method === "mxfp4" || ignoreConfigKeys.includes("quant_method")) return asTheyAre;
  const weightsOf = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!weightsOf) {
    const known = [...Object.keys(methods), "mxfp4"].join(", ");
    throw new BaimoError(
      "config",
      `${where}: "quant_method" should be one of ${known}, found "${method}", which is not read here; open the ` +
        "model's checkpoint in BF16, or a GGUF file of it",
    );
  }
  const stored = await openStoredTensors(checkpoint);
  const weights = [...weightsOf(stored, config)];
  config.finish();
  const tensors = await withWeights(checkpoint, stored, weights);
  return { tensors, warnings: widened(where, tensors) };
}

/** What wrote a record that names no method. */
function older(record: Readonly<Record<string, unknown>>): string {
  return "load_in_8bit" in record || "load_in_4bit" in record ? "bitsandbytes" : "none";
}

/** What config.json says of it, beside the text model's fields or among them. */
function quantizationOf(fields: ReadonlyMap<string, unknown>): Record<string, unknown> | undefined {
  const text = fields.get("text_config");
  const records = [fields.get("quantization_config"), fields.get("compression_config")];
  if (isRecord(text)) records.push(text.quantization_config);
  return records.find(isRecord);
}

/** The tensors with each weight in place of those that it is made of. */
async function withWeights(
  checkpoint: Checkpoint,
  stored: StoredTensors,
  weights: readonly QuantizedWeight[],
): Promise<ReadonlyMap<string, TensorInfo>> {
  const { tensors, files } = checkpoint;
  const all = new Map<string, TensorInfo>();
  for (const [name, tensor] of tensors)
    if (!stored.isTaken(name) && !ofActivations.test(name)) all.set(name, tensor);
  const read: ReadBytes = (file, offset, target) => {
    const source = files[file];
    return source.readIntoSync ? source.readIntoSync(target, offset) : source.readInto(target, offset);
  };
  const formOf = async (encoding: Encoding) => {
    try {
      return await nearestForm(encoding, read);
    } catch (error) {
      if (!(error instanceof BaimoError)) throw error;
      throw new BaimoError(error.code, `${files[encoding.codes.file].name}: ${error.message}`, {
        cause: error,
      });
    }
  };
  for (let first = 0; first < weights.length; first += AT_ONCE) {
    const some = weights.slice(first, first + AT_ONCE);
    const forms = await Promise.all(some.map(({ encoding }) => formOf(encoding)));
    for (const bias of await Promise.all(some.map(({ name }) => readSpareBias(checkpoint, name))))
      if (bias) all.set(bias.name, bias);
    for (const [i, { name, shape, encoding }] of some.entries()) {
      if (all.has(name)) throw stored.error(name, "is there twice: as it is, and in several tensors");
      const { file, offset, rows, cols } = encoding.codes;
      const dtype = forms[i];
      all.set(name, {
        name,
        dtype,
        shape,
        file,
        offset,
        byteLength: byteLength(encoding.codes.dtype, rows * cols),
        encoding,
      });
    }
  }
  return all;
}

/** What to say of weights that no narrower type holds. */
function widened(where: string, tensors: ReadonlyMap<string, TensorInfo>): string[] {
  let [count, stored, held] = [0, 0, 0];
  for (const { dtype, shape, byteLength: bytes, encoding } of tensors.values()) {
    if (!encoding || dtype !== "F32") continue;
    count++;
    stored += bytes;
    held += 4 * shape.reduce((product, size) => product * size, 1);
  }
  if (count === 0) return [];
  return [
    `${where}: only F32 holds ${count} of the weights exactly, which takes ${grouped(held)} bytes of memory where the ` +
      `file has ${grouped(stored)}; "baimo convert" makes a smaller GGUF file of them, rounded`,
  ];
}

/** The bias beside a weight, where it is all zeros. */
async function readSpareBias(
  { tensors, readTensor }: Checkpoint,
  weight: string,
): Promise<TensorInfo | undefined> {
  const bias = tensors.get(weight.replace(/weight$/, "bias"));
  if (bias?.shape.length !== 1 || !weight.endsWith(".weight")) return undefined;
  return (await readTensor(bias.name)).every((byte) => byte === 0) ? { ...bias, spare: true } : undefined;
}
