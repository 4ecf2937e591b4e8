// Quantised checkpoints that are not what they say: refused, with the tensor and the file.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { golden, readJson } from "../../../test/places.ts";
import { BaimoError, type ErrorCode } from "../../errors.ts";
import { openCheckpoint, type TensorToWrite, writeSafetensors } from "../../formats/index.ts";
import { describeModel } from "../open-model.ts";

const folder = await mkdtemp(join(tmpdir(), "baimo-quantized-"));
after(() => rm(folder, { recursive: true }));

type Change = (tensor: TensorToWrite) => TensorToWrite | undefined;

/** Describes a golden set with other tensors or settings of its quantisation. */
async function describeChanged(set: string, settings: object, change: Change = (tensor) => tensor) {
  const source = await openCheckpoint(golden("quantized", set));
  const tensors: TensorToWrite[] = [];
  for (const { name, dtype, shape } of source.tensors.values()) {
    const changed = change({ name, dtype, shape, data: await source.readTensor(name) });
    if (changed) tensors.push(changed);
  }
  await source.close();
  const config = readJson(golden("quantized", set, "config.json"));
  const quantization = { ...config.quantization_config, ...settings };
  await writeFile(
    join(folder, "config.json"),
    JSON.stringify({ ...config, quantization_config: quantization }),
  );
  await writeSafetensors(join(folder, "model.safetensors"), { tensors });
  const checkpoint = await openCheckpoint(folder);
  try {
    return await describeModel(checkpoint);
  } finally {
    await checkpoint.close();
  }
}

const layer = "model.layers.0.self_attn.q_proj";
const without =
  (name: string): Change =>
  (tensor) =>
    tensor.name === `${layer}.${name}` ? undefined : tensor;
/** A tensor of another shape, type or bytes. */
const replaced =
  (name: string, fields: Partial<TensorToWrite>, bytes: number, byte = 0): Change =>
  (tensor) =>
    tensor.name === `${layer}.${name}`
      ? { ...tensor, ...fields, data: new Uint8Array(bytes).fill(byte) }
      : tensor;

const cases: readonly [string, string, object, Change | undefined, ErrorCode, ...string[]][] = [
  [
    "an FP8 weight without scales",
    "fp8-block-qwen3",
    {},
    without("weight_scale_inv"),
    "format",
    `"${layer}.weight_scale_inv" is missing`,
  ],
  [
    "FP8 scales of another shape",
    "fp8-block-qwen3",
    {},
    replaced("weight_scale_inv", { shape: [3, 2] }, 12),
    "shape",
    `"${layer}.weight_scale_inv"`,
    "[3, 2]",
    "[2, 2] for blocks of 32 x 32",
    "model.safetensors",
  ],
  [
    "FP8 scales of another type",
    "fp8-block-qwen3",
    {},
    replaced("weight_scale_inv", { dtype: "I16" }, 8),
    "format",
    "should be F32",
    "found I16",
  ],
  [
    "blocks of no size",
    "fp8-block-qwen3",
    { weight_block_size: [0, 128] },
    undefined,
    "config",
    '"weight_block_size"',
    "[0,128]",
  ],
  [
    "an FP8 format that is not known",
    "fp8-block-qwen3",
    { fmt: "e3m4" },
    undefined,
    "config",
    '"fmt"',
    "e3m4",
  ],
  ["GPTQ of 5 bits", "gptq4", { bits: 5 }, undefined, "config", '"bits"', "found 5"],
  ["GPTQ of absurdly many bits", "gptq4", { bits: 1e9 }, undefined, "config", '"bits"', "1000000000"],
  [
    "GPTQ of other bits than its tensors",
    "gptq4",
    { bits: 8 },
    undefined,
    "shape",
    `"model.layers.0.mlp.down_proj.scales"`,
    "model.safetensors",
  ],
  ["groups that do not divide", "gptq4", { group_size: 24 }, undefined, "shape", "groups of 24"],
  ["groups of no size", "gptq4", { group_size: 0 }, undefined, "shape", "groups of 0"],
  [
    "a group that is not there",
    "gptq4",
    {},
    replaced("g_idx", {}, 256, 127),
    "format",
    `"${layer}.g_idx"`,
    "column 0",
    "there are 2 groups",
    "model.safetensors",
  ],
  [
    "zero points that are not there",
    "gptq4",
    {},
    without("qzeros"),
    "format",
    `"${layer}.qzeros" is missing`,
  ],
  [
    "GPTQ for Marlin",
    "gptq4",
    { checkpoint_format: "marlin" },
    undefined,
    "config",
    '"checkpoint_format"',
    "marlin",
    "gptq_v2",
  ],
  ["an unknown setting", "gptq4", { turned: true }, undefined, "config", '"turned"'],
  ["AWQ by another layout", "awq-llama", { version: "gemv" }, undefined, "config", '"version"', "gemv"],
  ["AWQ without zero points", "awq-llama", { zero_point: false }, undefined, "config", '"zero_point"'],
  [
    "AWQ scales of another shape",
    "awq-llama",
    {},
    replaced("scales", { shape: [4, 32] }, 256),
    "shape",
    `"${layer}.scales"`,
    "model.safetensors",
  ],
  [
    "a shape that its tensor does not have",
    "ct-pack4",
    {},
    replaced("weight_shape", {}, 16),
    "shape",
    `"${layer}.weight_shape"`,
    "[0, 0]",
  ],
  [
    "packed words without scales",
    "ct-pack4",
    {},
    without("weight_scale"),
    "format",
    `"${layer}.weight_scale" is missing`,
  ],
  [
    "sparse weights",
    "ct-pack4",
    { sparsity_config: { format: "sparse-24-bitmask" } },
    undefined,
    "config",
    '"sparsity_config"',
    "sparse-24-bitmask",
  ],
  [
    "rotated activations",
    "ct-pack4",
    { transform_config: { config_groups: { u: {} } } },
    undefined,
    "config",
    '"transform_config"',
  ],
  [
    "NVFP4 without its scale of scales",
    "ct-nvfp4",
    {},
    without("weight_global_scale"),
    "format",
    `"${layer}.weight_global_scale" is missing`,
  ],
  [
    "bitsandbytes",
    "gptq4",
    { quant_method: "bitsandbytes" },
    undefined,
    "config",
    '"bitsandbytes"',
    "gptq",
    "GGUF",
  ],
];

for (const [what, set, settings, change, code, ...parts] of cases) {
  test(what, () =>
    assert.rejects(describeChanged(set, settings, change), (error) => {
      assert.ok(error instanceof BaimoError, String(error));
      for (const part of parts)
        assert.ok(error.message.includes(part), `${part} is not in: ${error.message}`);
      assert.equal(error.code, code);
      return true;
    }),
  );
}
