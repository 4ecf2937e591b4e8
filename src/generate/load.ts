// `load`: from a file, a folder, a URL or the Hub to a running model.
import { availableMemory, availableThreads, canShareMemory, type Thread } from "../backends/threads.ts";
import { compileBuild, type PreparedKernels, testKernels } from "../backends/wasm/kernels.ts";
import type { PackedFile } from "../backends/wasm/packed-store.ts";
import { probeThreads } from "../backends/wasm/probe.ts";
import { BaimoError, throwIfAborted } from "../errors.ts";
import { type Checkpoint, type CheckpointInput, openCheckpoint } from "../formats/checkpoint.ts";
import type { PullOptions } from "../formats/hub/hub.ts";
import { longestContext } from "../models/config/config.ts";
import { packedMatrixBytes, rankBudget } from "../models/memory.ts";
import { type DescribeOptions, describeModel, type ModelDescription } from "../models/open-model.ts";
import { matricesOf, tensorsOf } from "../models/weights/load-weights.ts";
import type { ChatTemplate } from "../tokenizers/chat-template/chat-template.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { startEngine, startWorkers } from "./engine.ts";
import { describeKernelUse } from "./kernel-use.ts";
import { createModel, type TraceableModel } from "./model.ts";
import { createNoTokenizer } from "./no-tokenizer.ts";
import type { CacheType } from "./protocol.ts";

/** Progress of loading: `done` of `total` bytes of a download, or tensors of the weights. */
export interface LoadProgress {
  phase: "download" | "weights";
  done: number;
  total: number;
  /** The file that is being fetched. */
  file?: string;
}

/** Options of `load`. */
export interface LoadOptions extends DescribeOptions {
  /** "cpu": WASM kernels on worker threads. "reference": plain loops, slow and exact. Default "cpu". */
  device?: "cpu" | "reference";
  /** Worker threads. Default: as many as a short probe finds worth having. */
  threads?: number;
  /** Tokens that prompt and answer may hold together. Default: the model's own, at most 4,096. Learned positions bound it. */
  contextLength?: number;
  /** Storage of keys and values; "Q8": 8 bits with a scale per token and head. Default "F32" for F32 weights, else "F16". */
  cacheType?: CacheType;
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
  /** Tokens of a prompt that run at a time. Default 72. Results do not depend on it. */
  chunkTokens?: number;
  /**
   * Keeps weights as kernels hold them in a folder, so that the next opening only reads them; the files used longest ago
   * give way when it is full (default 16 GB). Default: nothing is kept. For models in files on this machine of at least
   * `leastBytes` (default 64 MiB): smaller ones are packed before a second file is found.
   */
  packedCache?: { folder: string; maxBytes?: number; leastBytes?: number };
  /** The build of the kernels. Default: the fastest that this runtime has. */
  kernels?: "relaxed" | "simd";
  /** Most bytes of weights in one WASM memory. For tests of models beyond 4 GiB. */
  bankBytes?: number;
  /** For "hf:owner/name": where downloads are kept (default the Hub's own cache folder), and whom to ask as whom. */
  hub?: Partial<Pick<PullOptions, "cacheFolder" | "endpoint" | "token" | "offline">>;
  signal?: AbortSignal;
  onProgress?: (progress: LoadProgress) => void;
}

const DEFAULT_CONTEXT = 4096;
/** Below this a token takes less time than waiting for another thread may cost on a machine that others use too. */
const ONE_THREAD_BYTES = 32 << 20;
/** Threads are not chosen beyond this; memory bandwidth ends long before. */
const MAX_THREADS = 32;
const ALONE =
  "one thread: more need shared memory, for which a page is served with the headers Cross-Origin-Opener-Policy: " +
  "same-origin and Cross-Origin-Embedder-Policy: require-corp";
/** Tokens of a prompt in one pass: a multiple of the kernels' tile. */
export const DEFAULT_CHUNK = 72;

/**
 * Opens a model and starts the workers that run it.
 *
 * source  a .gguf file, a folder in Hugging Face's layout, a URL of either, "hf:owner/name[:QUANT][@revision]", or
 *   files picked in a page
 * @throws {BaimoError} `format`, `shape` or `config` when the checkpoint cannot be understood, `memory` when it does
 *   not fit, `request` when an option is out of range, `aborted` when the signal fires
 */
