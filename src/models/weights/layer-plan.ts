// The plan of one block: which weights its knobs need, and their shapes.
import type { DeltaConfig, ExpertsConfig, LatentConfig } from "../config/config.ts";
import type { TensorNames } from "../families/family.ts";
import { type Finder, interleavedRow } from "./finder.ts";
import type { MatrixPlan, VectorPlan } from "./tensor-plan.ts";
import type {
  AttentionWeights,
  BranchNorms,
  DeltaWeights,
  LatentWeights,
  LayerWeights,
  MixerWeights,
  MixtureWeights,
  MlpWeights,
} from "./weights.ts";

type Names = Partial<TensorNames>;

/** Plans layer `layer` of the decoder, or of the encoder. */
export function planLayer(
  find: Finder,
  names: Names,
  layer: number,
  encoder: boolean,
): LayerWeights<MatrixPlan, VectorPlan, VectorPlan> {
  const { config } = find;
  const experts = !encoder && !config.experts?.denseLayers[layer] ? config.experts : undefined;
  const crosses = !encoder && config.encoderLayers > 0;
  const sharesNorm = config.residual === "parallel-shared";
  const isBare = layer === 0 && !config.firstNorm;
  return {
    mixerNorms: isBare
      ? {}
      : planNorms(find, names.attentionNorm, names.attentionEndNorm, names.attentionAfterNorm),
    mixer: planMixer(find, names, encoder ? undefined : config.deltaLayers[layer] && config.delta),
    cross: crosses
      ? { norms: { before: find.norm(names.crossNorm, config.hiddenSize) }, weights: planCross(find, names) }
      : undefined,
    feedNorms: sharesNorm ? {} : planNorms(find, names.mlpNorm, names.mlpEndNorm, names.mlpAfterNorm),
    feed: experts
      ? { kind: "mixture", weights: planMixture(find, names, experts) }
      : { kind: "mlp", weights: planMlp(find, names, config.intermediateSize) },
  };
}

function planMixer(
  find: Finder,
  names: Names,
  delta: DeltaConfig | false | undefined,
): MixerWeights<MatrixPlan, VectorPlan> {
  const { latent } = find.config;
  if (delta) return { kind: "delta", weights: planDelta(find, names, delta) };
  if (latent) return { kind: "latent", weights: planLatent(find, names, latent) };
  return { kind: "attention", weights: planAttention(find, names) };
}

function planNorms(
  find: Finder,
  before: Names["mlpNorm"],
  end: Names["mlpNorm"],
  after: Names["mlpNorm"],
): BranchNorms<VectorPlan> {
  const { normPlace: place, hiddenSize } = find.config;
  return {
    before: place === "pre" || place === "sandwich" ? find.norm(before, hiddenSize) : undefined,
    end: place === "branch" || place === "sandwich" ? find.norm(end, hiddenSize) : undefined,
    after: place === "post" ? find.norm(after, hiddenSize) : undefined,
  };
}

function planAttention(find: Finder, names: Names): AttentionWeights<MatrixPlan, VectorPlan> {
  const { config } = find;
  const { hiddenSize: hidden, numHeads, numKvHeads, headDim, valueDim, qkvBias: bias, qkNorm } = config;
  const normOf = (place: Names["queryNorm"], heads: number) => {
    if (qkNorm === "none") return undefined;
    const onePlus = config.normWeight === "one-plus";
    if (qkNorm === "each-head" && typeof place === "string") {
      // Stored [heads, headDim].
      return find.vector(place, heads * headDim, { rotated: true, shape: [heads, headDim], onePlus });
    }
    return find.vector(place, qkNorm === "full" ? heads * headDim : headDim, { rotated: true, onePlus });
  };
  return {
    query: find.matrix(names.query, numHeads * headDim, hidden, { cut: "heads", bias, rotated: true }),
    key: find.matrix(names.key, numKvHeads * headDim, hidden, { bias, rotated: true }),
    value: find.matrix(names.value, numKvHeads * valueDim, hidden, { bias }),
    output: find.matrix(names.output, hidden, numHeads * valueDim, { bias: config.outputBias }),
    gate: config.attentionGate
      ? find.matrix(names.attentionGate, numHeads * valueDim, hidden, { cut: "heads", bias })
      : undefined,
    queryNorm: normOf(names.queryNorm, numHeads),
    keyNorm: normOf(names.keyNorm, numKvHeads),
    sinks: config.attentionSinks ? find.vector(names.sinks, numHeads) : undefined,
  };
}

/**
 * Rows of each query's head are turned so that the part that RoPE turns comes first, its pairs in halves. Where a file has the
 * keys and values of all heads in one matrix, a head's part of the keys is read by columns.
 */
