// A model that learns, on one rank: its weights, the tape of its forward pass, its head.
import { BaimoError } from "../errors.ts";
import type { ByteSource } from "../formats/sources/byte-source.ts";
import type { ModelConfig } from "../models/config/config.ts";
import { adaptedRows } from "../models/forward/adapters.ts";
import { assembleTransformer, type Transformer } from "../models/forward/model.ts";
import { finishStates, forward } from "../models/forward/transformer.ts";
import { createCaches, createWorkspace } from "../models/forward/workspace.ts";
import type { WeightPlan } from "../models/weights/tensor-plan.ts";
import type { Run } from "../tensor/backend.ts";
import { Adapter, type AdapterOptions } from "./adapter.ts";
import { type Learned, Parameters } from "./parameters.ts";
import { createTapeBackend, type TapeBackend } from "./tape/backend.ts";
import { Head, type Judged, type Targets } from "./tape/head.ts";
import type { Machine } from "./tape/machine.ts";
import { type Recompute, Tape } from "./tape/tape.ts";
import { matrixOf, type Value, valueAt } from "./tape/value.ts";

/** Rows of a pass and the documents that they belong to. */
export interface Batch {
  /** [tokens] ids */
  readonly tokens: Int32Array;
  /** Documents one after another: how many tokens each has. Positions begin anew with each. */
  readonly documents: readonly number[];
}

/** What a model is trained of. */
export interface TrainedModelParts {
  readonly config: ModelConfig;
  readonly weights: WeightPlan;
  /** The weights as an adapter's files name them, where their own file names them otherwise. */
  readonly names?: WeightPlan;
  /** Most tokens of a pass. */
  readonly maxTokens: number;
  readonly recompute?: Recompute;
  /** Trained in place of the weights. */
  readonly adapter?: AdapterOptions;
}

/** A coefficient beside the loss of every mixture's balance, a layer. */
export interface Balance {
  readonly balance: number;
  readonly z: number;
}

/** A model whose gradients can be had. Every rank calls the same methods in the same order. */
export class TrainedModel {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  readonly adapter: Adapter | undefined;
  readonly learned: readonly Learned[];
  readonly tape: Tape;
  readonly #backend: TapeBackend;
  readonly #model: Transformer;
  readonly #head: Head;

  private constructor(
    parts: Pick<TrainedModel, "config" | "parameters" | "adapter" | "learned" | "tape">,
    inner: { backend: TapeBackend; model: Transformer; head: Head },
  ) {
    this.config = parts.config;
    this.parameters = parts.parameters;
    this.adapter = parts.adapter;
    this.learned = parts.learned;
    this.tape = parts.tape;
    this.#backend = inner.backend;
    this.#model = inner.model;
    this.#head = inner.head;
  }

  /**
   * Writes the tape and plans its memory; `load` comes after whoever else allocates, and `machine.settle`.
   * @throws {BaimoError} `config` for a knob that has no backward pass
   */
  static async create(machine: Machine, parts: TrainedModelParts): Promise<TrainedModel> {
    const { config, maxTokens } = parts;
    checkTrainable(config);
    const tape = new Tape(machine, maxTokens);
    const backend = createTapeBackend(tape);
    const frozen = parts.adapter !== undefined;
    const parameters = new Parameters(machine, parts.weights, { frozen, names: parts.names });
    const { weights } = parameters;
    const adapter = parts.adapter && new Adapter(machine, parameters, parts.adapter);
    const workspace = createWorkspace(backend, config, maxTokens);
    const shape = {
      contextLength: maxTokens,
      sequences: 1,
      cacheTokens: maxTokens,
      cacheType: "F32" as const,
    };
    const caches = createCaches(backend, config, shape);
    const model = await assembleTransformer({ backend, config, weights, caches, workspace });
    if (adapter) model.adapters.set(0, adapter.addends);
    const blank = { tokens: new Int32Array(maxTokens), documents: [maxTokens] };
    const states = runForward(model, blank, () => tape.mark());
    tape.plan([states], { recompute: parts.recompute });
    const head = matrixOf(weights.head ?? weights.embedding);
    return new TrainedModel(
      { config, parameters, adapter, tape, learned: adapter?.learned ?? parameters.learned },
      {
        backend,
        model,
        head: new Head(machine, states, head, { scale: config.logitScale, softcap: config.logitSoftcap }),
      },
    );
  }

  /** Reads the weights, once the memory is settled. */
  async load(files: readonly ByteSource[]): Promise<void> {
    await this.parameters.load(files);
    this.adapter?.start();
  }

  /** Runs a batch forward. `balance`: what mixtures of experts add to the loss, each. Returns what they do. */
  forward(batch: Batch, balance: Balance = { balance: 0, z: 0 }): number {
    this.tape.begin();
    const { mixtures } = this.#backend;
    for (const mixture of mixtures) mixture.weights = balance;
    runForward(this.#model, batch, () => this.tape.mark());
    return mixtures.reduce((sum, { losses }) => sum + losses.balance + losses.z, 0);
  }

  /** Cross-entropies of the batch that was run forward last. */
  score(targets: Int32Array): Judged {
    return this.#head.score(targets);
  }

  /** The same, and its gradients are added to those of all that learns. */
  learn(targets: Targets): Judged {
    this.tape.clearGradients();
    const judged = this.#head.learn(targets);
    this.tape.backward();
    return judged;
  }

  /** To be called when weights have changed. */
  refresh(): void {
    this.parameters.refresh();
  }
}

/** One pass over a batch; its final states, as the head reads them. */
function runForward(model: Transformer, { tokens, documents }: Batch, afterBlocks: () => void): Value {
  const adapters = model.adapters.size > 0 ? [{ adapter: 0, scale: 1 }] : undefined;
  let first = 0;
  const runs = documents.map((rows): Run => {
    const run = { sequence: NO_SEQUENCE, first, rows, position: 0, length: rows, adapters };
    first += rows;
    return run;
  });
  forward(model, tokens, runs);
  afterBlocks();
  const pass = { ...model, runs, adapted: adaptedRows(model.adapters, runs) };
  return valueAt(finishStates(pass, model.workspace.hidden));
}

/** Keys and values of a pass are its own. */
const NO_SEQUENCE = { slot: 0, pages: new Int32Array(0) };

/** @throws {BaimoError} `config` naming the first knob without a backward pass */
export function checkTrainable(config: ModelConfig): void {
  const refusals: readonly (readonly [knob: string, refused: boolean])[] = [
    ["causal: false", !config.causal],
    ["encoderLayers", config.encoderLayers > 0],
    ["latent", config.latent !== undefined],
    ["delta", config.delta !== undefined],
    ["alibiSlopes", config.alibiSlopes.length > 0],
    ["relativeBuckets", config.relativeBuckets > 0],
    ["headNormalized", config.headNormalized],
    ["languageHead: false", !config.languageHead],
    ["classifier", config.classifier !== undefined],
    ["tokenTypes", config.tokenTypes > 0],
  ];
  const [first] = refusals.filter(([, refused]) => refused);
  if (first) {
    throw new BaimoError(
      "config",
      `a model of architecture "${config.architecture}" cannot be trained: its knob ${first[0]} has no backward pass`,
    );
  }
}
