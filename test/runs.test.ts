// Several sequences in one call of the forward pass: each has the bits that it has alone.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Bus, busBytes } from "../src/backends/bus.ts";
import { createReferenceBackend } from "../src/backends/reference/backend.ts";
import { createWasmBackend } from "../src/backends/wasm/backend.ts";
import { openCheckpoint } from "../src/formats/index.ts";
import { instantiateKernels, probeProducts } from "../src/kernels/module/module.ts";
import { loadBuild } from "../src/kernels/module/test-memory.ts";
import type { ModelConfig } from "../src/models/config/config.ts";
import type { Transformer } from "../src/models/forward/model.ts";
import { forward, logitsOf } from "../src/models/forward/transformer.ts";
import { exchangeFloats, LOGIT_ROWS } from "../src/models/forward/workspace.ts";
import { createRandom } from "../src/random.ts";
import { type Backend, type CacheType, PAGE, type Run, type Sequence } from "../src/tensor/backend.ts";
import { golden } from "./places.ts";
import { describeFamily, openTransformer, ROOM } from "./reference-run.ts";

/** What makes each of them different. */
const models = {
  "families/llama": "dense",
  "families/gemma2": "softcap, windows",
  "families/mistral": "windows",
  "families/bloom": "ALiBi, layer norms",
  "families/gpt_oss": "sinks, windows, experts",
  "families/deepseek_v3": "latent attention, grouped experts",
  "families/qwen3_next": "gated delta nets, gated attention, experts",
  "families/mixtral": "experts",
  "families/qwen-long": "queries scaled by position, angles by length",
  "families/phi3-long": "angles by length",
  "families/gpt2": "learned positions",
  "gguf/llama-q4_0.gguf": "4-bit weights",
  "gguf/llama-q4_k.gguf": "4-bit weights in blocks of 256",
  "gguf/mixtral-q4_0.gguf": "4-bit experts",
};

const relaxed = await loadBuild("relaxed");

const backends: Record<string, (config: ModelConfig) => Backend> = {
  reference: () => createReferenceBackend({ maxTokens: ROOM }),
  wasm(config) {
    const shape = { ranks: 1, words: 0, floats: exchangeFloats(config, ROOM) };
    return createWasmBackend({
      bus: new Bus(new ArrayBuffer(busBytes(shape)), 0, shape),
      instantiate: (memory) => instantiateKernels(relaxed, memory),
      products: probeProducts(relaxed),
      maxTokens: ROOM,
    });
  },
};

/** Tokens of each sequence. */
const lengths = [21, 9, 14];

/**
 * Calls, each of runs [sequence, slot, rows]: prompts beside prompts, single tokens beside prompts, every order, a slot that
 * another sequence has left, one that lies idle while the others go on.
 */
const calls: readonly (readonly (readonly [sequence: number, slot: number, rows: number])[])[] = [
  [
    [0, 2, 6],
    [1, 0, 8],
  ],
  [
    [1, 0, 1],
    [0, 2, 1],
  ],
  [
    [2, 0, 13],
    [0, 2, 13],
  ],
  [
    [0, 2, 1],
    [1, 1, 4],
    [2, 0, 1],
  ],
  [[1, 1, 5]],
];

for (const [name, what] of Object.entries(models)) {
  describe(`${name} (${what})`, () => {
    for (const [backendName, createBackend] of Object.entries(backends)) {
      for (const dtype of ["F32", "F16", "Q8"] as const) {
        // the reference keeps keys and values as f32 whatever is asked
        if (backendName === "reference" && dtype !== "F32") continue;
        it(`the same logits alone and in a batch: ${backendName}, a cache of ${dtype}`, () =>
          compare(golden(...name.split("/")), createBackend, dtype));
      }
    }
  });
}

async function compare(path: string, createBackend: (config: ModelConfig) => Backend, dtype: CacheType) {
  const checkpoint = await openCheckpoint(path);
  try {
    const described = await describeFamily(checkpoint);
    const { vocabSize } = described.config;
    const backend = createBackend(described.config);
    const model = await openTransformer(checkpoint, described, backend, { sequences: 3, cacheType: dtype });
    backend.finishLoading();
    const random = createRandom(5);
    const texts = lengths.map((length) => Int32Array.from({ length }, () => random.integer(vocabSize)));
    const alone: Float32Array[] = [];
    for (const [i, text] of texts.entries()) {
      const sequence = sequenceIn(i);
      const run = { sequence, first: 0, rows: text.length, position: 0, length: text.length };
      alone.push(await logitsOfCall(model, text, [run]));
    }
    const done = lengths.map(() => 0);
    const slots = lengths.map(() => -1);
    for (const [number, call] of calls.entries()) {
      const runs: Run[] = [];
      const tokens: number[] = [];
      for (const [sequence, slot, rows] of call) {
        // a sequence in another slot begins anew
        if (slots[sequence] !== slot) done[sequence] = 0;
        slots[sequence] = slot;
        const position = done[sequence];
        const length = lengths[sequence];
        runs.push({ sequence: sequenceIn(slot), first: tokens.length, rows, position, length });
        tokens.push(...texts[sequence].subarray(position, position + rows));
        done[sequence] += rows;
      }
      const logits = await logitsOfCall(model, Int32Array.from(tokens), runs);
      for (const [i, { first, rows, position }] of runs.entries()) {
        const found = logits.subarray(first * vocabSize, (first + rows) * vocabSize);
        const expected = alone[call[i][0]].subarray(position * vocabSize, (position + rows) * vocabSize);
        assert.ok(found.every(Number.isFinite));
        assert.deepEqual(
          bits(found),
          bits(expected),
          `call ${number}: sequence ${call[i][0]} has other logits`,
        );
      }
    }
    assert.deepEqual(done, lengths);
  } finally {
    await checkpoint.close();
  }
}

/** A sequence that has every third page. */
function sequenceIn(slot: number): Sequence {
  return { slot, pages: Int32Array.from({ length: ROOM / PAGE }, (_, page) => slot + 3 * page) };
}

/** Logits [tokens, vocabSize] of every row of a call. */
async function logitsOfCall(
  model: Transformer,
  tokens: Int32Array,
  runs: readonly Run[],
): Promise<Float32Array> {
  const { vocabSize } = model.config;
  const logits = new Float32Array(tokens.length * vocabSize);
  forward(model, tokens, runs);
  for (let row = 0; row < tokens.length; row += LOGIT_ROWS) {
    const count = Math.min(LOGIT_ROWS, tokens.length - row);
    const rows = Int32Array.from({ length: count }, (_, i) => row + i);
    logits.set(await logitsOf(model, rows), row * vocabSize);
  }
  return logits;
}

const bits = (values: Float32Array) => new Int32Array(values.buffer, values.byteOffset, values.length);
