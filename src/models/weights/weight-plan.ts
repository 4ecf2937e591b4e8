// The plan of all weights: where each lies in its checkpoint, as plain data for a worker.
import { BaimoError } from "../../errors.ts";
import type { ClassifierConfig, ModelConfig } from "../config/config.ts";
import type { CheckpointFacts, CompleteForm, Place, TensorNames } from "../families/family.ts";
import { createFinder, type Finder, type TensorSource } from "./finder.ts";
import { planLayer } from "./layer-plan.ts";
import type { MatrixPlan, VectorPlan, WeightPlan } from "./tensor-plan.ts";
import type { ClassifierWeights, StackWeights } from "./weights.ts";

/** Tensors that some publishers leave in and that say nothing which the config does not. */
const ignorable =
  /rotary_emb\.inv_freq$|rotary_emb\.(cos|sin)_cached$|\.masked_bias$|\.attn\.bias$|\.attention\.bias$|^rope_(freqs|factors_(long|short))\.weight$/;

/**
 * Finds every weight, and checks its shape.
 * @throws {BaimoError} `format` when a tensor is missing or left over, `shape` when its shape is another
 */
export function planWeights(
  checkpoint: TensorSource,
  config: ModelConfig,
  form: CompleteForm,
  facts: CheckpointFacts,
): WeightPlan {
  const names = form.names(config, facts);
  const used = new Set<string>();
  const finderOf = (layer?: number) => createFinder(checkpoint, config, form, { used, layer });
  const whole = finderOf();

  const planStack = (parts: Partial<TensorNames>, layers: number, encoder: boolean) => {
    const stack: StackWeights<MatrixPlan, VectorPlan, VectorPlan> = {
      layers: Array.from({ length: layers }, (_, l) => planLayer(finderOf(l), parts, l, encoder)),
      finalNorm: config.finalNorm ? whole.norm(parts.finalNorm, config.hiddenSize) : undefined,
      relativeBias:
        config.relativeBuckets > 0 ? planRelativeBias(finderOf(0), config, parts, encoder) : undefined,
    };
    return stack;
  };
  const { decoder, encoder } = names;
  const { vocabSize, hiddenSize, embeddingSize, tiedEmbeddings, headBias } = config;
  const projected = embeddingSize !== hiddenSize;
  const plan: WeightPlan = {
    embedding: whole.matrix(decoder.embedding, vocabSize, embeddingSize),
    positions:
      config.learnedPositions > 0
        ? whole.matrix(decoder.positions, config.learnedPositions, hiddenSize)
        : undefined,
    tokenTypes:
      config.tokenTypes > 0 ? whole.matrix(decoder.tokenTypes, config.tokenTypes, hiddenSize) : undefined,
    embeddingNorm: config.embeddingNorm ? whole.norm(decoder.embeddingNorm, embeddingSize) : undefined,
    projectIn: projected ? whole.matrix(decoder.projectIn, hiddenSize, embeddingSize) : undefined,
    projectOut: projected ? whole.matrix(decoder.projectOut, embeddingSize, hiddenSize) : undefined,
    encoder: encoder && config.encoderLayers > 0 ? planStack(encoder, config.encoderLayers, true) : undefined,
    decoder: planStack(decoder, config.numLayers, false),
    head:
      !config.languageHead || (tiedEmbeddings && !headBias)
        ? undefined
        : whole.matrix(tiedEmbeddings ? tiedHead(decoder, config) : decoder.head, vocabSize, embeddingSize, {
            bias: headBias,
            normalized: config.headNormalized,
          }),
    classifier: config.classifier && planClassifier(whole, decoder, config.classifier),
  };
  if (tiedEmbeddings && typeof decoder.head === "string") used.add(`${decoder.head}.weight`);
  const left = [...checkpoint.tensors.keys()].filter(
    (name) =>
      !used.has(name) &&
      !ignorable.test(name) &&
      !names.ignore?.test(name) &&
      !checkpoint.tensors.get(name, [])?.spare,
  );
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

/** The embedding's rows with the head's own bias. */
function tiedHead({ embedding, head }: Partial<TensorNames>, config: ModelConfig): Place | undefined {
  if (typeof embedding !== "string" || typeof head !== "string") return undefined;
  return { name: embedding, biasName: `${head}.bias`, shape: [config.vocabSize, config.embeddingSize] };
}

function planClassifier(
  find: Finder,
  names: Partial<TensorNames>,
  { classes, dense }: ClassifierConfig,
): ClassifierWeights<VectorPlan> {
  const { hiddenSize } = find.config;
  return {
    dense: dense && find.values(names.classifierDense, hiddenSize, hiddenSize, dense.bias),
    norm: dense?.norm ? find.norm(names.classifierNorm, hiddenSize, "values") : undefined,
    scores: find.values(names.classifier, classes, hiddenSize, true),
  };
}

function planRelativeBias(
  find: Finder,
  config: ModelConfig,
  names: Partial<TensorNames>,
  encoder: boolean,
): VectorPlan {
  const { relativeBuckets: count, relativeMaxDistance: maxDistance, numHeads } = config;
  const stored = find.vector(names.relativeBias, count * numHeads, { shape: [count, numHeads] });
  return {
    ...stored,
    length: numHeads * (2 * maxDistance + 1),
    buckets: { count, maxDistance, bidirectional: encoder },
  };
}
