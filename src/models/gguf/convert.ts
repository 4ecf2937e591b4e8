// Converts a checkpoint of Hugging Face's layout to GGUF, in any file type.
import { BaimoError } from "../../errors.ts";
import { isQuantizable } from "../../formats/blocks/quantize.ts";
import { type Packer, quantizeRows } from "../../formats/blocks/quantize-rows.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import {
  chooseTypes,
  countInto,
  type Fallback,
  type FileType,
  fileTypes,
} from "../../formats/gguf/file-types.ts";
import { type TypedMetadataValue, writeGguf } from "../../formats/gguf/gguf-writer.ts";
import { type ImportanceMatrix, importanceOf } from "../../formats/gguf/importance.ts";
import type { MetadataValue } from "../../formats/gguf/metadata.ts";
import { type QuantizeProgress, type QuantizeSummary, summarize } from "../../formats/gguf/quantize-gguf.ts";
import type { TensorToWrite, WriteTarget } from "../../formats/sources/file-sink.ts";
import { elementCount, type TensorInfo } from "../../formats/tensor-info.ts";
import { VOCABULARIES } from "../../tokenizers/files/file-names.ts";
import { readTokenizerFiles } from "../../tokenizers/files/read-folder.ts";
import { tokenizerToGguf } from "../../tokenizers/files/to-gguf.ts";
import { ConfigReader } from "../config/config-reader.ts";
import type { DescribeOptions } from "../describe-options.ts";
import type { CheckpointFacts } from "../families/family.ts";
import { completeForm, findFamily } from "../families/find.ts";
import { families } from "../families/index.ts";
import { toGgufKeys } from "../families/write/llama-line.ts";
import { describeModel, type ModelDescription } from "../open-model.ts";
import { layoutRows } from "../weights/layout-rows.ts";
import { planWeights } from "../weights/weight-plan.ts";
import { compareConfigs } from "./compare-configs.ts";
import { ggufFields } from "./gguf-fields.ts";
import { createBlankSource, type LayoutTensor, layOut } from "./gguf-layout.ts";
import { ropeTensors } from "./rope-tensors.ts";

/** Options of `convertToGguf`. */
export interface ConvertOptions extends DescribeOptions {
  /** Default F16. */
  fileType?: FileType;
  importance?: ImportanceMatrix;
  /** The name for `tokenizer.ggml.pre`, where it cannot be found. */
  preTokenizer?: string;
  /** What the file calls the model; default the checkpoint's own name. */
  name?: string;
  /** Packs in threads of its own; without it, in this one. */
  packer?: Packer;
  onProgress?: (progress: QuantizeProgress) => void;
  signal?: AbortSignal;
}

/** What was written, and what GGUF could not hold. */
export interface ConvertSummary extends QuantizeSummary {
  readonly architecture: string;
  readonly warnings: readonly string[];
}

/**
 * Converts a checkpoint to GGUF. What is to be written is first read back from its description: a configuration or a
 * tensor that would not come back is refused before anything is written. Memory is bounded by the largest tensor.
 *
 * @throws {BaimoError} `request` for what GGUF cannot hold, and whatever opening the checkpoint throws
 */
export async function convertToGguf(
  checkpoint: Checkpoint,
  target: WriteTarget,
  options: ConvertOptions = {},
): Promise<ConvertSummary> {
  const { fileType = "F16", importance, packer, onProgress, signal } = options;
  if (checkpoint.format === "gguf") {
    throw new BaimoError(
      "request",
      `${checkpoint.name}: is GGUF already; baimo quantize writes it in another type`,
    );
  }
  const source = await describeModel(checkpoint, options);
  const { layout, metadata, vectors, warnings, architecture } = await plan(checkpoint, source, options);
  const plain = plainValues(metadata);
  const outlines = layout.map(({ name, shape }) => ({ name, shape, dtype: "F32" as const }));
  const fallbacks: Fallback[] = [];
  const types = chooseTypes(outlines, plain, fileType, {
    weighted: importance !== undefined,
    onFallback: countInto(fallbacks),
  });
  const total = outlines.reduce((sum, { shape }) => sum + (elementCount(shape) ?? 0), 0);
  const unweighted: string[] = [];
  let done = 0;
  const tensors = layout.map((tensor): TensorToWrite => {
    const { name, shape } = tensor;
    const chosen = types.get(name)!;
    const type = isQuantizable(chosen) ? chosen : "F32";
    const weights = importance && type !== "F32" ? importanceOf(importance, tensor) : undefined;
    if (importance && type !== "F32" && !weights) unweighted.push(name);
    const onRows = (count: number) => {
      done += count * (shape.at(-1) ?? 1);
      onProgress?.({ tensor: name, done, total });
    };
    const data = () =>
      quantizeRows(layoutRows(checkpoint, tensor), type, { importance: weights, packer, onRows, signal });
    return { name, dtype: type, shape, data };
  });
  for (const [name, values] of vectors) {
    tensors.push({ name, dtype: "F32", shape: [values.length], data: new Uint8Array(values.buffer) });
  }
  metadata.set("general.quantization_version", { type: "UINT32", value: 2 });
  metadata.set("general.file_type", { type: "UINT32", value: fileTypes[fileType].number });
  await writeGguf(target, { metadata, tensors }, { signal });
  let bytesBefore = 0;
  for (const tensor of checkpoint.tensors.values()) bytesBefore += tensor.byteLength;
  const summary = summarize(tensors, fileType, { bytesBefore, parameters: total, fallbacks });
  return { ...summary, ...(importance ? { unweighted } : {}), architecture, warnings };
}

