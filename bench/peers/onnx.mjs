// Converts a GGUF file of the Llama line to an ONNX graph with the same quantised weights.
//
// For @huggingface/transformers. Q4_0 blocks become MatMulNBits of 4 bits, those of Q8_0 and Q6_K of 8.
//
// For @huggingface/transformers. Q4_0 blocks become MatMulNBits of 4 bits, those of Q8_0 and Q6_K of 8.
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import protobuf from "protobufjs";
import { dequantize, halfToFloat, openCheckpoint } from "../../dist/src/formats/index.js";

/** What of onnx.proto (https://github.com/onnx/onnx, IR version 10) such a graph needs. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Model { int64 ir_version = 1; string producer_name = 2; Graph graph = 7; repeated Opset opset_import = 8; }
  message Opset { string domain = 1; int64 version = 2; }
  message Graph {
    repeated Node node = 1; string name = 2; repeated Tensor initializer = 5;
    repeated Value input = 11; repeated Value output = 12;
  }
  message Node {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated Attribute attribute = 5; string domain = 7;
  }
  message Attribute { string name = 1; float f = 2; int64 i = 3; int32 type = 20; }
  message Tensor {
    repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9;
    repeated Entry external_data = 13; int32 data_location = 14;
  }
  message Entry { string key = 1; string value = 2; }
  message Value { string name = 1; Type type = 2; }
  message Type { TensorType tensor_type = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Shape { repeated Dim dim = 1; }
  message Dim { int64 dim_value = 1; string dim_param = 2; }
`);
const Model = root.lookupType("Model");

const [FLOAT, UINT8, INT32, INT64] = [1, 2, 6, 7];
const EXTERNAL = 1;
const OPSETS = [
  { domain: "", version: 21 },
  { domain: "com.microsoft", version: 1 },
];

/**
 * How MatMulNBits has the blocks of a type: bits of a level, values with one scale. And of a stored block: its bytes, where its
 * half is, and how many factors of a byte, from where on, make scales of it.
 */
const forms = {
  Q4_0: { bits: 4, block: 32, bytes: 18, half: 0 },
  Q8_0: { bits: 8, block: 32, bytes: 34, half: 0 },
  Q6_K: { bits: 8, block: 16, bytes: 210, half: 208, factors: 16, factorsFrom: 192 },
};

function scalesOf({ block, bytes: size, half, factors = 1, factorsFrom }, bytes, count) {
  const halves = new Uint16Array(bytes.length / size);
  for (let i = 0, at = half; i < halves.length; i++, at += size) halves[i] = bytes[at] | (bytes[at + 1] << 8);
  const scales = halfToFloat(halves);
  if (factorsFrom === undefined) return scales;
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: count / block }, (_, i) => {
    const stored = Math.floor(i / factors);
    return scales[stored] * signed[stored * size + factorsFrom + (i % factors)];
  });
}

/** Levels and scales of a matrix as MatMulNBits takes them: value = (level - 2^(bits - 1)) * scale. */
function blocksOf(dtype, bytes, count) {
  const form = forms[dtype];
  if (!form) throw new Error(`MatMulNBits has no form for ${dtype}`);
  const { bits, block } = form;
  const values = dequantize(dtype, bytes, count);
  const scales = scalesOf(form, bytes, count);
  const levels = new Uint8Array((count * bits) / 8);
  for (let k = 0; k < count; k++) {
    const scale = scales[Math.floor(k / block)];
    const signed = scale === 0 ? 0 : Math.round(values[k] / scale);
    if (!(Math.abs(signed * scale - values[k]) <= 1e-6 * Math.abs(values[k]))) {
      throw new Error(`value ${k} of a ${dtype} matrix is ${values[k]}, not ${signed} times ${scale}`);
    }
    const level = signed + (1 << (bits - 1));
    if (bits === 8) levels[k] = level;
    else levels[k >> 1] |= level << (4 * (k & 1));
  }
  return { bits, block, levels, scales };
}

/**
 * Writes `<model>-onnx/` beside a GGUF file, unless it is there: config.json and onnx/model.onnx with its data. Returns it.
 */
