// Wrong checkpoints are refused by name: unknown settings; missing, odd and spare tensors.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, it } from "node:test";
import { BaimoError, type ErrorCode } from "../src/errors.ts";
import { openCheckpoint, writeSafetensors } from "../src/formats/index.ts";
import { load } from "../src/index.ts";
import { describeModel } from "../src/models/open-model.ts";
import { byteLength, type DType } from "../src/tensor/dtype.ts";
import { golden, readJson } from "./places.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "baimo-config-"));
  await cp(golden("families", "qwen3"), folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

async function describe(options = {}) {
  const checkpoint = await openCheckpoint(folder);
  try {
    return await describeModel(checkpoint, options);
  } finally {
    await checkpoint.close();
  }
}

async function setConfig(changes: object) {
  const file = join(folder, "config.json");
  await writeFile(file, JSON.stringify({ ...readJson(file), ...changes }));
}

/** Writes the weights anew, with some left out and some added. */
async function changeTensors(
  without: string,
  added: readonly { name: string; shape: number[]; dtype?: DType }[] = [],
) {
  const file = join(folder, "model.safetensors");
  const checkpoint = await openCheckpoint(file);
  const tensors = [];
  for (const { name, dtype, shape } of checkpoint.tensors.values()) {
    if (name !== without) tensors.push({ name, dtype, shape, data: await checkpoint.readTensor(name) });
  }
  await checkpoint.close();
  for (const { name, shape, dtype = "F32" } of added) {
    const count = shape.reduce((a, b) => a * b);
    tensors.push({ name, dtype, shape, data: new Uint8Array(byteLength(dtype, count)) });
  }
  await writeSafetensors(file, { tensors });
}

const failsWith = (code: ErrorCode, ...parts: string[]) =>
  assert.rejects(describe(), (error) => {
    assert.ok(error instanceof BaimoError);
    assert.equal(error.code, code);
    for (const part of parts)
      assert.ok(error.message.includes(part), `"${error.message}" does not say ${part}`);
    return true;
  });

it("an unknown setting, unless the caller knows better", async () => {
  await setConfig({ attention_sinks: 4, router_jitter: 0.1 });
  await failsWith("config", '"attention_sinks"', '"router_jitter"', "ignoreConfigKeys");
  const { config } = await describe({ ignoreConfigKeys: ["attention_sinks", "router_jitter"] });
  assert.equal(config.numLayers, 2);
});

it("an unknown setting of a nested record, unless the caller knows better", async () => {
  await setConfig({ rope_scaling: { rope_type: "linear", factor: 2, wobble: 3 } });
  await failsWith("config", '"rope_scaling"', '"wobble"', "ignoreConfigKeys");
  const { config } = await describe({ ignoreConfigKeys: ["wobble"] });
  assert.deepEqual(config.ropes[0].scaling, { type: "linear", factor: 2 });
});

it("a context that is stretched to nothing", async () => {
  for (const rope_type of ["linear", "dynamic", "yarn"]) {
    await setConfig({ rope_scaling: { rope_type, factor: 0 } });
    await failsWith("config", '"rope_scaling": "factor" should be a number above 0, found 0');
  }
});

it("one of several files, with where the others are", async () => {
  const file = join(folder, "model-00001-of-00002.safetensors");
  await changeTensors("model.norm.weight");
  await cp(join(folder, "model.safetensors"), file);
  const checkpoint = await openCheckpoint(file);
  await assert.rejects(describeModel(checkpoint), /"model.norm.weight" .*is missing; .*open their folder$/);
  await checkpoint.close();
});

it("a tokenizer with more tokens than the model has, in a warning", async () => {
  await cp(golden("tokenizers", "synth-qwen2-1"), folder, { recursive: true });
  const model = await load(folder, { threads: 1, contextLength: 16 });
  const [warning] = model.engine.warnings.filter((text) => text.startsWith("the tokenizer has"));
  await model.dispose();
  assert.match(
    warning,
    /^the tokenizer has 1,405 tokens, but the model has weights for 160: .* of this model\?$/,
  );
});

it("a configuration in another encoding", async () => {
  await writeFile(join(folder, "config.json"), Buffer.from('\ufeff{"model_type": "qwen3"}', "utf16le"));
  await failsWith("format", "config.json is not text in UTF-8");
});

it("an unknown model type, with those that are known", async () => {
  await setConfig({ model_type: "sparrow" });
  await failsWith("config", '"sparrow"', "llama", "qwen3");
});

it("a setting of another kind, and one out of range", async () => {
  await setConfig({ hidden_size: "48" });
  await failsWith("config", '"hidden_size"', '"48"');
  await setConfig({ hidden_size: 48, num_hidden_layers: -1 });
  await failsWith("config", '"num_hidden_layers"', "-1");
  await setConfig({ num_hidden_layers: 2, num_key_value_heads: 3 });
  await failsWith("config", "4 heads", "3 key-value heads");
});

it("an activation and a RoPE scaling that are not built", async () => {
  await setConfig({ hidden_act: "selu" });
  await failsWith("config", '"hidden_act"', '"silu"', '"selu"');
  await setConfig({ hidden_act: "silu", rope_scaling: { rope_type: "spiral", factor: 2 } });
  await failsWith("config", '"spiral"', "yarn");
});

it("what stands wrongly within a record or a list", async () => {
  await setConfig({ rope_scaling: { rope_type: "linear", factor: 2, ramp: 3 } });
  await failsWith("config", '"rope_scaling"', '"ramp"');
  await setConfig({ rope_scaling: { rope_type: "linear" } });
  await failsWith("config", '"rope_scaling"', '"factor"', "found nothing");
  await setConfig({ rope_scaling: null, layer_types: ["full_attention"] });
  await failsWith("config", '"layer_types"', "a list of 2 times");
  await setConfig({ layer_types: ["full_attention", "chunked_attention"] });
  await failsWith("config", '"layer_types"', '"sliding_attention"', '"chunked_attention"');
});

it("an option of another family that is not built", async () => {
  await cp(golden("families", "mpt-clip"), folder, { recursive: true });
  const attention = readJson(join(folder, "config.json")).attn_config;
  await setConfig({ attn_config: { ...attention, prefix_lm: true } });
  await failsWith("config", '"attn_config"', '"prefix_lm"', "false");
  await setConfig({ attn_config: { ...attention, kq_shift: 1 } });
  await failsWith("config", '"attn_config"', '"kq_shift"');
  await setConfig({ attn_config: attention, expansion_ratio: "4" });
  await failsWith("config", '"expansion_ratio"', '"4"');
});

it("an option that is known and not built, unless the caller knows better", async () => {
  await setConfig({ add_cross_attention: true, quantization_config: { quant_method: "hqq", bits: 4 } });
  await failsWith("config", '"quant_method"', 'found "hqq"', "awq", "BF16");
  await setConfig({ add_cross_attention: true, quantization_config: null });
  await failsWith("config", '"add_cross_attention"', "false", 'ignoreConfigKeys: ["add_cross_attention"]');
  const ignoreConfigKeys = ["add_cross_attention"];
  await setConfig({ quantization_config: { quant_method: "hqq", bits: 4 } });
  const { config } = await describe({ ignoreConfigKeys: [...ignoreConfigKeys, "quant_method"] });
  assert.equal(config.numLayers, 2);
});

it("a setting by the name that the family has for it", async () => {
  await cp(golden("families", "gpt2-depth"), folder, { recursive: true });
  await setConfig({ n_head: 3.5 });
  await failsWith("config", '"n_head"', "3.5");
});

it("a tensor that is missing", async () => {
  await changeTensors("model.layers.1.mlp.up_proj.weight");
  await failsWith("format", '"model.layers.1.mlp.up_proj.weight"', "[40, 48]");
});

it("a tensor of another shape", async () => {
  await changeTensors("model.norm.weight", [{ name: "model.norm.weight", shape: [47] }]);
  await failsWith("shape", '"model.norm.weight"', "[48]", "[47]");
});

it("a tensor of a type that is not read, with its name", async () => {
  const name = "model.layers.0.mlp.up_proj.weight";
  await changeTensors(name, [{ name, shape: [40, 48], dtype: "U16" }]);
  await failsWith("format", `"${name}" has type U16`, "BF16");
});

it("a tensor that has no place in the model", async () => {
  await changeTensors("", [{ name: "model.layers.0.self_attn.q_proj.bias", shape: [64] }]);
  await failsWith("format", '"model.layers.0.self_attn.q_proj.bias"');
});

it("a config.json that is not one", async () => {
  await writeFile(join(folder, "config.json"), "[1, 2");
  await failsWith("format", "config.json");
  await writeFile(join(folder, "config.json"), await readFile(join(folder, "golden.json")));
  await failsWith("config", '"model_type"', "found nothing");
});
