// Every knob matters: a golden run passes with its config and fails with one knob changed.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { after, describe, it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { type Checkpoint, dequantize, openCheckpoint } from "../src/formats/index.ts";
import type {
  ClassifierConfig,
  ExpertsConfig,
  LatentConfig,
  ModelConfig,
  QueryScaling,
  RopeConfig,
  RopeScaling,
} from "../src/models/config/config.ts";
import { completeConfig } from "../src/models/config/config.ts";
import { ropeFrequencies } from "../src/models/forward/rope.ts";
import { beside, golden, maxDifference, readJson } from "./places.ts";
import { openReference } from "./reference-run.ts";

type Change = (config: ModelConfig) => ModelConfig;

/** The knob, the golden run where it matters, what is set otherwise, and a configuration to begin with. */
type Row = readonly [knob: string, fixture: string, change: Change, from?: Change];

const set = (knobs: Partial<ModelConfig>) => (config: ModelConfig) => ({ ...config, ...knobs });
const ropes =
  (change: (rope: RopeConfig) => Partial<RopeConfig>): Change =>
  (config) => ({ ...config, ropes: config.ropes.map((rope) => ({ ...rope, ...change(rope) })) });
// A scaling's fields are its own: rows name a fixture that has that scaling.
const scaling = (fields: object) =>
  ropes((rope) => ({ scaling: { ...rope.scaling, ...fields } as RopeScaling }));
const experts =
  (fields: Partial<ExpertsConfig>): Change =>
  (config) => ({ ...config, experts: config.experts && { ...config.experts, ...fields } });
const latent =
  (fields: Partial<LatentConfig>): Change =>
  (config) => ({ ...config, latent: config.latent && { ...config.latent, ...fields } });
const classifier =
  (fields: Partial<ClassifierConfig>): Change =>
  (config) => ({ ...config, classifier: config.classifier && { ...config.classifier, ...fields } });
const queryScaling =
  (fields: object): Change =>
  (config) => ({ ...config, queryScaling: { ...config.queryScaling, ...fields } as QueryScaling });

/** RoPE whose divisors are written out, as GGUF files keep them. */
const writtenOut = ropes((rope) => {
  const plain = ropeFrequencies({ ...rope, scaling: { type: "none" } }, 0).inverse;
  const stretched = ropeFrequencies(rope, 0).inverse;
  const factors = Array.from(plain, (frequency, i) => frequency / stretched[i]);
  return { scaling: { type: "factors", factors, attentionFactor: 1 } };
});