export async function prepareOnnx(path) {
  const folder = path.replace(/\.gguf$/, "-onnx");
  if (existsSync(folder)) return folder;
  console.error(`bench: making ${folder}`);
  const making = `${folder}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(join(making, "onnx"), { recursive: true });
  const checkpoint = await openCheckpoint(path);
  const data = openSync(join(making, "onnx", "model.onnx_data"), "w");
  try {
    const shape = shapeOf(checkpoint);
    const graph = await buildGraph(checkpoint, shape, data);
    const model = { irVersion: 10, producerName: "baimo bench", graph, opsetImport: OPSETS };
    writeFileSync(join(making, "onnx", "model.onnx"), Model.encode(Model.fromObject(model)).finish());
    writeFileSync(join(making, "config.json"), JSON.stringify(configOf(shape), undefined, 2));
  } finally {
    closeSync(data);
    await checkpoint.close();
  }
  renameSync(making, folder);
  return folder;
}

function shapeOf({ metadata }) {
  const architecture = metadata.get("general.architecture");
  if (architecture !== "llama" || metadata.has("llama.expert_count")) {
    throw new Error(`a graph is made of dense models of the llama line alone, not of ${architecture}`);
  }
  const get = (name) => Number(metadata.get(`llama.${name}`));
  const [hidden, heads] = [get("embedding_length"), get("attention.head_count")];
  return {
    hidden,
    heads,
    kvHeads: get("attention.head_count_kv"),
    headDim: hidden / heads,
    layers: get("block_count"),
    intermediate: get("feed_forward_length"),
    context: get("context_length"),
    epsilon: get("attention.layer_norm_rms_epsilon"),
    theta: get("rope.freq_base") || 10_000,
    vocab: metadata.get("tokenizer.ggml.tokens").length,
  };
}

const configOf = (shape) => ({
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  hidden_size: shape.hidden,
  intermediate_size: shape.intermediate,
  vocab_size: shape.vocab,
  num_attention_heads: shape.heads,
  num_key_value_heads: shape.kvHeads,
  head_dim: shape.headDim,
  num_hidden_layers: shape.layers,
  max_position_embeddings: shape.context,
  "transformers.js_config": { use_external_data_format: true },
});

/** The graph; its weights go to the open file `data`. */
async function buildGraph(checkpoint, shape, data) {
  const { heads, kvHeads, headDim, layers, epsilon, vocab } = shape;
  const graph = { name: basename(checkpoint.name), node: [], initializer: [], input: [], output: [] };
  let written = 0;
  const external = (name, dims, dataType, values) => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const place = Object.entries({ location: "model.onnx_data", offset: written, length: bytes.length });
    const externalData = place.map(([key, value]) => ({ key, value: String(value) }));
    graph.initializer.push({ name, dims, dataType, externalData, dataLocation: EXTERNAL });
    writeFileSync(data, bytes);
    written += bytes.length;
    return name;
  };
  const constant = (name, dims, dataType, values) => {
    graph.initializer.push({ name, dims, dataType, rawData: new Uint8Array(values.buffer) });
    return name;
  };
  const node = (opType, input, output, attributes = {}, domain = "") => {
    const attribute = Object.entries(attributes).map(([name, value]) =>
      Number.isInteger(value) ? { name, i: value, type: 2 } : { name, f: value, type: 1 },
    );
    graph.node.push({ name: output[0], opType, input, output, attribute, domain });
    return output[0];
  };
  const ofMicrosoft = (opType, input, output, attributes) =>
    node(opType, input, output, attributes, "com.microsoft");
  const value = (name, elemType, dims) => ({
    name,
    type: {
      tensorType: {
        elemType,
        shape: { dim: dims.map((dim) => (typeof dim === "number" ? { dimValue: dim } : { dimParam: dim })) },
      },
    },
  });
  const floats = async (name) => {
    const { dtype, shape: dims } = checkpoint.tensors.get(name);
    const count = dims.reduce((a, b) => a * b);
    return external(name, dims, FLOAT, dequantize(dtype, await checkpoint.readTensor(name), count));
  };
  const multiply = async (input, name, output) => {
    const { dtype, shape: dims } = checkpoint.tensors.get(name);
    const [rows, cols] = dims;
    const { bits, block, levels, scales } = blocksOf(dtype, await checkpoint.readTensor(name), rows * cols);
    const blocks = cols / block;
    const weights = [
      external(`${name}.levels`, [rows, blocks, (block * bits) / 8], UINT8, levels),
      external(`${name}.scales`, [rows * blocks], FLOAT, scales),
    ];
    // activations rounded to 8 bits, as this engine and llama.cpp round them
    const attributes = { K: cols, N: rows, bits, block_size: block, accuracy_level: 4 };
    return ofMicrosoft("MatMulNBits", [input, ...weights], [output], attributes);
  };

  graph.input.push(value("input_ids", INT64, ["batch_size", "tokens"]));
  graph.input.push(value("attention_mask", INT64, ["batch_size", "length"]));
  graph.input.push(value("num_logits_to_keep", INT64, []));
  graph.output.push(value("logits", FLOAT, ["batch_size", "kept", vocab]));

  const int64 = (...values) => BigInt64Array.from(values, BigInt);
  const first = constant("first", [1], INT64, int64(1));
  node("ReduceSum", ["attention_mask", first], ["lengths"], { keepdims: 0 });
  node("Sub", ["lengths", constant("one", [], INT64, int64(1))], ["last"]);
  node("Cast", ["last"], ["seqlens_k"], { to: INT32 });
  node("Shape", ["attention_mask"], ["mask_shape"]);
  node("Gather", ["mask_shape", "one"], ["length"]);
  node("Cast", ["length"], ["total_length"], { to: INT32 });
  angles(shape, external);

  let hidden = node("Gather", [await floats("token_embd.weight"), "input_ids"], ["embedded"]);
  let normed = node(
    "SimplifiedLayerNormalization",
    [hidden, await floats("blk.0.attn_norm.weight")],
    ["normed.0"],
    { epsilon, axis: -1 },
  );
  for (let l = 0; l < layers; l++) {
    const name = (part) => `blk.${l}.${part}`;
    const weight = (part) => name(`${part}.weight`);
    const past = ["key", "value"].map((part) => `past_key_values.${l}.${part}`);
    const present = ["key", "value"].map((part) => `present.${l}.${part}`);
    for (const input of past) graph.input.push(value(input, FLOAT, ["batch_size", kvHeads, "past", headDim]));
    for (const output of present)
      graph.output.push(value(output, FLOAT, ["batch_size", kvHeads, "length", headDim]));
    const query = await multiply(normed, weight("attn_q"), name("query"));
    const key = await multiply(normed, weight("attn_k"), name("key"));
    const values = await multiply(normed, weight("attn_v"), name("value"));
    ofMicrosoft(
      "GroupQueryAttention",
      [query, key, values, ...past, "seqlens_k", "total_length", "cos", "sin"],
      [name("attended"), ...present],
      { num_heads: heads, kv_num_heads: kvHeads, do_rotary: 1, rotary_interleaved: 1 },
    );
    const mixed = await multiply(name("attended"), weight("attn_output"), name("mixed"));
    const addAndNorm = async (added, norm, to) => {
      const outputs = [`${to}.normed`, "", "", `${to}.hidden`];
      ofMicrosoft("SkipSimplifiedLayerNormalization", [hidden, added, await floats(norm)], outputs, {
        epsilon,
      });
      [normed, , , hidden] = outputs;
    };
    await addAndNorm(mixed, weight("ffn_norm"), name("middle"));
    const gate = await multiply(normed, weight("ffn_gate"), name("gate"));
    const up = await multiply(normed, weight("ffn_up"), name("up"));
    node("Sigmoid", [gate], [name("sigmoid")]);
    node("Mul", [gate, name("sigmoid")], [name("silu")]);
    node("Mul", [name("silu"), up], [name("inner")]);
    const answer = await multiply(name("inner"), weight("ffn_down"), name("answer"));
    const next = l + 1 < layers ? `blk.${l + 1}.attn_norm.weight` : "output_norm.weight";
    await addAndNorm(answer, next, name("end"));
  }
  node("Neg", ["num_logits_to_keep"], ["from"]);
  node("Reshape", ["from", first], ["starts"]);
  const end = constant("end", [1], INT64, int64(2 ** 40));
  const kept = node("Slice", [normed, "starts", end, first], ["kept"]);
  await multiply(kept, "output.weight", "logits");
  return graph;
}

/** cos and sin of all positions, [context, headDim / 2]. */
function angles({ context, headDim, theta }, external) {
  const pairs = headDim / 2;
  const angle = (i) => Math.floor(i / pairs) * theta ** (-(i % pairs) / pairs);
  for (const name of ["cos", "sin"]) {
    const values = Float32Array.from({ length: context * pairs }, (_, i) => Math[name](angle(i)));
    external(name, [context, pairs], FLOAT, values);
  }
}
