// The name of a model whose checkpoint has none.
import assert from "node:assert/strict";
import { it } from "node:test";
import { nameFromPath } from "./open-model.ts";

it("a model without a title is called after its place", () => {
  const names = {
    "models/qwen3-q8_0.gguf": "qwen3-q8_0",
    "/data/Qwen3-0.6B/model.safetensors": "Qwen3-0.6B",
    "C:\\models\\yi\\model-00001-of-00002.safetensors": "yi",
    "/cache/models--Qwen--Qwen3-0.6B/snapshots/c1899de289a04d12100db370d81485cdf75e47ca/model.safetensors":
      "Qwen/Qwen3-0.6B",
    "model.safetensors": "model",
    "/data/opt-350m/pytorch_model.bin": "opt-350m",
    "llama/consolidated.pth": "consolidated",
    "https://example.org/llama/model.safetensors": "llama",
  };
  for (const [path, name] of Object.entries(names)) assert.equal(nameFromPath(path), name);
});