const rows: readonly Row[] = [
  ["vocabSize", "gpt2", set({ vocabSize: 159 })],
  ["hiddenSize", "gpt2", set({ hiddenSize: 24 })],
  ["numLayers", "gpt2", set({ numLayers: 1 })],
  ["causal", "bert-rank", set({ causal: true })],
  ["encoderLayers", "t5v11", set({ encoderLayers: 1 })],
  ["embeddingSize", "opt350", set({ embeddingSize: 48 })],
  ["embeddingScale", "gemma2", set({ embeddingScale: 1 })],
  ["embeddingNorm", "bloom", set({ embeddingNorm: false })],
  ["learnedPositions", "gpt2", set({ learnedPositions: 0 })],
  ["learnedPositionOffset", "opt-bare", set({ learnedPositionOffset: 0 })],

  ["uncountedTokenId", "xlm-roberta-rank", set({ uncountedTokenId: undefined })],
  ["tokenTypes", "bert-rank", set({ tokenTypes: 0 })],

  ["norm", "gpt2", set({ norm: "rms" })],
  ["norm", "llama", set({ norm: "layer" })],
  ["normEps", "gpt2", set({ normEps: 1e-3 })],
  ["normWeight", "gemma2", set({ normWeight: "plain" })],
  ["normWeight", "gpt2", set({ normWeight: "none" })],
  ["normBias", "gpt2", set({ normBias: false })],
  ["normPlace", "gemma2", set({ normPlace: "pre" })],
  ["normPlace", "gemma2", set({ normPlace: "branch" })],
  ["normPlace", "opt350", set({ normPlace: "pre" })],
  ["finalNorm", "gpt2", set({ finalNorm: false })],
  ["firstNorm", "modernbert-rank", set({ firstNorm: true })],
  ["residual", "falcon40b", set({ residual: "sequential" })],
  ["residual", "falcon40b", set({ residual: "parallel-shared" })],
  ["residualScale", "granite", set({ residualScale: 1 })],
  ["residualFromNorm", "bloom-post", set({ residualFromNorm: false })],

  ["numHeads", "gpt2", set({ numHeads: 2, numKvHeads: 2, headDim: 16, valueDim: 16 })],
  ["numKvHeads", "qwen3", set({ numKvHeads: 4 })],
  ["headDim", "qwen3", set({ headDim: 8 })],
  ["valueDim", "deepseek_v3", set({ valueDim: 12 })],
  ["latent", "deepseek_v3", set({ latent: undefined })],
  ["latent.queryRank", "deepseek_v3", latent({ queryRank: 0 })],
  ["latent.keyValueRank", "deepseek_v3", latent({ keyValueRank: 16 })],
  ["latent.ropeDim", "deepseek_v3", latent({ ropeDim: 8 })],
  ["latent.normEps", "deepseek_v3", latent({ normEps: 1e-2 })],
  ["qkvBias", "qwen2", set({ qkvBias: false })],
  ["outputBias", "gpt2", set({ outputBias: false })],
  ["qkNorm", "qwen3", set({ qkNorm: "none" })],
  ["qkNorm", "olmo2", set({ qkNorm: "none" })],
  ["qkNorm", "cohere-qk", set({ qkNorm: "none" })],
  ["qkvClip", "mpt-clip", set({ qkvClip: 0 })],
  ["qkvClip", "mpt-clip", set({ qkvClip: 0.7 })],
  ["clipAfterNorm", "olmoe-clip", set({ clipAfterNorm: false })],
  ["attentionScale", "gpt2", (config) => ({ ...config, attentionScale: config.attentionScale * 1.1 })],
  ["attentionScaleByDepth", "gpt2-depth", set({ attentionScaleByDepth: false })],
  ["attentionSoftcap", "gemma2", set({ attentionSoftcap: 0 })],
  ["attentionSinks", "gpt_oss", set({ attentionSinks: false })],
  ["attentionGate", "qwen3_next", set({ attentionGate: false })],
  ["slidingWindow", "mistral", set({ slidingWindow: [0, 0] })],
  ["slidingWindow", "mistral", ({ slidingWindow: [w], ...c }) => ({ ...c, slidingWindow: [w + 1, w + 1] })],
  ["slidingWindow", "modernbert-rank", set({ slidingWindow: [0, 0] })],
  ["slidingWindow", "modernbert-rank", set({ slidingWindow: [0, 7] })],

  ["ropes", "llama", set({ ropes: [], layerRopes: [-1, -1] })],
  ["ropes.theta", "llama", ropes(({ theta }) => ({ theta: theta * 2 }))],
  ["ropes.dims", "gptj-tied", ropes(({ dims }) => ({ dims: dims / 2 }))],
  ["ropes.scaling", "llama3", ropes(() => ({ scaling: { type: "none" } }))],
  ["ropes.scaling.linear.factor", "llama", ropes(() => ({ scaling: { type: "linear", factor: 2 } }))],
  ["ropes.scaling.llama3.factor", "llama3", scaling({ factor: 4 })],
  ["ropes.scaling.llama3.lowFreqFactor", "llama3", scaling({ lowFreqFactor: 0.5 })],
  ["ropes.scaling.llama3.highFreqFactor", "llama3", scaling({ highFreqFactor: 8 })],
  ["ropes.scaling.llama3.originalContextLength", "llama3", scaling({ originalContextLength: 20 })],
  ["ropes.scaling.yarn.factor", "gpt_oss", scaling({ factor: 2 })],
  ["ropes.scaling.yarn.originalContextLength", "gpt_oss", scaling({ originalContextLength: 64 })],
  ["ropes.scaling.yarn.betaFast", "gpt_oss", scaling({ betaFast: 2 })],
  ["ropes.scaling.yarn.betaSlow", "gpt_oss", scaling({ betaSlow: 0.1 })],
  ["ropes.scaling.yarn.truncate", "gpt_oss", scaling({ truncate: true })],
  ["ropes.scaling.yarn.attentionFactor", "gpt_oss", scaling({ attentionFactor: 1 })],
  ["ropes.scaling.factors.factors", "llama3", scaling({ factors: [1, 1, 1, 1, 1, 1, 1, 1] }), writtenOut],
  ["ropes.scaling.factors.attentionFactor", "llama3", scaling({ attentionFactor: 1.1 }), writtenOut],
  ["ropes.scaling.longrope.short", "phi3-long", scaling({ short: new Array(6).fill(3) })],
  ["ropes.scaling.longrope.long", "phi3-long", scaling({ long: new Array(6).fill(3) })],
  ["ropes.scaling.longrope.originalContextLength", "phi3-long", scaling({ originalContextLength: 128 })],
  ["ropes.scaling.longrope.shortFactor", "phi3-long", scaling({ shortFactor: 1.5 })],
  ["ropes.scaling.longrope.longFactor", "phi3-long", scaling({ longFactor: 1.5 })],
  ["ropes.scaling.dynamic.factor", "internlm2", scaling({ factor: 3 })],
  ["ropes.scaling.dynamic.originalContextLength", "internlm2", scaling({ originalContextLength: 48 })],
  ["ropes.scaling.qwen-ntk.originalContextLength", "qwen-long", scaling({ originalContextLength: 64 })],
  ["layerRopes", "qwen-long", set({ layerRopes: [0, -1] })],
  ["queryScaling", "qwen-long", set({ queryScaling: undefined })],
  ["queryScaling.log-n.originalContextLength", "qwen-long", queryScaling({ originalContextLength: 20 })],
  ["queryScaling.floor-log.beta", "ministral3", queryScaling({ beta: 0.5 })],
  ["queryScaling.floor-log.originalContextLength", "ministral3", queryScaling({ originalContextLength: 64 })],
  ["alibiSlopes", "bloom", set({ alibiSlopes: [] })],
  ["alibiSlopes", "falcon-rw", ({ alibiSlopes: s, ...c }) => ({ ...c, alibiSlopes: s.map((x) => x * 1.1) })],
  ["relativeBuckets", "t5v11", set({ relativeBuckets: 0 })],
  ["relativeMaxDistance", "t5v11", set({ relativeMaxDistance: 64 })],

  ["intermediateSize", "gpt2", set({ intermediateSize: 64 })],
  ["activation", "gpt2", set({ activation: "silu" })],
  ["activation", "gpt2", set({ activation: "gelu" })],
  ["activation", "gpt2", set({ activation: "quick-gelu" })],
  ["activation", "falcon40b", set({ activation: "gelu-tanh" })],
  ["activation", "opt-bare", set({ activation: "relu2" })],
  ["activation", "llama", set({ activation: "relu" })],
  ["activation", "gpt_oss", set({ activation: "silu" })],
  ["activationLimit", "gpt_oss", set({ activationLimit: 1 })],
  ["gatedMlp", "llama", set({ gatedMlp: false })],
  ["mlpBias", "gpt2", set({ mlpBias: false })],

  ["experts", "mixtral", set({ experts: undefined })],
  ["experts.count", "mixtral", experts({ count: 2 })],
  ["experts.perToken", "mixtral", experts({ perToken: 1 })],
  ["experts.intermediateSize", "mixtral", experts({ intermediateSize: 20 })],
  ["experts.score", "mixtral", experts({ score: "sigmoid" })],
  ["experts.score", "deepseek_v3", experts({ score: "softmax" })],
  ["experts.score", "phimoe", experts({ score: "softmax" })],
  ["experts.jitter", "phimoe", experts({ jitter: 1 })],
  ["experts.selectionBias", "deepseek_v3", experts({ selectionBias: false })],
  ["experts.groups", "deepseek_v3", experts({ groups: 1 })],
  ["experts.groupsPerToken", "deepseek_v3", experts({ groupsPerToken: 4 })],
  ["experts.groupScore", "deepseek_v3", experts({ groupScore: "max" })],
  ["experts.normalize", "mixtral", experts({ normalize: 0 })],
  ["experts.normalize", "mixtral", experts({ normalize: 2 })],
  ["experts.normalizeEps", "mixtral", experts({ normalizeEps: 0.01 })],
  ["experts.scale", "deepseek_v3", experts({ scale: 2 })],
  ["experts.routerBias", "gpt_oss", experts({ routerBias: false })],
  ["experts.bias", "gpt_oss", experts({ bias: false })],
  ["experts.sharedIntermediateSize", "deepseek_v3", experts({ sharedIntermediateSize: 0 })],
  ["experts.sharedGate", "qwen3_next", experts({ sharedGate: false })],
  ["experts.denseLayers", "deepseek_v3", experts({ denseLayers: [false, false] })],

  ["deltaLayers", "qwen3_next", set({ deltaLayers: [false, false] })],
  ...(["keyHeads", "valueHeads", "keyDim", "valueDim", "kernel"] as const).map(
    (knob): Row => [
      `delta.${knob}`,
      "qwen3_next",
      ({ delta, ...config }) => ({ ...config, delta: delta && { ...delta, [knob]: delta[knob] / 2 } }),
    ],
  ),

  ["languageHead", "bert-rank", set({ languageHead: true })],
  ["classifier", "bert-rank", set({ classifier: undefined })],
  ["classifier.classes", "bert-rank", classifier({ classes: 2 })],
  ["classifier.pooling", "modernbert-rank", classifier({ pooling: "cls" })],
  ["classifier.dense", "xlm-roberta-rank", classifier({ dense: undefined })],
  ["tiedEmbeddings", "llama", set({ tiedEmbeddings: true })],
  ["tiedEmbeddings", "bloom", set({ tiedEmbeddings: false })],
  ["headBias", "gptj-tied", set({ headBias: false })],
  ["headNormalized", "baichuan2", set({ headNormalized: false })],
  ["headNormalized", "llama", set({ headNormalized: true })],
  ["logitScale", "cohere-qk", set({ logitScale: 1 })],
  ["logitSoftcap", "gemma2", set({ logitSoftcap: 0 })],
];

