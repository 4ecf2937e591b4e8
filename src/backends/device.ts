// What a kind of device must say of itself, and what it is told of a model.
import type { ByteSource } from "../formats/sources/byte-source.ts";
import { choice, fields, flag, number, required, text, whole } from "../option-kinds.ts";
import type { TableOf } from "../options.ts";
import type { ActivationKind, Backend, CacheType, DeltaShape, NormKind } from "../tensor/backend.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Thread } from "./threads.ts";
import type { ProbeAnswer, ProbeTask } from "./wasm/probe.ts";
import type { WasmSetup } from "./wasm/rank.ts";

/** The devices by name. "cpu": WASM kernels on worker threads. "webgpu": a GPU. "reference": plain loops, slow and exact. */
export type DeviceName = "cpu" | "webgpu" | "reference";
/** What may be asked for. "auto": the GPU where a probe finds it faster, else the CPU. */
export type DeviceChoice = DeviceName | "auto";
export const deviceChoices = [
  "cpu",
  "webgpu",
  "auto",
  "reference",
] as const satisfies readonly DeviceChoice[];

/** What makes the backend of a worker; plain data, posted to it. */
export type DeviceSetup = WasmSetup | WebgpuSetup | { readonly device: "reference" };

/** What a model will ask of the GPU, for the self-test. */
export interface GpuUse {
  readonly samples: readonly WeightSample[];
  readonly operations: ModelOperations;
  readonly cacheType: CacheType;
}

export interface WebgpuSetup extends GpuUse {
  readonly device: "webgpu";
  /** Bytes of all weights. */
  readonly expectedBytes: number;
  /** Most bytes of one buffer of weights; default: what the device allows. */
  readonly bufferBytes?: number;
}

/** What a device asks of a worker before the worker knows a model, and what comes back. */
export type DeviceTask = ProbeTask;
export type DeviceAnswer = ProbeAnswer;

/** One kind of device, seen from the main thread. */
export interface Device {
  /**
   * Makes the device ready for a model: starts its workers, and says what each of them needs.
   * @throws {BaimoError} `memory` when the model does not fit, `device` when the device cannot run it
   */
  prepare(model: DeviceModel, files: readonly ByteSource[], options: PrepareOptions): Promise<PreparedDevice>;
  /** Counts the memory that a model takes. */
  count(model: DeviceModel, shape: RunShape, threads: number): MemoryNeeds;
}

/** How a caller may steer a device. */
export interface DeviceOptions {
  /** Worker threads. Default: as many as a short probe finds worth having. */
  threads?: number;
  /**
   * Bytes that the running model may take; default: the machine's memory. A mixture of experts that needs more keeps the
   * experts used last and reads the others from its file.
   */
  memoryBytes?: number;
  /**
   * Whether a thread of its own reads ahead experts that are about to be needed. Default: where it takes little of
   * `memoryBytes`; `true` has it also where it takes more than that.
   */
  readAhead?: boolean;
  /**
   * Keeps weights as kernels hold them in a folder, so that the next opening only reads them; the files used longest ago
   * give way when it is full (default 16 GB). Default: nothing is kept. For models in files on this machine of at least
   * `leastBytes` (default 64 MiB): smaller ones are packed before a second file is found.
   */
  packedCache?: { folder: string; maxBytes?: number; leastBytes?: number };
  /** The build of the kernels. Default: the fastest that this runtime has. */
  kernels?: "relaxed" | "simd";
  /** Most bytes of weights in one memory, 1 MiB at least. For tests of models beyond 4 GiB. */
  bankBytes?: number;
}

/** The same, declared. */
export const deviceTable = {
  threads: whole({ min: 1, max: 256 }),
  memoryBytes: number({ min: 1 }),
  readAhead: flag,
  packedCache: fields({
    folder: required(text()),
    maxBytes: number({ min: 1 }),
    leastBytes: number({ min: 0 }),
  }),
  kernels: choice("relaxed", "simd"),
  bankBytes: whole({ min: 2 ** 20, max: 2 ** 32 - 2 ** 28 }),
} satisfies TableOf<DeviceOptions>;

export interface PrepareOptions extends DeviceOptions {
  readonly shape: RunShape;
  /** Starts threads that will be the ranks. Where preparing fails, ending them is the caller's. */
  readonly startWorkers: (count: number) => Promise<readonly Thread[]>;
  readonly signal?: AbortSignal;
}

