// A model ready to run on one rank, and a pass of it over some runs.
import type { AttentionOptions, Backend, Matrix, Run, Sequence, Vector } from "../../tensor/backend.ts";
import type { DeltaConfig, LatentConfig, ModelConfig } from "../config/config.ts";
import type {
  AttentionWeights,
  BranchNorms,
  DeltaWeights,
  LatentWeights,
  LoadedStack,
  LoadedWeights,
  MixtureWeights,
  MlpWeights,
  NormWeights,
} from "../weights/weights.ts";
import type { AdaptedRows, LoadedAdapter } from "./adapters.ts";
import type {
  AttentionSpace,
  Caches,
  DeltaSpace,
  LatentSpace,
  MixtureSpace,
  MlpSpace,
  Workspace,
} from "./workspace.ts";

export type LoadedAttention = AttentionWeights<Matrix, Vector>;

/** What lets the tokens of a block see each other. */
export type Mixer =
  | {
      readonly kind: "attention";
      readonly weights: LoadedAttention;
      readonly space: AttentionSpace;
      readonly options: AttentionOptions;
    }
  | {
      readonly kind: "latent";
      readonly weights: LatentWeights<Matrix, Vector>;
      readonly space: AttentionSpace & { readonly latent: LatentSpace };
      readonly options: AttentionOptions;
      readonly config: LatentConfig;
    }
  | {
      readonly kind: "delta";
      readonly weights: DeltaWeights<Matrix, Vector>;
      readonly space: DeltaSpace;
      readonly config: DeltaConfig;
    };

/** What each token of a block passes alone. */
export type Feed =
  | { readonly kind: "mlp"; readonly weights: MlpWeights<Matrix>; readonly space: MlpSpace }
  | {
      readonly kind: "mixture";
      readonly weights: MixtureWeights<Matrix, Float32Array>;
      readonly space: MixtureSpace;
      readonly shared?: {
        readonly weights: MlpWeights<Matrix>;
        readonly space: MlpSpace;
        readonly gate?: Matrix;
      };
    };

/** One block. `layer` is its number among those of its stack. */
export interface Block {
  readonly layer: number;
  readonly mixerNorms: BranchNorms<Vector>;
  readonly mixer: Mixer;
  /** Attention over the encoder's answer. */
  readonly cross?: {
    readonly norms: BranchNorms<Vector>;
    readonly weights: LoadedAttention;
    readonly options: AttentionOptions;
  };
  readonly feedNorms: BranchNorms<Vector>;
  readonly feed: Feed;
}

/** Blocks that run one after another: the decoder's, or the encoder's. */
export interface Stack {
  readonly blocks: readonly Block[];
  readonly finalNorm?: NormWeights<Vector>;
}

/** A model ready to run on one rank. */
export interface Transformer {
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly weights: LoadedWeights;
  readonly decoder: Stack;
  readonly encoder?: Stack;
  readonly caches: Caches;
  readonly workspace: Workspace;
  /** The text that an encoder has read. */
  readonly text: { readonly sequence: Sequence; tokens: number };
  /** Adapters by their numbers. */
  readonly adapters: Map<number, LoadedAdapter>;
  /** The last pass, whose hidden state lies in the workspace. */
  readonly last: { runs: readonly Run[] };
}

/** One call of the forward pass: a model, and the runs that its rows are made of. */
export interface Pass extends Transformer {
  readonly runs: readonly Run[];
  /** Those of its rows that have adapters. */
  readonly adapted: readonly AdaptedRows[];
}

/** Puts a model together from what was loaded. Loads the small tables that only the config knows. */
export async function assembleTransformer(
  parts: Pick<Transformer, "backend" | "config" | "weights" | "caches" | "workspace">,
): Promise<Transformer> {
  const { backend, config, weights } = parts;
  const { alibiSlopes } = config;
  const textPages = parts.caches.cross?.pages ?? 0;
  const slopes =
    alibiSlopes.length > 0
      ? await backend.loadVector({
          name: "ALiBi slopes",
          length: alibiSlopes.length,
          read: async () => Float32Array.from(alibiSlopes),
        })
      : undefined;
  return {
    ...parts,
    decoder: assembleStack(parts, weights.decoder, { causal: config.causal, slopes }),
    encoder: weights.encoder && assembleStack(parts, weights.encoder, { causal: false, slopes }),
    text: {
      sequence: { slot: 0, pages: Int32Array.from({ length: textPages }, (_, page) => page) },
      tokens: 0,
    },
    adapters: new Map(),
    last: { runs: [] },
  };
}

function assembleStack(
  { config, workspace }: Pick<Transformer, "config" | "workspace">,
  { layers, finalNorm, relativeBias }: LoadedStack,
  { causal, slopes }: { causal: boolean; slopes: Vector | undefined },
): Stack {
  const optionsOf = (layer: number, sinks?: Vector): AttentionOptions => ({
    causal,
    slopes,
    sinks,
    softcap: config.attentionSoftcap,
    scale: config.attentionScale / (config.attentionScaleByDepth ? layer + 1 : 1),
    window: causal === config.causal ? config.slidingWindow[layer] : 0,
    bias: relativeBias && { table: relativeBias, reach: config.relativeMaxDistance },
  });
  const crossOptions = { causal: false, window: 0, softcap: 0, scale: config.attentionScale };
  const blocks = layers.map(
    ({ mixerNorms, mixer, cross, feedNorms, feed }, layer): Block => ({
      layer,
      mixerNorms,
      mixer: assembleMixer(config, workspace, mixer, (sinks) => optionsOf(layer, sinks)),
      cross: cross && { ...cross, options: crossOptions },
      feedNorms,
      feed: assembleFeed(config, workspace, feed),
    }),
  );
  return { blocks, finalNorm };
}

function assembleMixer(
  { latent, delta }: ModelConfig,
  { attention, latent: latentSpace, delta: deltaSpace }: Workspace,
  mixer: LoadedStack["layers"][number]["mixer"],
  optionsOf: (sinks?: Vector) => AttentionOptions,
): Mixer {
  if (mixer.kind === "attention")
    return { ...mixer, space: attention, options: optionsOf(mixer.weights.sinks) };
  if (mixer.kind === "latent" && latent && latentSpace)
    return { ...mixer, space: { ...attention, latent: latentSpace }, options: optionsOf(), config: latent };
  if (mixer.kind === "delta" && delta && deltaSpace) return { ...mixer, space: deltaSpace, config: delta };
  throw new Error(`a mixer of kind "${mixer.kind}" that the config does not tell of`);
}

function assembleFeed(
  { intermediateSize, experts }: ModelConfig,
  { mlp, mixture }: Workspace,
  feed: LoadedStack["layers"][number]["feed"],
): Feed {
  const room = (width: number): MlpSpace => {
    const space = mlp.get(width);
    if (!space) throw new Error(`no workspace for an MLP of width ${width}`);
    return space;
  };
  if (feed.kind === "mlp") return { ...feed, space: room(intermediateSize) };
  if (!mixture || !experts) throw new Error("a mixture of experts that the config does not tell of");
  const { shared } = feed.weights;
  return {
    ...feed,
    space: mixture,
    shared: shared && { ...shared, space: room(experts.sharedIntermediateSize) },
  };
}
