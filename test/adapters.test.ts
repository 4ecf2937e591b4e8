// Adapters: as merged weights, several in a batch bit for bit as alone, wrong ones refused.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { dequantize, openCheckpoint, writeGguf, writeSafetensors } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import type { TraceableModel } from "../src/generate/model.ts";
import type { AdapterChoice } from "../src/generate/types.ts";
import { convertToGguf } from "../src/models/gguf/convert.ts";
import { createRandom } from "../src/random.ts";
import { golden, maxDifference, readJson } from "./places.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-adapters-"));
after(() => rmSync(folder, { recursive: true }));

/** A matrix [rows, cols] of small values. */
interface Thin {
  readonly name: string;
  readonly shape: readonly [number, number];
  readonly values: Float32Array;
}

function thin(name: string, rows: number, cols: number, seed: number): Thin {
  const random = createRandom(seed);
  const values = Float32Array.from({ length: rows * cols }, () => 0.1 * random.normal());
  return { name, shape: [rows, cols], values };
}

const tensorOf = ({ name, shape, values }: Thin) => ({
  name,
  shape: [...shape],
  dtype: "F32" as const,
  data: new Uint8Array(values.buffer),
});

/** Both halves of adapters of modules, [module, in, out]. */
function halves(modules: readonly (readonly [string, number, number])[], rank: number, seed: number): Thin[] {
  return modules.flatMap(([module, cols, rows], i) => [
    thin(`base_model.model.${module}.lora_A.weight`, rank, cols, seed + 2 * i),
    thin(`base_model.model.${module}.lora_B.weight`, rows, rank, seed + 2 * i + 1),
  ]);
}

let files = 0;
/** A folder in PEFT's layout. */
async function writePeft(tensors: readonly Thin[], config: object = {}): Promise<string> {
  const path = mkdtempSync(join(folder, `${files++}-`));
  await writeSafetensors(join(path, "adapter_model.safetensors"), { tensors: tensors.map(tensorOf) });
  const whole = { peft_type: "LORA", r: 4, lora_alpha: 8, target_modules: null, ...config };
  writeFileSync(join(path, "adapter_config.json"), JSON.stringify(whole));
  return path;
}

/** A copy of a model with factor * B A added to its weights; `transposed` ones are stored [in, out]. */
async function merge(model: string, tensors: readonly Thin[], factor: number): Promise<string> {
  const path = mkdtempSync(join(folder, "merged-"));
  const checkpoint = await openCheckpoint(model);
  const of = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const all = [];
  for (const { name, dtype, shape } of checkpoint.tensors.values()) {
    const values = dequantize(
      dtype,
      await checkpoint.readTensor(name),
      shape.reduce((a, b) => a * b, 1),
    );
    const module = `base_model.model.${name.replace(/\.weight$/, "")}`;
    const [a, b] = ["A", "B"].map((half) => of.get(`${module}.lora_${half}.weight`));
    if (a && b) {
      const [rank, cols] = a.shape;
      const rows = b.shape[0];
      const isTransposed = shape[0] === cols && /c_(attn|proj|fc)/.test(name);
      for (let row = 0; row < rows; row++) {
        for (let col = 0; col < cols; col++) {
          let sum = 0;
          for (let r = 0; r < rank; r++) sum += b.values[row * rank + r] * a.values[r * cols + col];
          values[isTransposed ? col * rows + row : row * cols + col] += factor * sum;
        }
      }
    }
    all.push({ name, shape: [...shape], dtype: "F32" as const, data: new Uint8Array(values.buffer) });
  }
  await checkpoint.close();
  await writeSafetensors(join(path, "model.safetensors"), { tensors: all });
  writeFileSync(join(path, "config.json"), readFileSync(join(model, "config.json")));
  return path;
}

const text = [5, 17, 31, 8, 44, 2, 9, 60, 13, 27];
const logits = async (model: TraceableModel, adapters?: readonly AdapterChoice[], tokens = text) =>
  (await model.logits(tokens, { adapters })).data;

