// Options of `load`, and its progress.
import { type DeviceChoice, type DeviceOptions, deviceChoices, deviceTable } from "../backends/device.ts";
import { type CheckpointInput, checkpointKind } from "../formats/checkpoint.ts";
import { type PullOptions, pullTable } from "../formats/hub/pull-options.ts";
import { type DescribeOptions, describeTable } from "../models/describe-options.ts";
import {
  callback,
  choice,
  fields,
  list,
  required,
  signal,
  text,
  whole,
  withDefault,
} from "../option-kinds.ts";
import type { OptionsOf, TableOf } from "../options.ts";
import type { CacheType } from "../tensor/backend.ts";
import { draftKind } from "./draft.ts";
import { adapterTable } from "./options.ts";
import type { AdapterOptions, Model } from "./types.ts";

/** Progress of loading: `done` of `total` bytes of a download, or tensors of the weights. */
export interface LoadProgress {
  phase: "download" | "weights";
  done: number;
  total: number;
  /** The file that is being fetched. */
  file?: string;
}

/** Options of `load`. */
export interface LoadOptions extends DescribeOptions, DeviceOptions {
  /** "cpu": kernels on worker threads. "webgpu": a GPU. "auto": the GPU where a probe finds it faster. "reference": plain loops. Default "cpu". */
  device?: DeviceChoice;
  /** Tokens that prompt and answer may hold together, at least one each. Default: the model's own, at most 4,096. Learned positions bound it. */
  contextLength?: number;
  /** Storage of keys and values; "Q8": 8 bits with a scale per token and head. Default "F32" for F32 weights, else "F16". */
  cacheType?: CacheType;
  /** Most tokens that run at a time. Default 72. Results do not depend on it. */
  chunkTokens?: number;
  /** Requests that run at once; others wait. Default 16, or 4 for a model with recurrent states. Results do not depend on it. */
  parallel?: number;
  /** Calls that may wait for those that run; one more is a BaimoError `busy`. Default 256. */
  maxWaiting?: number;
  /**
   * Tokens whose keys and values are kept, of all requests together; at least `contextLength`. Default: four contexts where
   * they take no more than 512 MiB; one where `memoryBytes` is given.
   */
  cacheTokens?: number;
  /** A chat template (Jinja) in place of the model's own, and of all its named ones. */
  chatTemplate?: string;
  /**
   * Bytes for recurrent states at the ends of pages, so that prompts which begin alike go on from there. Default 256 MiB; none
   * where `memoryBytes` is given.
   */
  stateBytes?: number;
  /** For "hf:owner/name": where downloads are kept (default the Hub's own cache folder), and whom to ask as whom. */
  hub?: Partial<Pick<PullOptions, "cacheFolder" | "endpoint" | "token" | "offline">>;
  /**
   * A second, smaller model of the same vocabulary, or where to open one: it guesses what follows (`speculation`). One that is
   * opened here shares device, threads and sizes of this one, takes its memory beside it, and is disposed of with it.
   */
  draft?: CheckpointInput | Model;
  /** Adapters to load with it: see `loadAdapter`. */
  adapters?: readonly AdapterSource[];
  signal?: AbortSignal;
  onProgress?: (progress: LoadProgress) => void;
}

/** An adapter's files, and what `loadAdapter` may be told of them. */
export interface AdapterSource extends Omit<AdapterOptions, "signal"> {
  readonly source: CheckpointInput;
}

const { cacheFolder, endpoint, token, offline } = pullTable;

/** The same, declared. */
export const loadTable = {
  ...describeTable,
  ...deviceTable,
  device: withDefault(choice(...deviceChoices), "cpu"),
  contextLength: whole({ min: 2, max: 1 << 24 }),
  cacheType: choice("F32", "F16", "Q8"),
  chunkTokens: whole({ min: 1, max: 4096 }),
  parallel: whole({ min: 1, max: 256 }),
  maxWaiting: withDefault(whole({ min: 0, max: 1_000_000 }), 256),
  cacheTokens: whole({ min: 1, max: 1 << 26 }),
  chatTemplate: text({ least: 0, most: 1 << 24 }),
  stateBytes: whole({ min: 0, max: 2 ** 40 }),
  hub: fields({ cacheFolder: { ...cacheFolder, required: false }, endpoint, token, offline }),
  draft: draftKind,
  adapters: list(
    fields({ source: required(checkpointKind), name: adapterTable.name, scale: adapterTable.scale }),
    { most: 256 },
  ),
  signal,
  onProgress: callback<NonNullable<LoadOptions["onProgress"]>>(),
} satisfies TableOf<LoadOptions>;

/** What `load` reads of them. */
export type ReadLoadOptions = OptionsOf<typeof loadTable>;
