// Where each weight of a model lies in its checkpoint: plain data that can be sent to a worker, and the reading of it.
import { BaimoError } from "../errors.ts";
import type { ByteSource } from "../formats/byte-source.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { dequantize } from "../formats/dequantize.ts";
import type { TensorInfo } from "../formats/tensor-info.ts";
import type { MatrixSource, VectorSource } from "../tensor/backend.ts";
import { byteLength, type DType } from "../tensor/dtype.ts";
import type { ModelConfig } from "./config.ts";
import type { Dialect, TensorNames } from "./families/family.ts";

/** Rows of a matrix (or a vector, as one row) in a file. */
export interface TensorPlan {
  readonly name: string;
  readonly file: number;
  readonly offset: number;
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  /** Rows of each head of this size are stored with RoPE's pairs interleaved; reading puts them into halves. */
  readonly interleaved?: number;
  readonly bias?: TensorPlan;
}

/** A gated MLP. */
export interface MlpPlan {
  readonly gate: TensorPlan;
  readonly up: TensorPlan;
  readonly down: TensorPlan;
}

/** One block. */
export interface LayerPlan {
  readonly attentionNorm: TensorPlan;
  readonly query: TensorPlan;
  readonly key: TensorPlan;
  readonly value: TensorPlan;
  readonly queryNorm?: TensorPlan;
  readonly keyNorm?: TensorPlan;
  readonly output: TensorPlan;
  readonly mlpNorm: TensorPlan;
  readonly mlp: MlpPlan | { readonly router: TensorPlan; readonly experts: readonly MlpPlan[] };
}

/** A whole model. Without `head` the embedding matrix serves as one. */
export interface WeightPlan {
  readonly embedding: TensorPlan;
  readonly layers: readonly LayerPlan[];
  readonly finalNorm: TensorPlan;
  readonly head?: TensorPlan;
}

/** Tensors that some publishers leave in and that say nothing which the config does not. */
const ignorable = /rotary_emb\.inv_freq$|\.masked_bias$|\.attn\.bias$|^rope_freqs\.weight$/;

/**
 * Finds every weight, and checks its shape.
 * @throws {BaimoError} `format` when a tensor is missing or left over, `shape` when its shape is another
 */
export function planWeights(
  checkpoint: Checkpoint,
  config: ModelConfig,
  names: TensorNames,
  options: { dialect: Dialect; interleavedRope: boolean },
): WeightPlan {
  const { hiddenSize: hidden, intermediateSize: intermediate, headDim, vocabSize } = config;
  const used = new Set<string>();
  const queryRows = config.numHeads * headDim;
  const keyRows = config.numKvHeads * headDim;

  const find = (name: string, shape: readonly number[]): TensorInfo => {
    const tensor = checkpoint.tensors.get(name);
    if (!tensor) {
      throw new BaimoError(
        "format",
        `${checkpoint.name}: tensor "${name}" of shape [${shape.join(", ")}] is missing`,
      );
    }
    used.add(name);
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, i) => size !== shape[i])) {
      throw new BaimoError(
        "shape",
        `${checkpoint.name}: tensor "${name}" should have shape [${shape.join(", ")}], found [${tensor.shape.join(", ")}]`,
      );
    }
    return tensor;
  };
  const vector = (name: string, length: number, interleaved?: number): TensorPlan => {
    const { file, offset, dtype } = find(name, [length]);
    // As a column, so that permuting rows permutes values; the types of vectors have blocks of one value.
    return interleaved
      ? { name, file, offset, dtype, rows: length, cols: 1, interleaved }
      : { name, file, offset, dtype, rows: 1, cols: length };
  };
  /** A bias is read where the config asks for one, and in GGUF wherever there is one. */
  const bias = (base: string, rows: number, wanted: boolean, interleaved?: number) => {
    const there = options.dialect === "gguf" && checkpoint.tensors.has(`${base}.bias`);
    return wanted || there ? vector(`${base}.bias`, rows, interleaved) : undefined;
  };
  const matrix = (base: string, rows: number, cols: number, hasBias = false, rotated = false): TensorPlan => {
    const { file, offset, dtype } = find(`${base}.weight`, [rows, cols]);
    const interleaved = rotated && options.interleavedRope ? headDim : undefined;
    return {
      ...{ name: `${base}.weight`, file, offset, dtype, rows, cols, interleaved },
      bias: bias(base, rows, hasBias, interleaved),
    };
  };

  const layers = Array.from({ length: config.numLayers }, (_, l): LayerPlan => {
    const at = (name: string) => name.replace("{l}", String(l));
    const expert = (name: string, e: number, rows: number, cols: number): TensorPlan => {
      if (name.includes("{e}")) return matrix(at(name).replace("{e}", String(e)), rows, cols);
      const stacked = find(`${at(name)}.weight`, [config.numExperts, rows, cols]);
      const { file, dtype } = stacked;
      const offset = stacked.offset + e * rows * byteLength(dtype, cols);
      return { name: `${at(name)}.weight[${e}]`, file, offset, dtype, rows, cols };
    };
    const { mlpBias, qkvBias, outputBias } = config;
    return {
      attentionNorm: vector(`${at(names.attentionNorm)}.weight`, hidden),
      query: matrix(at(names.query), queryRows, hidden, qkvBias, true),
      key: matrix(at(names.key), keyRows, hidden, qkvBias, true),
      value: matrix(at(names.value), keyRows, hidden, qkvBias),
      queryNorm: config.qkNorm ? vector(`${at(names.queryNorm)}.weight`, headDim) : undefined,
      keyNorm: config.qkNorm ? vector(`${at(names.keyNorm)}.weight`, headDim) : undefined,
      output: matrix(at(names.output), hidden, queryRows, outputBias),
      mlpNorm: vector(`${at(names.mlpNorm)}.weight`, hidden),
      mlp:
        config.numExperts > 0
          ? {
              router: matrix(at(names.router), config.numExperts, hidden),
              experts: Array.from({ length: config.numExperts }, (_, e) => ({
                gate: expert(names.expertGate, e, intermediate, hidden),
                up: expert(names.expertUp, e, intermediate, hidden),
                down: expert(names.expertDown, e, hidden, intermediate),
              })),
            }
          : {
              gate: matrix(at(names.gate), intermediate, hidden, mlpBias),
              up: matrix(at(names.up), intermediate, hidden, mlpBias),
              down: matrix(at(names.down), hidden, intermediate, mlpBias),
            },
    };
  });
  const plan: WeightPlan = {
    embedding: matrix(names.embedding, vocabSize, hidden),
    layers,
    finalNorm: vector(`${names.finalNorm}.weight`, hidden),
    head: config.tiedEmbeddings ? undefined : matrix(names.head, vocabSize, hidden),
  };
  if (config.tiedEmbeddings) used.add(`${names.head}.weight`);
  const left = [...checkpoint.tensors.keys()].filter((name) => !used.has(name) && !ignorable.test(name));
  if (left.length > 0) {
    const shown = left.slice(0, 5).map((name) => `"${name}"`);
    throw new BaimoError(
      "format",
      `${checkpoint.name}: ${left.length} tensors have no place in a model of architecture "${config.architecture}": ` +
        `${shown.join(", ")}${left.length > 5 ? ", …" : ""}; its config does not tell of them`,
    );
  }
  return plan;
}