/** Modules of small models: [name, in, out]. */
function modulesOf(name: string): (readonly [string, number, number])[] {
  const {
    hidden_size: hidden = 0,
    intermediate_size: inner,
    num_attention_heads: heads,
    ...config
  } = readJson(join(golden("families", name), "config.json"));
  const layers = (n: number) => Array.from({ length: n }, (_, l) => l);
  if (name === "gpt2") {
    const width: number = config.n_embd;
    return layers(config.n_layer).flatMap((l) => [
      [`transformer.h.${l}.attn.c_attn`, width, 3 * width],
      [`transformer.h.${l}.mlp.c_fc`, width, config.n_inner ?? 4 * width],
    ]);
  }
  const root = (l: number) => `model.layers.${l}`;
  if (name === "deepseek_v3") {
    const { kv_lora_rank: latent, q_lora_rank: inner, qk_nope_head_dim: plain } = config;
    const { qk_rope_head_dim: turned, v_head_dim: value } = config;
    return layers(config.num_hidden_layers).flatMap((l) => [
      [`${root(l)}.self_attn.q_b_proj`, inner, heads * (plain + turned)],
      [`${root(l)}.self_attn.kv_b_proj`, latent, heads * (plain + value)],
    ]);
  }
  const headDim: number = config.head_dim ?? hidden / heads;
  const kv: number = (config.num_key_value_heads ?? heads) * headDim;
  if (name.startsWith("phi3")) {
    return layers(config.num_hidden_layers).flatMap((l) => [
      [`${root(l)}.self_attn.qkv_proj`, hidden, heads * headDim + 2 * kv],
      [`${root(l)}.mlp.gate_up_proj`, hidden, 2 * inner],
    ]);
  }
  return [
    ...layers(config.num_hidden_layers).flatMap((l): [string, number, number][] => [
      [`${root(l)}.self_attn.q_proj`, hidden, heads * headDim],
      [`${root(l)}.self_attn.k_proj`, hidden, kv],
      [`${root(l)}.self_attn.v_proj`, hidden, kv],
      [`${root(l)}.self_attn.o_proj`, heads * headDim, hidden],
      [`${root(l)}.mlp.down_proj`, inner, hidden],
    ]),
    ["lm_head", hidden, config.vocab_size],
  ];
}

for (const name of ["llama", "phi3-long", "gpt2", "deepseek_v3"]) {
  for (const device of ["reference", "cpu"] as const) {
    it(`${name} on ${device}: as with merged weights`, async () => {
      const path = golden("families", name);
      const options = { device, threads: 1, contextLength: 64 } as const;
      const tensors = halves(modulesOf(name), 4, 100);
      const merged = await load(await merge(path, mergedNames(name, tensors), 2), options);
      const expected = await logits(merged);
      await merged.dispose();
      const model = await load(path, {
        ...options,
        adapters: [{ source: await writePeft(tensors), name: "a", scale: 1 }],
      });
      const bare = await logits(model, []);
      assert.deepEqual(await logits(model), await logits(model, [{ name: "a" }]));
      const adapted = await logits(model, [{ name: "a" }]);
      const none = await logits(model, [{ name: "a", scale: 0 }]);
      await model.dispose();
      const difference = maxDifference(adapted, expected);
      assert.ok(difference < 1e-3, `differs by ${difference}`);
      assert.ok(maxDifference(adapted, bare) > 0.1);
      assert.deepEqual(none, bare);
    });
  }
}

/** As the checkpoint's own tensors are called, which PEFT names by the whole model. */
function mergedNames(name: string, tensors: readonly Thin[]): Thin[] {
  if (name !== "gpt2") return [...tensors];
  return tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace("transformer.", prefixOfGpt2) }));
}
const prefixOfGpt2 = readFileSync(join(golden("families", "gpt2"), "model.safetensors")).includes(
  '"transformer.h.0',
)
  ? "transformer."
  : "";

