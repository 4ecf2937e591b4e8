// The engine on the main thread: starts the workers, sends them requests, stops them.

import { Bus, type BusShape, busBytes } from "../backends/bus.ts";
import type { PreparedDevice, RunShape } from "../backends/device.ts";
import { canShareMemory, startThread, type Thread } from "../backends/threads.ts";
import { BaimoError, throwIfAborted } from "../errors.ts";
import type { ByteSourceDescriptor } from "../formats/sources/byte-source.ts";
import { exchangeFloats } from "../models/forward/workspace.ts";
import type { ModelDescription } from "../models/open-model.ts";
import { onAbort } from "../on-abort.ts";
import { Turns } from "../turns.ts";
import { commandWords } from "./commands.ts";
import { fromPlainError } from "./plain-error.ts";
import type {
  EngineRequest,
  EngineResult,
  FromWorker,
  RankSizes,
  ToWorker,
  WorkerSetup,
} from "./protocol.ts";
import type { GeneratedToken } from "./types.ts";

/** What `startEngine` takes. */
export interface EngineSettings {
  readonly prepared: PreparedDevice;
  readonly description: ModelDescription;
  readonly files: readonly ByteSourceDescriptor[];
  readonly shape: RunShape;
  readonly draft?: AskDraft;
  readonly signal?: AbortSignal;
  /** Called with the number of tensors that the first worker has loaded. */
  readonly onTensor?: (done: number) => void;
}

/** Has a draft model read tokens and guess so many more. */
export type AskDraft = (tokens: Int32Array, count: number) => Promise<readonly number[]>;

/** What `Engine.run` may be told. */
export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onMessage?: (message: StreamMessage) => void;
}

/** What is told of a request while it runs. */
export type StreamMessage =
  | { readonly type: "prompt-progress"; readonly done: number; readonly total: number }
  | { readonly type: "tokens"; readonly tokens: readonly GeneratedToken[] };

/** A request that has been sent to the worker. */
interface ActiveRequest {
  readonly onMessage: (message: StreamMessage) => void;
  readonly settle: (result: EngineResult | BaimoError) => void;
  cancelled: boolean;
}