/** A table of positions begins with the first in a file: rows that are not used stay behind. */
function withoutOffset({ config, weights }: ModelDescription): Pick<ModelDescription, "config" | "weights"> {
  const { learnedPositionOffset: offset, learnedPositions } = config;
  if (offset === 0 || !weights.positions) return { config, weights };
  const rows = learnedPositions - offset;
  const positions = { ...weights.positions, rows, first: weights.positions.first + offset };
  return {
    config: {
      ...config,
      learnedPositions: rows,
      learnedPositionOffset: 0,
      uncountedTokenId: undefined,
    },
    weights: { ...weights, positions },
  };
}

interface Conversion {
  architecture: string;
  layout: LayoutTensor[];
  metadata: Map<string, TypedMetadataValue>;
  /** Tensors that hold settings. */
  vectors: Map<string, Float32Array>;
  warnings: string[];
}

async function plan(
  checkpoint: Checkpoint,
  source: ModelDescription,
  options: ConvertOptions,
): Promise<Conversion> {
  const { config, weights } = withoutOffset(source);
  const form = families.find(({ name }) => name === source.family)?.gguf;
  const architecture = form?.writtenAs ?? form?.architectures[0];
  const reader = architecture ? findFamily("gguf", architecture) : undefined;
  const readForm = reader && completeForm(reader, "gguf");
  if (!form?.write || !architecture || !readForm) {
    const writable = families.filter(({ gguf }) => gguf?.write).map(({ name }) => name);
    throw new BaimoError(
      "request",
      `${checkpoint.name}: models of the family "${source.family}" cannot be written as GGUF yet; these can: ${writable.join(", ")}`,
    );
  }
  const metadata = new Map<string, TypedMetadataValue>([
    ["general.architecture", { type: "STRING", value: architecture }],
    ["general.type", { type: "STRING", value: "model" }],
    ["general.name", { type: "STRING", value: options.name ?? source.name }],
    ...toGgufKeys(config, form, architecture),
  ]);
  if (config.tokenTypes > 0)
    metadata.set("tokenizer.ggml.token_type_count", { type: "UINT32", value: config.tokenTypes });
  const warnings = await addTokenizer(checkpoint, source, architecture, metadata, options);

  // The file's own configuration, as far as tensors must be known for it.
  const marks = [...(form.marks?.(config) ?? []), ...(form.packed ? ["blk.0.attn_qkv.weight"] : [])];
  const blank = createBlankSource(config.tiedEmbeddings ? marks : [...marks, "output.weight"]);
  const vectors = ropeTensors(config);
  const facts: CheckpointFacts = {
    has: (name) => blank.tensors.has(name),
    values: (name) => vectors.get(name) && [...vectors.get(name)!],
  };
  const fields = ggufFields(blank.name, plainValues(metadata), facts);
  const written = readForm.readConfig(new ConfigReader(blank.name, fields), facts);
  const layout = layOut(weights, planWeights(blank, written, readForm, facts), blank.shapes);

  // Read back whole, as a reader will: every key must be known, every tensor have its place.
  const back = await describeModel(describe(layout, metadata, vectors));
  warnings.push(...compareConfigs(config, back.config, architecture));
  const window = Math.max(0, ...config.slidingWindow);
  if (form.window === "here" && window > 0 && window < config.contextLength) {
    warnings.push(`the window of ${window} positions for llama.cpp, which has none in "${architecture}"`);
  }
  return { architecture, layout, metadata, vectors, warnings };
}

/** Metadata as a reader of the file sees them. */
function plainValues(metadata: ReadonlyMap<string, TypedMetadataValue>): Map<string, MetadataValue> {
  return new Map(Array.from(metadata, ([key, { value }]) => [key, value]));
}

/** A checkpoint that is only described. */
function describe(
  layout: readonly LayoutTensor[],
  metadata: ReadonlyMap<string, TypedMetadataValue>,
  vectors: ReadonlyMap<string, Float32Array>,
): Checkpoint {
  const info = (name: string, shape: readonly number[]): [string, TensorInfo] => [
    name,
    { name, dtype: "F32", shape, file: 0, offset: 0, byteLength: 0 },
  ];
  const close = async () => {};
  return {
    format: "gguf",
    name: "the GGUF file",
    files: [],
    metadata: plainValues(metadata),
    tensors: new Map([
      ...layout.map(({ name, shape }) => info(name, shape)),
      ...Array.from(vectors, ([name, values]) => info(name, [values.length])),
    ]),
    async readTensor(name) {
      const values = vectors.get(name);
      if (!values) throw new BaimoError("request", `"${name}" is not written yet`);
      return new Uint8Array(values.buffer.slice(0));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The tokenizer's pairs, or those of a model without one; returns what they cannot say. */
async function addTokenizer(
  checkpoint: Checkpoint,
  { config }: ModelDescription,
  architecture: string,
  metadata: Map<string, TypedMetadataValue>,
  { preTokenizer }: ConvertOptions,
): Promise<string[]> {
  const folder = { name: checkpoint.name, read: async (name: string) => checkpoint.folder?.read(name) };
  const files = await readTokenizerFiles(folder, { pieces: true });
  if (files.json === undefined && files.model === undefined) {
    metadata.set("tokenizer.ggml.model", { type: "STRING", value: "none" });
    const ids = { bos: config.bosTokenId, eos: config.eosTokenIds[0] };
    for (const [role, id] of Object.entries(ids)) {
      if (id !== undefined) metadata.set(`tokenizer.ggml.${role}_token_id`, { type: "UINT32", value: id });
    }
    return [`the tokenizer: there is none of ${VOCABULARIES} (${architecture} without a vocabulary)`];
  }
  const { pairs, warnings } = tokenizerToGguf(files, { vocabSize: config.vocabSize, preTokenizer });
  for (const [key, value] of pairs) metadata.set(key, value);
  return warnings;
}