/** An adapter as llama.cpp's convert_lora_to_gguf.py writes it: B's rows of queries and keys have RoPE's pairs interleaved. */
async function writeGgufAdapter(tensors: readonly Thin[], metadata: object = {}): Promise<string> {
  const names: Record<string, string> = {
    q_proj: "attn_q",
    k_proj: "attn_k",
    v_proj: "attn_v",
    o_proj: "attn_output",
    down_proj: "ffn_down",
  };
  const { num_attention_heads: heads, hidden_size: hidden } = readJson(
    join(golden("families", "llama"), "config.json"),
  );
  const headDim = hidden / heads;
  const renamed = tensors.map(({ name, shape, values }): Thin => {
    const [, layer, module, half] = /layers\.(\d+)\.\w+\.(\w+)\.lora_([AB])/.exec(name) ?? [];
    const to = module ? `blk.${layer}.${names[module]}` : "output";
    const own = (half ?? name.at(-8))?.toLowerCase();
    const [rows, cols] = shape;
    const turned = values.slice();
    if (own === "b" && (module === "q_proj" || module === "k_proj")) {
      for (let row = 0; row < rows; row++) {
        const within = row % headDim;
        const half = headDim / 2;
        const place = row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
        turned.set(values.subarray(row * cols, (row + 1) * cols), place * cols);
      }
    }
    return { name: `${to}.weight.lora_${own}`, shape, values: turned };
  });
  const path = join(folder, `${files++}.gguf`);
  const standard = {
    "general.architecture": "llama",
    "general.type": "adapter",
    "adapter.type": "lora",
    "adapter.lora.alpha": { type: "FLOAT32" as const, value: 8 },
  };
  await writeGguf(path, { metadata: { ...standard, ...metadata }, tensors: renamed.map(tensorOf) });
  return path;
}

describe("adapters of both forms on models of both forms", () => {
  it("llama: PEFT and GGUF add the same", async () => {
    const path = golden("families", "llama");
    const tensors = halves(modulesOf("llama"), 4, 300);
    const converted = join(folder, "llama.gguf");
    const checkpoint = await openCheckpoint(path);
    await convertToGguf(checkpoint, converted, { fileType: "F32" });
    await checkpoint.close();
    const adapters = [
      { name: "peft", source: await writePeft(tensors) },
      { name: "gguf", source: await writeGgufAdapter(tensors) },
    ];
    const answers: Float32Array[] = [];
    for (const source of [path, converted]) {
      const model = await load(source, { device: "reference", contextLength: 64, adapters });
      for (const { name } of adapters) answers.push(await logits(model, [{ name }]));
      await model.dispose();
    }
    for (const answer of answers.slice(1)) assert.deepEqual(answer, answers[0]);
  });
});