/** What the forward pass does not ask: names, and what other parts of the program do with lengths and ids. */
const elsewhere = [
  "architecture",
  "contextLength",
  "bosTokenId",
  "eosTokenIds",
  "decoderStartTokenId",
  "pooling",
];

/** Knobs that may stay unsaid. */
const optional = ["latent", "delta", "experts", "queryScaling", "uncountedTokenId", "classifier", "pooling"];

it("every knob has a row", () => {
  const covered = new Set(rows.map(([knob]) => knob.split(".")[0]));
  const plain = completeConfig({
    architecture: "",
    vocabSize: 8,
    hiddenSize: 8,
    intermediateSize: 8,
    numLayers: 1,
    numHeads: 1,
    contextLength: 8,
    eosTokenIds: [],
    normEps: 1e-5,
  });
  for (const knob of [...Object.keys(plain), ...optional])
    assert.ok(covered.has(knob) || elsewhere.includes(knob), `no row changes "${knob}"`);
});

/** The knobs within knobs that a configuration has. */
function innerKnobs({ ropes, queryScaling, latent, experts, delta, classifier }: ModelConfig): string[] {
  const fields = (path: string, record: object | undefined) =>
    Object.keys(record ?? {}).map((key) => `${path}.${key}`);
  const typed = (path: string, record: { readonly type: string } | undefined) =>
    record ? fields(`${path}.${record.type}`, { ...record, type: undefined }) : [];
  return [
    ...ropes.flatMap((rope) => [...fields("ropes", rope), ...typed("ropes.scaling", rope.scaling)]),
    ...typed("queryScaling", queryScaling),
    ...fields("latent", latent),
    ...fields("experts", experts),
    ...fields("delta", delta),
    ...fields("classifier", classifier),
  ].filter((knob) => !knob.endsWith(".type"));
}

