// `load`: from a file, a folder, a URL or the Hub to a running model.
import { chooseDevice } from "../backends/choose-device.ts";
import type { DeviceName, PreparedDevice, RunShape } from "../backends/device.ts";
import { openDevice } from "../backends/open-device.ts";
import type { Thread } from "../backends/threads.ts";
import { BaimoError, throwIfAborted } from "../errors.ts";
import {
  type Checkpoint,
  type CheckpointInput,
  checkpointKind,
  openCheckpoint,
} from "../formats/checkpoint.ts";
import type { ByteSource } from "../formats/sources/byte-source.ts";
import { grouped } from "../grouped.ts";
import { describeForDevice } from "../models/device-model.ts";
import { describeModel, type ModelDescription } from "../models/open-model.ts";
import { tensorsOf } from "../models/weights/tensor-plan.ts";
import { call, readOptions } from "../options.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { Adapters } from "./adapters.ts";
import { asksOf, checkDraft, isModel } from "./draft.ts";
import { type AskDraft, type Engine, startEngine, startWorkers } from "./engine.ts";
import { EngineSlot } from "./engine-slot.ts";
import { fetchFromHub } from "./hub-source.ts";
import { readLanguage } from "./language.ts";
import { type LoadOptions, loadTable, type ReadLoadOptions } from "./load-options.ts";
import { createModel, type ModelResources, type TraceableModel } from "./model.ts";
import { modelIdentity } from "./model-identity.ts";
import { NO_TOKENIZER, noTokenizerWarning } from "./no-tokenizer.ts";
import { Prompts } from "./prompts.ts";
import { Queue } from "./queue.ts";
import { chooseShape, contextWarnings } from "./run-shape.ts";
import type { Model } from "./types.ts";

export type { LoadOptions, LoadProgress } from "./load-options.ts";

/**
 * Opens a model and starts the workers that run it.
 *
 * source  a .gguf file, a folder in Hugging Face's layout, a URL of either, "hf:owner/name[:QUANT][@revision]",
 *   "poet" (the embedded model), or files picked in a page
 * @throws {BaimoError} `format`, `shape` or `config` when the checkpoint cannot be understood, `memory` when it does
 *   not fit, `request` when an option is out of range, `aborted` when the signal fires
 */
export async function load(source: CheckpointInput, given: LoadOptions = {}): Promise<TraceableModel> {
  const started = performance.now();
  const options = readOptions(given, loadTable, call("load"));
  const { signal } = options;
  const input = checkpointKind.read(source, "source", call("load"));
  throwIfAborted(signal, "loading the model");
  const files = await fetchFromHub(input, options);
  const checkpoint = await openCheckpoint(files, { signal });
  try {
    const description = await describeModel(checkpoint, options);
    const draft = options.draft === undefined ? undefined : await openDraft(options.draft, options);
    try {
      return await loadDescribed({ files, checkpoint, description, draft }, options, started);
    } catch (error) {
      if (draft?.isOwn) await draft.model.dispose();
      throw error;
    }
  } finally {
    await checkpoint.close();
  }
}

/** A model that is known, and what it is made of. */
interface Described {
  readonly files: CheckpointInput;
  readonly checkpoint: Checkpoint;
  readonly description: ModelDescription;
  readonly draft: ModelResources["draft"];
}

/** A draft that runs, opened with what `load` was told of the model itself. */
async function openDraft(
  source: CheckpointInput | Model,
  options: ReadLoadOptions,
): Promise<Described["draft"]> {
  if (isModel(source)) return { model: source, isOwn: false };
  const own = { ...options, draft: undefined, adapters: undefined, chatTemplate: undefined };
  return { model: await load(source, own), isOwn: true };
}

/** What is left of the memory beside a draft. */
function withoutDraft(memoryBytes: number | undefined, draft: Described["draft"]): number | undefined {
  if (!draft?.isOwn || memoryBytes === undefined) return memoryBytes;
  const { weightBytes, cacheBytes } = draft.model.engine;
  return Math.max(1, memoryBytes - weightBytes - cacheBytes);
}