/** A set of workers that hold one model. */
export class Engine {
  /** Of all threads together. */
  readonly sizes: RankSizes;
  readonly #workers: readonly Thread[];
  /** Absent where no memory is shared: the single worker is spoken to by messages alone. */
  readonly #bus: Bus | undefined;
  /** Called when no request is left. */
  #idle: () => void = () => {};
  readonly #prepared: PreparedDevice;
  readonly #draft: AskDraft | undefined;
  readonly #active = new Map<number, ActiveRequest>();
  /** Tokens of many answers come in one message; what reads them should not keep the thread for long. */
  readonly #turns = new Turns(16);
  #nextId = 0;
  #lost: BaimoError | undefined;
  #tellLost: (error: BaimoError) => void = () => {};
  /** Resolves when the engine can run no more requests; not when it is disposed of. */
  readonly lost = new Promise<BaimoError>((resolve) => (this.#tellLost = resolve));

  constructor(prepared: PreparedDevice, bus: Bus | undefined, sizes: RankSizes, draft: AskDraft | undefined) {
    const { workers } = prepared;
    this.#prepared = prepared;
    this.#draft = draft;
    this.#workers = workers;
    this.#bus = bus;
    this.sizes = sizes;
    for (const worker of workers) {
      worker.unref();
      // what worker.ts posts
      worker.on("message", (message) => this.#receive(message as FromWorker));
      worker.on("error", (error) =>
        this.#lose(new BaimoError("device", `a worker failed: ${error.message}`, { cause: error })),
      );
      worker.on("exit", () => this.#lose(new BaimoError("device", "a worker ended; load the model again")));
    }
  }

  /**
   * Runs a request beside others. The signal ends it.
   * @throws {BaimoError} `request` when the worker refuses it, `device` when a worker is lost, `aborted` before it is sent
   */
  async run(request: EngineRequest, options: RunOptions = {}): Promise<EngineResult> {
    const { signal, onMessage = () => {} } = options;
    throwIfAborted(signal, "the request");
    if (this.#lost) throw this.#lost;
    const id = this.#nextId++;
    const release = onAbort(signal, () => this.#cancel(id));
    try {
      // A stop that was meant for others.
      this.#bus?.wantStop(false);
      this.#workers[0].ref();
      const result = await new Promise<EngineResult | BaimoError>((settle) => {
        this.#active.set(id, { onMessage, settle, cancelled: false });
        this.#post({ type: "request", id, request });
      });
      if (result instanceof BaimoError) throw result;
      return result;
    } finally {
      release();
      this.#active.delete(id);
      if (this.#active.size === 0) {
        this.#workers[0].unref();
        this.#idle();
      }
    }
  }

  /** Ends a request before its next step; in the middle of one where nobody else waits for it. */
  #cancel(id: number): void {
    const request = this.#active.get(id);
    if (!request || request.cancelled) return;
    request.cancelled = true;
    this.#post({ type: "cancel", id });
    if ([...this.#active.values()].every(({ cancelled }) => cancelled)) this.#bus?.wantStop(true);
  }

  #post(message: ToWorker): void {
    const isForAll = message.type === "request" && message.request.kind === "adapter";
    for (const worker of isForAll ? this.#workers : this.#workers.slice(0, 1)) worker.postMessage(message);
    this.#bus?.addMail();
  }

  /** Ends the workers. Running requests are stopped first. */
  async dispose(): Promise<void> {
    this.#lost ??= new BaimoError("request", "the model has been disposed");
    for (const id of [...this.#active.keys()]) this.#cancel(id);
    if (this.#active.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#bus?.poison();
    await Promise.all([...this.#workers.map((worker) => worker.terminate()), this.#prepared.close()]);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "tokens":
        for (const [id, tokens] of message.of) {
          this.#tell(id, ({ onMessage }) => onMessage({ type: "tokens", tokens }));
        }
        return;
      case "prompt-progress": {
        const { type, id, done, total } = message;
        return this.#tell(id, ({ onMessage }) => onMessage({ type, done, total }));
      }
      case "result":
        return this.#tell(message.id, ({ settle }) => settle(message.result));
      case "ask-draft":
        return void this.#askDraft(message.ask, message.tokens, message.count);
      case "refused":
        return this.#tell(message.id, ({ settle }) => settle(fromPlainError(message.error)));
      case "failed":
        return this.#lose(fromPlainError(message.error));
    }
  }

  /** Tells a request that still runs, after what it has been told before. */
  #tell(id: number, tell: (request: ActiveRequest) => void): void {
    this.#turns.run(() => {
      const request = this.#active.get(id);
      if (request) tell(request);
    });
  }

  /** A draft that fails is no failure of the answer, which goes on without it. */
  async #askDraft(ask: number, given: Int32Array, count: number): Promise<void> {
    const tokens = await this.#draft?.(given, count).catch(() => undefined);
    this.#post({ type: "draft", ask, tokens });
  }

  #lose(error: BaimoError): void {
    if (!this.#lost) this.#tellLost(error);
    this.#lost ??= error;
    this.#bus?.poison();
    void this.#prepared.close();
    for (const { settle } of this.#active.values()) settle(this.#lost);
  }
}

/** Starts threads that will be the ranks of an engine: they import what they need before they are told of a model. */
export function startWorkers(count: number): Promise<Thread[]> {
  // Workers make little garbage: a small nursery saves several megabytes each.
  const options = { youngGenerationMb: 2 };
  const url = new URL("./worker.js", import.meta.url);
  return Promise.all(
    Array.from({ length: count }, (_, rank) => startThread(url, { ...options, name: `baimo ${rank}` })),
  );
}

/**
 * Tells the workers of the model and waits until all have loaded their share. Where that fails, ending them is the caller's.
 * @throws {BaimoError} what a worker met while loading; `aborted` when the signal fires
 */
export async function startEngine(settings: EngineSettings): Promise<Engine> {
  const { prepared, description, files, shape, draft, signal, onTensor } = settings;
  const { config, weights } = description;
  const { workers, setup } = prepared;
  throwIfAborted(signal, "loading the model");
  const busShape: BusShape = {
    ranks: workers.length,
    words: commandWords(shape),
    floats: exchangeFloats(config, shape.maxTokens),
  };
  const shared = canShareMemory() ? new SharedArrayBuffer(busBytes(busShape)) : undefined;
  const bus = shared && new Bus(shared, -1, busShape);
  for (const [rank, worker] of workers.entries()) {
    worker.postMessage({
      type: "setup",
      rank,
      bus: shared,
      busShape,
      shape,
      files,
      config,
      weights,
      device: setup,
    } satisfies WorkerSetup);
  }
  let abort = () => {};
  try {
    const aborted = new Promise<never>((_, reject) => {
      abort = () =>
        reject(new BaimoError("aborted", "loading the model was aborted", { cause: signal?.reason }));
      signal?.addEventListener("abort", abort, { once: true });
    });
    const ready = Promise.all(workers.map((worker) => untilReady(worker, onTensor)));
    const loaded = await Promise.race([ready, aborted]);
    const sizes = {
      ...loaded[0],
      weightBytes: loaded.reduce((sum, { weightBytes }) => sum + weightBytes, 0),
      cacheBytes: loaded.reduce((sum, { cacheBytes }) => sum + cacheBytes, 0),
    };
    return new Engine(prepared, bus, sizes, draft);
  } catch (error) {
    bus?.poison();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function untilReady(worker: Thread, onTensor: ((done: number) => void) | undefined): Promise<RankSizes> {
  return new Promise((resolve, reject) => {
    const fail = (text: string, cause?: Error) => reject(new BaimoError("device", text, { cause }));
    worker.on("message", (posted) => {
      const message = posted as FromWorker; // what worker.ts posts
      if (message.type === "progress") {
        try {
          onTensor?.(message.done);
        } catch (error) {
          reject(error); // the caller's own
        }
      }
      if (message.type === "ready") resolve(message);
      if (message.type === "failed") reject(fromPlainError(message.error));
    });
    worker.on("error", (cause) => fail(`a worker failed: ${cause.message}`, cause));
    worker.on("exit", () => fail("a worker ended before it had loaded its weights"));
  });
}