/** Reads tensors of a plan from its files. Keeps one buffer for rows that must change places. */
export interface WeightReader {
  matrix(plan: TensorPlan): MatrixSource;
  vector(plan: TensorPlan): VectorSource;
}

/** Makes a reader. What it returns reads one thing after another, never two at once. */
export function createWeightReader(files: readonly ByteSource[]): WeightReader {
  let buffer = new Uint8Array(0);

  /** Fills target with rows in file form, halves of each head in order. Synchronous where the source can be. */
  const readRows = (
    plan: TensorPlan,
    firstRow: number,
    rows: number,
    target: Uint8Array,
  ): void | Promise<void> => {
    const source = files[plan.file];
    const rowBytes = byteLength(plan.dtype, plan.cols);
    const read = (into: Uint8Array, row: number) => {
      const offset = plan.offset + row * rowBytes;
      return source.readIntoSync ? source.readIntoSync(into, offset) : source.readInto(into, offset);
    };
    const headDim = plan.interleaved;
    if (!headDim) return read(target, firstRow);
    const firstHead = Math.floor(firstRow / headDim);
    const bytes = (Math.ceil((firstRow + rows) / headDim) - firstHead) * headDim * rowBytes;
    if (buffer.length < bytes) buffer = new Uint8Array(bytes);
    const permute = () => {
      for (let i = 0; i < rows; i++) {
        const row = firstRow + i - firstHead * headDim;
        const within = row % headDim;
        const pair = within % (headDim / 2);
        const from = row - within + 2 * pair + (within < headDim / 2 ? 0 : 1);
        target.set(buffer.subarray(from * rowBytes, (from + 1) * rowBytes), i * rowBytes);
      }
    };
    const reading = read(buffer.subarray(0, bytes), firstHead * headDim);
    return reading ? reading.then(permute) : permute();
  };

  const vector = (plan: TensorPlan): VectorSource => {
    const length = plan.rows * plan.cols;
    return {
      name: plan.name,
      length,
      async read() {
        const raw = new Uint8Array(byteLength(plan.dtype, length));
        await readRows(plan, 0, plan.rows, raw);
        return dequantize(plan.dtype, raw, length);
      },
    };
  };
  return {
    vector,
    matrix: (plan) => {
      const { name, dtype, rows, cols, bias } = plan;
      return {
        ...{ name, dtype, rows, cols },
        bias: bias && vector(bias),
        read: (firstRow, count, target) => readRows(plan, firstRow, count, target),
      };
    },
  };
}