it("every knob within a knob has a row, of the configurations here", async () => {
  const covered = new Set(rows.map(([knob]) => knob));
  for (const name of readdirSync(golden("families"))) {
    const model = await openReference(golden("families", name));
    for (const knob of innerKnobs(model.config)) assert.ok(covered.has(knob), `no row changes "${knob}"`);
    await model.close();
  }
});

for (const fixture of new Set(rows.map(([, name]) => name))) {
  const copied = existsSync(golden("families", fixture));
  const folder = copied ? golden("families", fixture) : beside("families", fixture);
  const skip = existsSync(folder) ? false : `golden run "${fixture}" is not beside the checkout`;
  describe(fixture, { skip }, () => {
    const opened = skip ? undefined : openAnswers(folder);
    after(async () => (await opened)?.close());
    /** Whether all golden logits are met. */
    const passes = async (change: Change) => {
      const run = await opened;
      return run ? run.passes(change) : false;
    };

    it("passes as it is read", async () => assert.ok(await passes((config) => config)));
    for (const [knob, name, change, from] of rows) {
      if (name !== fixture) continue;
      it(`fails with another ${knob}`, async () => {
        if (from) assert.ok(await passes(from));
        try {
          assert.equal(await passes((config) => change(from ? from(config) : config)), false);
        } catch (error) {
          // A knob that other tensors belong to is refused before anything runs.
          if (!(error instanceof BaimoError)) throw error;
          assert.match(error.code, /^(shape|format|config)$/);
        }
      });
    }
  });
}

/** A golden run and how to try it. */
async function openAnswers(folder: string) {
  const model = await openReference(folder);
  const answers: Checkpoint = await openCheckpoint(`${folder}/golden.safetensors`);
  const stored = readJson(`${folder}/golden.json`);
  const tolerance = Math.max(1e-4, 20 * stored.fp32_vs_fp64_max_abs);
  const expected: Float32Array[] = [];
  for (const i of stored.cases.keys()) {
    const { dtype, shape } = answers.tensors.get(`logits.${i}`)!;
    const raw = await answers.readTensor(`logits.${i}`);
    expected.push(dequantize(dtype, raw, shape[0] * shape[1]));
  }
  return {
    async passes(change: Change): Promise<boolean> {
      const config = change(model.config);
      for (const [i, { input_ids: ids, decoder_input_ids: decoder }] of stored.cases.entries()) {
        const encoderTokens = decoder && ids;
        const { logits } = await model.run(decoder ?? ids, { config, encoderTokens });
        if (!(maxDifference(logits, expected[i]) <= tolerance)) return false;
      }
      return true;
    },
    async close() {
      await model.close();
      await answers.close();
    },
  };
}
