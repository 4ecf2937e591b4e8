// Runs a checkpoint on the reference backend, with its config changed where a test wants that.
import { createReferenceBackend } from "../src/backends/reference/backend.ts";
import { type Checkpoint, openCheckpoint } from "../src/formats/index.ts";
import { readFacts } from "../src/models/checkpoint-facts.ts";
import type { ModelConfig } from "../src/models/config/config.ts";
import type { CompleteForm } from "../src/models/families/family.ts";
import { completeForm } from "../src/models/families/find.ts";
import { families } from "../src/models/families/index.ts";
import { classify } from "../src/models/forward/classify.ts";
import { assembleTransformer, type Transformer } from "../src/models/forward/model.ts";
import {
  encode,
  type ForwardOptions,
  forward,
  logitsOf,
  statesOf,
} from "../src/models/forward/transformer.ts";
import { createCaches, createWorkspace, LOGIT_ROWS } from "../src/models/forward/workspace.ts";
import { describeModel } from "../src/models/open-model.ts";
import { loadWeights } from "../src/models/weights/load-weights.ts";
import { planWeights } from "../src/models/weights/weight-plan.ts";
import { type Backend, type CacheType, PAGE } from "../src/tensor/backend.ts";

/** Longer than any prompt of the golden data. */
export const ROOM = 64;

/** Logits [tokens, vocabSize] (or what stands for them) and hidden states [layer][tokens, width] of one text. */
export interface Answer {
  readonly logits: Float32Array;
  readonly hidden: readonly Float32Array[];
}

/** The same family, to which no tensor is too many: a test may drop a knob whose tensors are there. */
function lenient(form: CompleteForm): CompleteForm {
  return { ...form, names: (config, facts) => ({ ...form.names(config, facts), ignore: /./ }) };
}

/** A model of a checkpoint with room for some sequences of ROOM tokens. */
export async function openTransformer(
  checkpoint: Checkpoint,
  { config, form }: { config: ModelConfig; form: CompleteForm },
  backend: Backend,
  caches: { sequences: number; cacheType: CacheType },
): Promise<Transformer> {
  const plan = planWeights(checkpoint, config, lenient(form), await readFacts(checkpoint));
  const workspace = createWorkspace(backend, config, ROOM);
  return assembleTransformer({
    backend,
    config,
    workspace,
    caches: createCaches(backend, config, {
      contextLength: ROOM,
      cacheTokens: caches.sequences * ROOM,
      ...caches,
    }),
    weights: await loadWeights(backend, plan, config, checkpoint.files),
  });
}

/** The configuration of a checkpoint, and the form of its family. */
export async function describeFamily(
  checkpoint: Checkpoint,
): Promise<{ config: ModelConfig; form: CompleteForm }> {
  const { family: name, config } = await describeModel(checkpoint);
  const family = families.find((one) => one.name === name);
  const form = family && completeForm(family, checkpoint.format === "gguf" ? "gguf" : "huggingface");
  if (!form) throw new Error(`no family "${name}"`);
  return { config, form };
}

/** Opens a folder once, or takes what is open; `run` answers with its own configuration, or with a changed one. */
export async function openReference(source: string | Checkpoint) {
  const checkpoint = typeof source === "string" ? await openCheckpoint(source) : source;
  const { config, form } = await describeFamily(checkpoint);
  return {
    config,
    async run(
      tokens: readonly number[],
      options: { config?: ModelConfig; encoderTokens?: readonly number[] } = {},
    ): Promise<Answer> {
      const backend = createReferenceBackend({ maxTokens: ROOM });
      const described = { config: options.config ?? config, form };
      const model = await openTransformer(checkpoint, described, backend, { sequences: 1, cacheType: "F32" });
      if (options.encoderTokens) encode(model, Int32Array.from(options.encoderTokens));
      return answer(model, tokens);
    },
    close: () => checkpoint.close(),
  };
}

async function answer(model: Transformer, tokens: readonly number[]): Promise<Answer> {
  const states: (Float32Array | Promise<Float32Array>)[] = [];
  const sequence = { slot: 0, pages: Int32Array.from({ length: ROOM / PAGE }, (_, page) => page) };
  const run = { sequence, first: 0, rows: tokens.length, position: 0, length: tokens.length };
  forward(model, Int32Array.from(tokens), [run], { onHidden: (l, values) => (states[l] = values) });
  const hidden = await Promise.all(states);
  const { vocabSize, languageHead } = model.config;
  const logits = new Float32Array(languageHead ? tokens.length * vocabSize : 0);
  const last: number[] = [];
  for (let row = 0; row < tokens.length; row += LOGIT_ROWS) {
    const count = Math.min(LOGIT_ROWS, tokens.length - row);
    const rows = Int32Array.from({ length: count }, (_, i) => row + i);
    let normed: Float32Array | Promise<Float32Array> = new Float32Array(0);
    const onHidden: ForwardOptions["onHidden"] = (_, values) => (normed = values);
    if (languageHead) logits.set(await logitsOf(model, rows, { onHidden }), row * vocabSize);
    else statesOf(model, rows, { onHidden });
    last.push(...(await normed));
  }
  const final = Float32Array.from(last);
  return { logits: languageHead ? logits : scoresOf(model, final), hidden: [...hidden, final] };
}

/** What stands for logits without a head: a classifier's scores, or the final states themselves. */
function scoresOf({ config, weights }: Transformer, states: Float32Array): Float32Array {
  const { classifier, hiddenSize: width } = config;
  if (!classifier || !weights.classifier) return states;
  const count = classifier.pooling === "cls" ? 1 : states.length / width;
  const pooled = new Float32Array(width);
  for (let i = 0; i < count * width; i++) pooled[i % width] += states[i] / count;
  return classify(config, weights.classifier, pooled);
}