function planLatent(
  find: Finder,
  names: Names,
  { queryRank, keyValueRank, ropeDim }: LatentConfig,
): LatentWeights<MatrixPlan, VectorPlan> {
  const { config } = find;
  const { hiddenSize: hidden, numHeads, headDim, valueDim } = config;
  const plainDim = headDim - ropeDim;
  const pairs = (row: number) => (find.interleaved ? interleavedRow(row, ropeDim, ropeDim) : row);
  const queryOrder = Int32Array.from({ length: numHeads * headDim }, (_, row) => {
    const within = row % headDim;
    return row - within + (within < ropeDim ? plainDim + pairs(within) : within - ropeDim);
  });
  const ofHead = plainDim + valueDim;
  const byHeads = { cut: "heads", heads: numHeads } as const;
  const isApart = names.keyUp !== undefined;
  const down = { of: keyValueRank + ropeDim, bias: config.qkvBias };
  return {
    query: find.matrix(names.query, numHeads * headDim, queryRank || hidden, {
      cut: "heads",
      order: queryOrder,
    }),
    key: isApart
      ? find.matrix(names.keyUp, numHeads * keyValueRank, plainDim, byHeads)
      : find.matrix(names.keyValueUp, numHeads * keyValueRank, plainDim, {
          ...byHeads,
          of: numHeads * ofHead,
          width: keyValueRank,
          partRows: ofHead,
          order: Int32Array.from({ length: numHeads * keyValueRank }, (_, row) => row % keyValueRank),
        }),
    value: isApart
      ? find.matrix(names.valueUp, numHeads * valueDim, keyValueRank, byHeads)
      : find.matrix(names.keyValueUp, numHeads * valueDim, keyValueRank, {
          ...byHeads,
          of: numHeads * ofHead,
          order: Int32Array.from(
            { length: numHeads * valueDim },
            (_, row) => Math.floor(row / valueDim) * ofHead + plainDim + (row % valueDim),
          ),
        }),
    output: find.matrix(names.output, hidden, numHeads * valueDim, { bias: config.outputBias }),
    queryDown:
      queryRank > 0
        ? {
            project: find.matrix(names.queryDown, queryRank, hidden, { bias: config.qkvBias }),
            norm: find.vector(names.queryDownNorm, queryRank),
          }
        : undefined,
    keyValueDown: find.matrix(names.keyValueDown, keyValueRank, hidden, down),
    keyValueNorm: find.vector(names.keyValueDownNorm, keyValueRank),
    keyRope: find.matrix(names.keyValueDown, ropeDim, hidden, {
      ...down,
      first: keyValueRank,
      order: Int32Array.from({ length: ropeDim }, (_, row) => pairs(row)),
    }),
  };
}

function planCross(find: Finder, names: Names): AttentionWeights<MatrixPlan, VectorPlan> {
  const { hiddenSize: hidden, numHeads, numKvHeads, headDim, valueDim } = find.config;
  return {
    query: find.matrix(names.crossQuery, numHeads * headDim, hidden, { cut: "heads" }),
    key: find.matrix(names.crossKey, numKvHeads * headDim, hidden),
    value: find.matrix(names.crossValue, numKvHeads * valueDim, hidden),
    output: find.matrix(names.crossOutput, hidden, numHeads * valueDim),
  };
}

function planDelta(
  find: Finder,
  names: Names,
  { keyHeads, valueHeads, keyDim, valueDim, kernel }: DeltaConfig,
): DeltaWeights<MatrixPlan, VectorPlan> {
  const { hiddenSize: hidden } = find.config;
  const [keys, values] = [keyHeads * keyDim, valueHeads * valueDim];
  const heads = { cut: "delta" } as const;
  return {
    query: find.matrix(names.deltaQuery, keys, hidden, heads),
    key: find.matrix(names.deltaKey, keys, hidden, heads),
    value: find.matrix(names.deltaValue, values, hidden, heads),
    gate: find.matrix(names.deltaGate, values, hidden, heads),
    beta: find.matrix(names.deltaBeta, valueHeads, hidden, heads),
    alpha: find.matrix(names.deltaAlpha, valueHeads, hidden, heads),
    output: find.matrix(names.deltaOutput, hidden, values),
    queryKernel: find.vector(names.deltaQueryKernel, keys * kernel),
    keyKernel: find.vector(names.deltaKeyKernel, keys * kernel),
    valueKernel: find.vector(names.deltaValueKernel, values * kernel),
    decay: find.vector(names.deltaDecay, valueHeads),
    decayBias: find.vector(names.deltaDecayBias, valueHeads),
    norm: find.vector(names.deltaNorm, valueDim),
  };
}

function planMlp(find: Finder, names: Names, width: number): MlpWeights<MatrixPlan> {
  const { hiddenSize: hidden, mlpBias: bias, gatedMlp } = find.config;
  return {
    gate: gatedMlp ? find.matrix(names.gate, width, hidden, { bias }) : undefined,
    up: find.matrix(names.up, width, hidden, { bias }),
    down: find.matrix(names.down, hidden, width, { bias }),
  };
}

function planMixture(
  find: Finder,
  names: Names,
  experts: ExpertsConfig,
): MixtureWeights<MatrixPlan, VectorPlan> {
  const { hiddenSize: hidden, gatedMlp } = find.config;
  const { count, intermediateSize: width, bias, sharedIntermediateSize: sharedWidth } = experts;
  return {
    router: find.matrix(names.router, count, hidden, { bias: experts.routerBias }),
    selectionBias: experts.selectionBias
      ? find.vector(names.selectionBias, count, { kind: "values" })
      : undefined,
    experts: Array.from({ length: count }, (_, e) => ({
      gate: gatedMlp ? find.expert(names.expertGate, e, width, hidden, bias) : undefined,
      up: find.expert(names.expertUp, e, width, hidden, bias),
      down: find.expert(names.expertDown, e, hidden, width, bias),
    })),
    shared:
      sharedWidth > 0
        ? {
            weights: {
              gate: find.matrix(names.sharedGate, sharedWidth, hidden),
              up: find.matrix(names.sharedUp, sharedWidth, hidden),
              down: find.matrix(names.sharedDown, hidden, sharedWidth),
            },
            gate: experts.sharedGate ? find.matrix(names.sharedRouter, 1, hidden) : undefined,
          }
        : undefined,
  };
}
