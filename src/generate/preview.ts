// What a model is and what memory it takes, told by its files before it is loaded.
import type { MemoryNeeds, RunShape } from "../backends/device.ts";
import { openDevice } from "../backends/open-device.ts";
import { availableThreads } from "../backends/threads.ts";
import { type Checkpoint, type CheckpointInput, openCheckpoint } from "../formats/checkpoint.ts";
import type { ModelConfig } from "../models/config/config.ts";
import type { DeclaredLicences } from "../models/declared-licences.ts";
import { describeForDevice } from "../models/device-model.ts";
import { describeModel, type ModelDescription } from "../models/open-model.ts";
import { call, readOptions } from "../options.ts";
import { Adapters } from "./adapters.ts";
import { isModel } from "./draft.ts";
import { fetchFromHub } from "./hub-source.ts";
import { type LoadOptions, loadTable, type ReadLoadOptions } from "./load-options.ts";
import { chooseShape } from "./run-shape.ts";
import type { Adapter } from "./types.ts";

/** A model that is not loaded. */
export interface ModelPreview {
  readonly name: string;
  readonly config: ModelConfig;
  /** With the options that it was looked at with. */
  readonly contextLength: number;
  /** A draft's included. */
  readonly memory: MemoryNeeds;
  readonly draft?: ModelPreview;
  readonly adapters: readonly Adapter[];
  readonly declaredLicences: DeclaredLicences;
}

/**
 * Looks at a model as `load` would open it. The memory is counted for as many threads as there are unless `threads` says
 * otherwise, and it is a little more than what is taken in the end.
 * @throws {BaimoError} as `load`, but for `memory`
 */
export async function previewModel(source: CheckpointInput, given: LoadOptions = {}): Promise<ModelPreview> {
  const options = readOptions(given, loadTable, call("previewModel"));
  const checkpoint = await openCheckpoint(await fetchFromHub(source, options), { signal: options.signal });
  try {
    const description = await describeModel(checkpoint, options);
    const { name, config, declaredLicences } = description;
    const { contextLength, memory } = await countMemory(description, checkpoint, options);
    const adapters = new Adapters(description);
    for (const { source, ...about } of options.adapters ?? []) {
      await adapters.load(await fetchFromHub(source, options), about, async () => {});
    }
    const draft = await previewDraft(options);
    return {
      name,
      config,
      contextLength,
      memory: draft ? sumOf(memory, draft.memory) : memory,
      draft,
      adapters: adapters.list,
      declaredLicences,
    };
  } finally {
    await checkpoint.close();
  }
}

/** A draft that is going to be opened beside a model, seen as the model is. */
async function previewDraft({ draft, ...options }: ReadLoadOptions): Promise<ModelPreview | undefined> {
  if (draft === undefined || isModel(draft)) return undefined;
  return previewModel(draft, { ...options, adapters: undefined, chatTemplate: undefined });
}

/** What two models take together. */
function sumOf(a: MemoryNeeds, b: MemoryNeeds): MemoryNeeds {
  return {
    weights: a.weights + b.weights,
    experts: a.experts + b.experts,
    cache: a.cache + b.cache,
    buffers: a.buffers + b.buffers,
    total: a.total + b.total,
  };
}

/** The memory that a described model takes on a device, one answer at a time. */
export async function countMemory(
  description: ModelDescription,
  { files }: Pick<Checkpoint, "files">,
  options: Partial<ReadLoadOptions>,
): Promise<{ contextLength: number; memory: MemoryNeeds }> {
  const device = await openDevice(options.device === "auto" ? "cpu" : (options.device ?? "cpu"));
  const shape: RunShape = { ...chooseShape(description, options), logitRows: 1 };
  const threads = options.threads ?? (await availableThreads());
  const memory = device.count(describeForDevice(description, files), shape, threads);
  return { contextLength: shape.contextLength, memory };
}