for (const [device, threads] of [
  ["reference", 1],
  ["cpu", 1],
  ["cpu", 2],
] as const) {
  describe(`many adapters on ${device}, ${threads} threads`, () => {
    let model: TraceableModel;
    before(async () => {
      model = await load(golden("families", "llama"), { device, threads, contextLength: 96 });
      for (const [name, rank, seed] of [
        ["a", 4, 500],
        ["b", 3, 700],
      ] as const) {
        const config = { r: rank, lora_alpha: 2 * rank };
        await model.loadAdapter(await writePeft(halves(modulesOf("llama"), rank, seed), config), { name });
      }
    });
    after(() => model?.dispose());

    /** Who asks what, with which adapters. */
    const asked: [tokens: number[], adapters: AdapterChoice[]][] = [
      [text, []],
      [text, [{ name: "a" }]],
      [text.slice(3), [{ name: "b" }]],
      [[...text, ...text], [{ name: "a" }]],
      [
        text.slice(0, 1),
        [
          { name: "a", scale: -0.3 },
          { name: "b", scale: 0.5 },
        ],
      ],
      [text.slice(2), []],
    ];

    it("in a batch each has the bits that it has alone", async () => {
      const alone: Float32Array[] = [];
      for (const [tokens, adapters] of asked) alone.push(await logits(model, adapters, tokens));
      const together = await Promise.all(asked.map(([tokens, adapters]) => logits(model, adapters, tokens)));
      assert.deepEqual(together, alone);
      assert.notDeepEqual(alone[0], alone[1]);
    });

    it("answers in a batch are those alone", async () => {
      const answer = async ([tokens, adapters]: (typeof asked)[number]) => {
        const ids: number[] = [];
        for await (const event of model.complete(tokens, {
          adapters,
          temperature: 0,
          maxTokens: 8,
          ignoreEos: true,
        }))
          if (event.type === "text-delta") ids.push(...event.tokens.map(({ id }) => id));
        return ids;
      };
      const alone: number[][] = [];
      for (const one of asked) alone.push(await answer(one));
      assert.deepEqual(await Promise.all(asked.map(answer)), alone);
    });

    it("what one adapter has computed serves no other", async () => {
      const prompt = Array.from({ length: 70 }, (_, i) => 3 + ((7 * i) % 60));
      const cached = async (adapters: AdapterChoice[]) => {
        const events = model.complete(prompt, { adapters, maxTokens: 1 });
        for await (const event of events) if (event.type === "finish") return event.usage.cachedTokens;
        return assert.fail("no end");
      };
      assert.equal(await cached([{ name: "a" }]), 0);
      assert.equal(await cached([{ name: "a" }]), 69);
      assert.equal(await cached([]), 0);
      assert.equal(await cached([{ name: "a", scale: 0.5 }]), 0);
      assert.equal(await cached([{ name: "a" }, { name: "b" }]), 0);
    });

    it("scores follow the adapter; names come and go", async () => {
      const texts = [{ context: text.slice(0, 4), continuation: text.slice(4) }];
      const [bare] = await model.score(texts);
      const [adapted] = await model.score(texts, { adapters: [{ name: "b" }] });
      assert.notEqual(bare.logprob, adapted.logprob);
      const before = await logits(model, [{ name: "b" }]);
      const source = await writePeft(halves(modulesOf("llama"), 3, 700), { r: 3, lora_alpha: 6 });
      await assert.rejects(model.loadAdapter(source, { name: "b" }), /an adapter "b" is loaded/);
      const running = logits(model, [{ name: "b" }]);
      await model.unloadAdapter("b");
      assert.deepEqual(await running, before);
      assert.deepEqual(
        model.adapters.map(({ name }) => name),
        ["a"],
      );
      await assert.rejects(logits(model, [{ name: "b" }]), /no adapter "b" is loaded; there are "a"/);
      const { rank, modules, warnings } = await model.loadAdapter(source, { name: "b" });
      assert.deepEqual(
        { rank, modules, warnings },
        { rank: 3, modules: modulesOf("llama").length, warnings: [] },
      );
      assert.deepEqual(await logits(model, [{ name: "b" }]), before);
    });
  });
}