export async function load(source: CheckpointInput, options: LoadOptions = {}): Promise<TraceableModel> {
  const started = performance.now();
  const { signal, device = "cpu", chunkTokens = DEFAULT_CHUNK } = options;
  throwIfAborted(signal, "loading the model");
  if (options.threads !== undefined) whole("threads", options.threads, 256);
  whole("chunkTokens", chunkTokens, 4096);
  const checkpoint = await openCheckpoint(await fetchFromHub(source, options), { signal });
  let workers: Thread[] = [];
  try {
    const description = await describeModel(checkpoint, options);
    const { config, weights } = description;
    const asked = options.contextLength ?? Math.min(config.contextLength, DEFAULT_CONTEXT);
    const contextLength = Math.min(whole("contextLength", asked, 1 << 24), longestContext(config));
    const cacheType = options.cacheType ?? defaultCacheType(weights);
    const use =
      device === "cpu" ? await describeKernelUse(description, checkpoint.files, cacheType) : undefined;
    const compiled = use && (await compileBuild(use, options.kernels));
    const alone = !compiled || !canShareMemory();
    // The workers begin, and import what they need, while this thread tests the kernels; they read and pack while it makes
    // the tokenizer.
    workers = await startWorkers(alone ? 1 : (options.threads ?? (await mostThreads(description))));
    const kernels = compiled && (await testKernels(compiled, use));
    if (kernels && options.threads === undefined) await keepUsefulThreads(workers, kernels, description);
    throwIfAborted(signal, "loading the model");
    const threads = workers.length;
    const memoryBytes = options.memoryBytes ?? (await availableMemory());
    const shape = { contextLength, cacheType, threads, chunkTokens };
    const budget =
      kernels && rankBudget(description.name, config, weights, shape, memoryBytes, options.readAhead);
    const total = tensorsOf(weights).length;
    const [engine, { tokenizer, chatTemplate }] = await Promise.all([
      startEngine({
        workers,
        description,
        contextLength,
        cacheType,
        signal,
        maxTokens: chunkTokens,
        files: checkpoint.files.map((file) => file.descriptor),
        readAhead: budget?.readAhead,
        wasm: kernels &&
          budget && {
            ...kernels.choice,
            products: kernels.products,
            bankBytes: options.bankBytes,
            expectedBytes: budget.expectedBytes,
            expertBytes: budget.expertBytes,
            packed: await findPackedFile(options, checkpoint, kernels, threads),
          },
        onTensor: (done) => options.onProgress?.({ phase: "weights", done, total }),
      }),
      readLanguage(checkpoint, description),
    ]);
    const { weightBytes, cacheBytes } = engine;
    return createModel({
      engine,
      description,
      tokenizer,
      chatTemplate,
      contextLength,
      info: {
        device,
        threads,
        weightBytes,
        cacheBytes,
        kernels: kernels?.name ?? "plain loops",
        warnings: [...(kernels?.warnings ?? []), ...(alone && kernels ? [ALONE] : [])],
        loadSeconds: (performance.now() - started) / 1000,
      },
    });
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()));
    throw error;
  } finally {
    await checkpoint.close();
  }
}

/** How keys and values are stored unless a caller says otherwise: as exactly as the weights deserve. */
export function defaultCacheType(weights: ModelDescription["weights"]): CacheType {
  return weights.embedding.stored.dtype === "F32" ? "F32" : "F16";
}

const LEAST_PACKED_BYTES = 64 << 20;
const DEFAULT_PACKED_BYTES = 16e9;

/** The file of packed weights of this model, these kernels and this number of threads. */
async function findPackedFile(
  { packedCache, bankBytes }: LoadOptions,
  checkpoint: Checkpoint,
  { choice, products, digest }: PreparedKernels,
  threads: number,
): Promise<PackedFile | undefined> {
  if (!packedCache) return undefined;
  const paths = checkpoint.files.map(({ descriptor }) =>
    descriptor.kind === "path" ? descriptor.path : undefined,
  );
  const size = checkpoint.files.reduce((sum, file) => sum + file.size, 0);
  if (paths.includes(undefined) || size < (packedCache.leastBytes ?? LEAST_PACKED_BYTES)) return undefined;
  const { stat } = await import("node:fs/promises");
  const files = await Promise.all(
    paths.map(async (path) => {
      const { size: bytes, mtimeMs } = await stat(String(path));
      return { path, bytes, mtimeMs };
    }),
  );
  const layout = { threads, products, bankBytes, converted: choice.converted, kernels: digest };
  const text = new TextEncoder().encode(JSON.stringify([files, layout]));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const key = Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { path: `${packedCache.folder}/${key}`, folderBytes: packedCache.maxBytes ?? DEFAULT_PACKED_BYTES };
}

/** Brings a model of the Hub to this machine, and returns where it lies; other sources come back as they are. */
async function fetchFromHub(source: CheckpointInput, options: LoadOptions): Promise<CheckpointInput> {
  if (typeof source !== "string" || !source.startsWith("hf:")) return source;
  const { hub, signal, onProgress } = options;
  const { pullModel } = await import("../formats/hub/hub.ts");
  const { homedir } = await import("node:os");
  const { join } = await import("node:path");
  return pullModel(source, {
    cacheFolder: join(homedir(), ".cache", "huggingface", "hub"),
    ...hub,
    signal,
    onProgress: ({ file, doneOfAll: done, totalOfAll: total }) =>
      onProgress?.({ phase: "download", file, done, total }),
  });
}

