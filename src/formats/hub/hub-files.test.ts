// Names of models on the Hub, and which files of a repository they select.
import assert from "node:assert/strict";
import { test } from "node:test";
import { is } from "../test-errors.ts";
import { chooseFiles, parseHubSpec } from "./hub-files.ts";

test("specifications are read", () => {
  assert.deepEqual(parseHubSpec("hf:a/b"), { repo: "a/b", quantisation: undefined, revision: "main" });
  assert.deepEqual(parseHubSpec("hf:a-1/b.c_d:Q4_K_M@refs/pr/1"), {
    repo: "a-1/b.c_d",
    quantisation: "Q4_K_M",
    revision: "refs/pr/1",
  });
  for (const bad of [
    "hf:a",
    "hf:a/b/c",
    "a/b",
    "hf:../b",
    "hf:a/..",
    "hf:a/b@../x",
    "hf:a/b@x/../../y",
    "hf:a/b:",
    "hf:a/b@",
    "hf:a/b c",
  ]) {
    assert.throws(() => parseHubSpec(bad), is("request", /does not name a model on the Hub/), bad);
  }
});

test("files are chosen by quantisation", () => {
  const choose = (names: string[], quantisation?: string) =>
    chooseFiles(names, { repo: "a/b", quantisation, revision: "main" });
  const many = [
    "x-Q2_K.gguf",
    "x-q4_k_m.gguf",
    "x-Q8_0.gguf",
    "x-IQ4_XS.gguf",
    "mmproj-x-F16.gguf",
    "x.imatrix.gguf",
    "README.md",
  ];
  assert.equal(choose(many).open, "x-q4_k_m.gguf");
  assert.equal(choose(many.filter((n) => !n.includes("q4_k_m"))).open, "x-Q8_0.gguf");
  assert.equal(choose(many, "iq4_xs").open, "x-IQ4_XS.gguf");
  assert.equal(choose(["Qwen3-0.6B.gguf"]).open, "Qwen3-0.6B.gguf");
  assert.equal(choose(["x-UD-Q4_K_XL.gguf"]).open, "x-UD-Q4_K_XL.gguf");
  assert.equal(choose(["x-F16.gguf", "x-Q5_K_M.gguf", "x-Q6_K.gguf"]).open, "x-Q5_K_M.gguf");
  assert.throws(
    () => choose(["x-Q2_K.gguf", "x-Q3_K_S.gguf"]),
    is("request", /several GGUF files.*Q2_K, Q3_K_S/),
  );
  assert.throws(
    () => choose(["a-Q8_0.gguf", "b-Q8_0.gguf"]),
    is("request", /could be any of a-Q8_0.gguf, b-Q8_0.gguf; name the file, as in hf:a\/b:a-Q8_0.gguf/),
  );
  assert.equal(choose(["a-Q8_0.gguf", "sub/b-Q8_0.gguf"], "B-q8_0.gguf").open, "sub/b-Q8_0.gguf");
  assert.equal(choose(["a-Q8_0.gguf", "b-Q8_0.gguf"], "b-Q8_0").open, "b-Q8_0.gguf");

  const adapter = ["README.md", "adapter_config.json", "adapter_model.safetensors"];
  assert.deepEqual(choose(adapter), { files: adapter.slice(1) });

  const parts = ["Q8_0/x-Q8_0-00002-of-00002.gguf", "Q8_0/x-Q8_0-00001-of-00002.gguf", "x-Q2_K.gguf"];
  assert.deepEqual(choose(parts), { open: "Q8_0/x-Q8_0-00001-of-00002.gguf", files: [parts[1], parts[0]] });
  assert.deepEqual(choose(parts, "x-Q8_0-00001-of-00002.gguf").files, [parts[1], parts[0]]);
  assert.throws(() => choose(parts.slice(0, 1)), is("request", /has 1 of its 2 parts/));

  const folder = [
    "config.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
    "tokenizer.model",
    "training_args.bin",
    "onnx/model.onnx",
    "merges.txt",
  ];
  assert.deepEqual(choose(folder), { files: folder.filter((n) => !/training|onnx/.test(n)) });
  assert.throws(() => choose(folder, "Q8_0"), is("request", /not GGUF/));
  assert.throws(
    () => choose(folder.filter((n) => !n.includes("00002-of"))),
    is("request", /has 1 of its 2 shards of weights/),
  );
  assert.throws(
    () => choose(folder.filter((n) => !n.includes("index"))),
    is("request", /2 shards of weights, but no model.safetensors.index.json/),
  );
  // A quantisation of the usual ones comes before safetensors, these before any other GGUF and before pickles.
  const both = [...folder, "pytorch_model.bin", "x-F32.gguf"];
  assert.deepEqual(choose(both), choose(folder));
  assert.equal(choose([...both, "x-Q4_K_M.gguf"]).open, "x-Q4_K_M.gguf");
  assert.equal(choose(both, "f32").open, "x-F32.gguf");
  const pickled = ["config.json", "pytorch_model.bin", "optimizer.bin", "pytorch_model-00001-of-00002.bin"];
  assert.deepEqual(choose(pickled).files, ["config.json", "pytorch_model.bin"]);
  assert.throws(() => choose(pickled, "Q8_0"), is("request", /has PyTorch files, not GGUF/));
  assert.throws(
    () => choose(["flax_model.msgpack"]),
    is(
      "request",
      /neither .gguf nor model.safetensors nor pytorch_model.bin files; it has flax_model.msgpack/,
    ),
  );
  assert.throws(() => choose([]), is("request", /it has no files/));
});