describe("what is no adapter of this model is refused by its name", () => {
  let model: TraceableModel;
  before(async () => {
    model = await load(golden("families", "llama"), { device: "reference", contextLength: 64 });
  });
  after(() => model?.dispose());

  const q = modulesOf("llama")[0];
  const [name, width, out] = q;
  const pair = () => halves([q], 4, 1);
  const full = "base_model.model.";
  const cases: Record<string, [() => Promise<string>, code: string, message: RegExp]> = {
    "a wrong width": [
      () => writePeft(halves([[name, width + 8, out]], 4, 1)),
      "shape",
      /q_proj\.lora_A\.weight" should have shape \[4, \d+\] .* found \[4, \d+\]/,
    ],
    "a wrong height": [
      () => writePeft(halves([[name, width, out - 8]], 4, 1)),
      "shape",
      /q_proj\.lora_B\.weight" should have shape \[\d+, 4\] .* found/,
    ],
    "ranks that differ": [
      async () => writePeft([pair()[0], thin(pair()[1].name, out, 5, 1)]),
      "shape",
      /lora_B\.weight" should have shape \[out, 4\] .* found \[\d+, 5\]/,
    ],
    "another rank than the config's": [
      () => writePeft(pair(), { r: 8 }),
      "shape",
      /should have rank 8 .* found 4/,
    ],
    "half a pair": [
      () => writePeft(pair().slice(1)),
      "format",
      /lora_B\.weight" is there, but the half A of it/,
    ],
    "a module of another model": [
      () => writePeft(halves([["model.layers.99.self_attn.q_proj", width, out]], 4, 1)),
      "format",
      /has no module "model\.layers\.99\.self_attn\.q_proj"; is this adapter of another model/,
    ],
    "a norm": [
      () => writePeft(halves([["model.norm", width, 1]], 4, 1)),
      "format",
      /"model\.norm" is a vector/,
    ],
    "an embedding": [
      () => writePeft([thin(`${full}model.embed_tokens.lora_embedding_A`, 4, 8, 1)]),
      "format",
      /lora_embedding_A" changes the embedding/,
    ],
    "an embedding by its weight": [
      () => writePeft(halves([["model.embed_tokens", width, out]], 4, 1)),
      "format",
      /"model\.embed_tokens", whose rows are looked up/,
    ],
    "a whole module": [
      () => writePeft([...pair(), thin(`${full}lm_head.weight`, 4, 4, 1)]),
      "format",
      /"base_model\.model\.lm_head\.weight" is no lora_A or lora_B/,
    ],
    DoRA: [
      () => writePeft(pair(), { use_dora: true }),
      "config",
      /"use_dora" is true, which is not done here/,
    ],
    biases: [() => writePeft(pair(), { bias: "all" }), "config", /"bias" should be "none", found "all"/],
    "modules to save": [
      () => writePeft(pair(), { modules_to_save: ["lm_head"] }),
      "config",
      /"modules_to_save" is \["lm_head"\]/,
    ],
    "another method": [
      () => writePeft(pair(), { peft_type: "LOHA" }),
      "config",
      /"peft_type" should be "LORA"/,
    ],
    "no rank": [() => writePeft(pair(), { r: 0 }), "format", /"r" must be a whole number above 0/],
    "an expression": [
      () => writePeft(pair(), { rank_pattern: { "(a+)+$": 8 } }),
      "config",
      /"rank_pattern" has the expression/,
    ],
    "a module that is not asked for": [
      () => writePeft(pair(), { target_modules: ["v_proj"] }),
      "format",
      /which target_modules does not name/,
    ],
    "values that are no numbers": [
      async () => writePeft([{ ...pair()[0], values: pair()[0].values.fill(Number.NaN) }, pair()[1]]),
      "format",
      /has values that are no finite numbers/,
    ],
    "GGUF of another architecture": [
      () => writeGgufAdapter(pair(), { "general.architecture": "gpt2" }),
      "config",
      /for architecture "gpt2", but the model is of the family "llama"/,
    ],
    "a GGUF model": [
      async () => golden("gguf", "llama-q4_0.gguf"),
      "config",
      /"general\.type" should be "adapter"/,
    ],
    "GGUF without alpha": [
      () => writeGgufAdapter(pair(), { "adapter.lora.alpha": "8" }),
      "format",
      /"adapter\.lora\.alpha" should be a number, found "8"/,
    ],
    nothing: [async () => join(folder, "nowhere"), "request", /nowhere: there is no such file/],
    "a folder with a model": [
      async () => golden("families", "llama"),
      "request",
      /holds no adapter; expected a folder with adapter_model/,
    ],
  };
  for (const [what, [source, code, message]] of Object.entries(cases)) {
    it(what, async () => {
      await assert.rejects(model.loadAdapter(await source()), (error) => {
        assert.ok(error instanceof BaimoError, String(error));
        assert.match(error.message, message);
        assert.equal(error.code, code);
        return true;
      });
      assert.deepEqual(model.adapters, []);
    });
  }

  it("patterns and rank-stabilised factors are those of PEFT", async () => {
    const two = [...halves([modulesOf("llama")[0]], 4, 1), ...halves([modulesOf("llama")[1]], 8, 9)];
    const adapters = {
      plain: { r: 4, lora_alpha: 8, rank_pattern: { k_proj: 8 } },
      alpha: { r: 4, lora_alpha: 8, rank_pattern: { k_proj: 8 }, alpha_pattern: { "self_attn\\.k_proj": 8 } },
      rooted: {
        r: 4,
        lora_alpha: 4,
        use_rslora: true,
        rank_pattern: { k_proj: 8 },
        alpha_pattern: { k_proj: Math.sqrt(8) },
      },
    };
    for (const [name, config] of Object.entries(adapters)) {
      await model.loadAdapter(await writePeft(two, { ...config, base_model_name_or_path: "x/other" }), {
        name,
      });
    }
    const [plain, alpha, rooted] = await Promise.all(
      Object.keys(adapters).map((name) => logits(model, [{ name }])),
    );
    // k: 8 / 8 = 1 in all; q: 2, 2, 4 / 2 = 2.
    assert.deepEqual(alpha, plain);
    assert.ok(maxDifference(rooted, plain) < 1e-5);
    assert.match(model.adapters[0].warnings[0], /trained on "x\/other", and the model is "llama"/);
  });
});