async function loadDescribed(
  { files, checkpoint, description, draft }: Described,
  given: ReadLoadOptions,
  started: number,
): Promise<TraceableModel> {
  const options = { ...given, memoryBytes: withoutDraft(given.memoryBytes, draft) };
  const { signal } = options;
  const { config, weights } = description;
  const shape = chooseShape(description, options);
  const { contextLength } = shape;
  const total = tensorsOf(weights).length;
  // The workers read and pack meanwhile; each side's failure ends the other.
  const failed = new AbortController();
  const { encoderLayers, vocabSize, eosTokenIds } = config;
  const { name } = description;
  const { chatTemplate: givenTemplate } = options;
  const spoken = { name, config: { encoderLayers, vocabSize, eosTokenIds }, chatTemplate: givenTemplate };
  const language = readLanguage(checkpoint, spoken).then((read) => {
    if (draft) checkDraft(draft.model, { name, config, tokenizer: read.tokenizer });
    return read;
  });
  language.catch(() => failed.abort());
  const ask = draft && asksOf(draft.model);
  const { engine, prepared, device, warnings } = await startOnChosen(description, checkpoint.files, shape, {
    ...options,
    ask,
    signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
    onTensor: (done) => options.onProgress?.({ phase: "weights", done, total }),
  }).catch(async (error) => {
    await language;
    throw error;
  });
  const { tokenizer, chatTemplate } = await language.catch(async (error) => {
    await engine.dispose();
    throw error;
  });
  const prompts = new Prompts({ tokenizer, chatTemplate }, files, spoken, contextLength);
  const adapters = new Adapters(description);
  const restart = async () => {
    const again = await openCheckpoint(files);
    try {
      // Another model may lie there by now.
      if (!isSame(await describeModel(again, options), description)) {
        throw new BaimoError("format", `${checkpoint.name}: is another model than it was; load it again`);
      }
      const { engine } = await startOn(description, again.files, shape, {
        ...options,
        device,
        ask,
        signal: undefined,
      });
      await adapters.restore((request) => engine.run(request));
      return engine;
    } finally {
      await again.close();
    }
  };
  const { weightBytes, cacheBytes, pageBytes, stateBytes } = engine.sizes;
  const descriptors = checkpoint.files.map((file) => file.descriptor);
  const { kernels } = prepared;
  const model = createModel({
    engine: new EngineSlot(engine, restart),
    prompts,
    description,
    tokenizer,
    chatTemplate,
    contextLength,
    cacheOwner: async () => ({
      identity: [await modelIdentity(description, descriptors), device, kernels, shape.cacheType].join(" "),
      pageBytes,
      stateBytes,
      vocabSize,
    }),
    adapters,
    queue: new Queue(Math.min(shape.sequences, shape.maxTokens), options.maxWaiting),
    draft,
    fetch: (adapter, signal) => fetchFromHub(adapter, { ...options, signal }),
    info: {
      device,
      threads: prepared.workers.length,
      weightBytes,
      cacheBytes,
      kernels,
      warnings: [
        ...description.warnings,
        ...warnings,
        ...prepared.warnings,
        ...(tokenizer.kind === NO_TOKENIZER ? [noTokenizerWarning(checkpoint)] : []),
        ...vocabularyWarnings(config, tokenizer),
        ...contextWarnings(config, contextLength),
      ],
      loadSeconds: (performance.now() - started) / 1000,
    },
  });
  try {
    for (const { source, name, scale } of options.adapters ?? []) {
      await model.loadAdapter(source, { name, scale, signal });
    }
  } catch (error) {
    await model.dispose();
    throw error;
  }
  return model;
}

/** Published embeddings are often larger than their vocabulary; never the other way round, but for a few added tokens. */
function vocabularyWarnings(
  { vocabSize }: ModelDescription["config"],
  tokenizer: Pick<Tokenizer, "vocabSize">,
): string[] {
  if (tokenizer.vocabSize <= vocabSize) return [];
  return [
    `the tokenizer has ${grouped(tokenizer.vocabSize)} tokens, but the model has weights for ${grouped(vocabSize)}: texts ` +
      "with the others are refused; is it the tokenizer of this model?",
  ];
}

interface StartOptions extends ReadLoadOptions {
  readonly ask?: AskDraft;
  readonly onTensor?: (done: number) => void;
}

/** Starts on the device that was chosen; "auto" falls back to the CPU where the GPU cannot run the model. */
async function startOnChosen(
  description: ModelDescription,
  files: readonly ByteSource[],
  shape: RunShape,
  options: StartOptions,
) {
  const { device, why } = await chooseDevice(options.device);
  const warnings = why === undefined ? [] : [`on the CPU: ${why}`];
  try {
    const started = await startOn(description, files, shape, { ...options, device });
    return { ...started, device, warnings };
  } catch (error) {
    const isGpus = error instanceof BaimoError && ["device", "memory", "shape"].includes(error.code);
    if (options.device !== "auto" || device === "cpu" || !isGpus) throw error;
    const started = await startOn(description, files, shape, { ...options, device: "cpu" });
    return { ...started, device: "cpu", warnings: [`on the CPU: ${error.message}`] } as const;
  }
}

/** Makes the device ready for a model and starts an engine on it. Whatever fails leaves no worker behind. */
async function startOn(
  description: ModelDescription,
  files: readonly ByteSource[],
  shape: RunShape,
  options: StartOptions & { readonly device: DeviceName },
): Promise<{ engine: Engine; prepared: PreparedDevice }> {
  const { signal, ask: draft, onTensor } = options;
  let workers: readonly Thread[] = [];
  let prepared: PreparedDevice | undefined;
  try {
    const device = await openDevice(options.device);
    prepared = await device.prepare(describeForDevice(description, files), files, {
      ...options,
      shape,
      startWorkers: async (count) => (workers = await startWorkers(count)),
    });
    const descriptors = files.map((file) => file.descriptor);
    const settings = { prepared, description, shape, files: descriptors, draft, signal, onTensor };
    return { engine: await startEngine(settings), prepared };
  } catch (error) {
    await Promise.all([...workers.map((worker) => worker.terminate()), prepared?.close()]);
    throw error;
  }
}

/** Whether two descriptions tell of weights of the same kind at the same places. */
function isSame(a: ModelDescription, b: ModelDescription): boolean {
  return JSON.stringify([a.config, a.weights]) === JSON.stringify([b.config, b.weights]);
}