/** Products of one layer whose results are gathered. */
const GATHERS_PER_LAYER = 6;

/** Threads that may be worth having. */
async function mostThreads({ weights }: ModelDescription): Promise<number> {
  return weightBytesOf(weights) < ONE_THREAD_BYTES ? 1 : Math.min(await availableThreads(), MAX_THREADS);
}

/** Ends those workers with which a token would take longer than without. */
async function keepUsefulThreads(
  workers: Thread[],
  { choice }: PreparedKernels,
  { config, weights }: ModelDescription,
): Promise<void> {
  const gathers = GATHERS_PER_LAYER * config.numLayers;
  const useful = await probeThreads(choice, workers, { bytes: weightBytesOf(weights), gathers });
  await Promise.all(workers.splice(useful).map((worker) => worker.terminate()));
}

function weightBytesOf(weights: ModelDescription["weights"]): number {
  return matricesOf(weights).reduce((sum, matrix) => sum + packedMatrixBytes(matrix), 0);
}

function whole(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new BaimoError("request", `option ${name} is ${value}; allowed: a whole number from 1 to ${most}`);
}

/** What an encoder reads of a conversation when its tokenizer brings no template: FLAN's models were tuned on plain requests. */
const PLAIN_REQUEST =
  "{% for message in messages %}{{ message.content }}{{ '' if loop.last else '\\n' }}{% endfor %}";

/** What the engine does not know: how text becomes tokens, and a conversation text. */
async function readLanguage(
  checkpoint: Checkpoint,
  description: ModelDescription,
): Promise<{ tokenizer: Tokenizer; chatTemplate: ChatTemplate | undefined }> {
  const tokenizer = await readTokenizer(checkpoint, description);
  return { tokenizer, chatTemplate: await readChatTemplate(tokenizer) };
}

/** The tokenizer inside a GGUF file or in the folder, or one that knows only ids. */
async function readTokenizer(checkpoint: Checkpoint, { config, name }: ModelDescription): Promise<Tokenizer> {
  const { folder, metadata } = checkpoint;
  const standard = config.encoderLayers > 0 ? PLAIN_REQUEST : undefined;
  if (checkpoint.format === "gguf" && (metadata.get("tokenizer.ggml.model") ?? "none") !== "none") {
    const key = "tokenizer.chat_template";
    const given =
      standard && !metadata.has(key) ? new Map([...metadata, [key, standard] as const]) : metadata;
    return (await import("../tokenizers/files/gguf.ts")).tokenizerFromGguf(given);
  }
  const json = async (file: string): Promise<unknown> => {
    const bytes = await folder?.read(file);
    if (!bytes) return undefined;
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch (cause) {
      throw new BaimoError("format", `${checkpoint.name}: ${file} is not JSON`, { cause });
    }
  };
  const template = await folder?.read("chat_template.jinja");
  const tokenizerConfig = await json("tokenizer_config.json");
  const hasTemplate =
    typeof tokenizerConfig === "object" && tokenizerConfig && "chat_template" in tokenizerConfig;
  const options = {
    config: tokenizerConfig,
    generationConfig: await json("generation_config.json"),
    chatTemplate: template ? new TextDecoder().decode(template) : hasTemplate ? undefined : standard,
  };
  const tokenizerJson = await json("tokenizer.json");
  if (tokenizerJson)
    return (await import("../tokenizers/files/json.ts")).tokenizerFromJson(tokenizerJson, options);
  const sentencePiece = await folder?.read("tokenizer.model");
  if (sentencePiece) {
    return (await import("../tokenizers/algorithms/sentencepiece.ts")).tokenizerFromSentencePiece(
      sentencePiece,
      options,
    );
  }
  return createNoTokenizer(config.vocabSize, config.eosTokenIds, name);
}

/** The template engine is loaded for models that have a template. */
async function readChatTemplate(tokenizer: Tokenizer): Promise<ChatTemplate | undefined> {
  if (!tokenizer.chatTemplate) return undefined;
  const { createChatTemplate } = await import("../tokenizers/chat-template/chat-template.ts");
  const text = (id: number | undefined) => (id === undefined ? undefined : tokenizer.idToToken(id));
  return createChatTemplate(tokenizer.chatTemplate, {
    bosToken: text(tokenizer.bosTokenId),
    eosToken: text(tokenizer.eosTokenIds[0]),
  });
}