/** A device that is ready for a model. */
export interface PreparedDevice {
  /** One a rank. */
  readonly workers: readonly Thread[];
  readonly setup: DeviceSetup;
  /** For people: which kernels run. */
  readonly kernels: string;
  readonly warnings: readonly string[];
  /** Ends what serves the workers beside them. */
  close(): Promise<void>;
}

/** How a model is going to run. */
export interface RunShape {
  /** Of one sequence. */
  readonly contextLength: number;
  /** Most sequences in one call. */
  readonly sequences: number;
  /** Recurrent states beside those of the sequences, kept for others that begin alike. Default 0. */
  readonly keptStates?: number;
  /** Tokens whose keys and values are kept, of all sequences together. */
  readonly cacheTokens: number;
  readonly cacheType: CacheType;
  /** Most tokens in one call. */
  readonly maxTokens: number;
  /** Rows of logits that are counted; default: all that there is room for, which answers beside one another write to. */
  readonly logitRows?: number;
}

/** Bytes of a running model, all threads together. */
export interface MemoryNeeds {
  /** Weights that every token meets. */
  readonly weights: number;
  /** Weights of experts, which may be read as they are needed. */
  readonly experts: number;
  readonly cache: number;
  /** Activations, scratch, and the runtime itself (the last measured, not computed). */
  readonly buffers: number;
  readonly total: number;
}

/** What allocates: a backend, or one who counts what it would take. */
export type Allocator = Pick<
  Backend,
  | "ranks"
  | "maxTokens"
  | "allocate"
  | "allocateSlice"
  | "allocateCache"
  | "allocateDeltaState"
  | "allocateMixture"
>;

/** A model as a device must know it before it is loaded. */
export interface DeviceModel {
  readonly name: string;
  readonly matrices: readonly MatrixShape[];
  /** Where the config says how stored bytes are read: what it says. Packed weights depend on it beside the files. */
  readonly readings?: readonly string[];
  /** Values of all weight vectors, biases too. */
  readonly vectorValues: number;
  /** Of each layer with a mixture of experts. */
  readonly experts?: { readonly count: number; readonly perToken: number; readonly mixtures: number };
  readonly operations: ModelOperations;
  /** Widest head of keys or values. */
  readonly headDim: number;
  readonly vocabSize: number;
  /** Products of a token whose results ranks exchange. */
  readonly gathers: number;
  /** Floats that ranks exchange at a time. */
  exchangeFloats(shape: RunShape): number;
  /** Allocate as the workers will. */
  allocateWorkspace(allocator: Allocator, shape: RunShape): void;
  allocateCaches(allocator: Allocator, shape: RunShape): void;
  /** Some rows of a matrix of each element type, and of the embedding. */
  readSamples(): Promise<WeightSample[]>;
}

/** A weight matrix: in which type it is read, and its size. */
export interface MatrixShape {
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  /** One of many experts, of which a token meets few. */
  readonly expert: boolean;
}

/** Some rows of a model's matrix, cut to their first columns, in file form. */
export interface WeightSample {
  readonly name: string;
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  readonly bytes: Uint8Array;
  /** Rows are looked up, too. */
  readonly embedding: boolean;
}

/** What a model's forward pass asks of a backend beside products. */
export interface ModelOperations {
  readonly norm: NormKind;
  readonly normEps: number;
  /** Queries and keys pass a norm. */
  readonly headNorm: boolean;
  readonly headDim: number;
  readonly valueDim: number;
  /** How many of a head's dimensions turn; 0: none. */
  readonly ropeDims: number;
  readonly softcap: number;
  readonly windowed: boolean;
  readonly sinks: boolean;
  readonly slopes: boolean;
  readonly relativeBias: boolean;
  /** Whether a token sees only what comes before it. */
  readonly causal: boolean;
  /** Attention of an encoder beside it, which sees what follows, too. */
  readonly encoder: boolean;
  /** Keys end with their values (latent attention). */
  readonly valueInKey: boolean;
  readonly activation: ActivationKind;
  readonly activationLimit: number;
  readonly gatedMlp: boolean;
  readonly sigmoidGates: boolean;
  readonly clips: boolean;
  readonly biases: boolean;
  readonly delta?: Pick<DeltaShape, "keyHeads" | "valueHeads" | "keyDim" | "valueDim" | "kernel">;
}
