// The engine on the main thread: starts the workers, queues requests, stops them.

import { Bus, type BusShape, busBytes } from "../backends/bus.ts";
import type { PreparedDevice, RunShape } from "../backends/device.ts";
import { canShareMemory, startThread, type Thread } from "../backends/threads.ts";
import { BaimoError, throwIfAborted } from "../errors.ts";
import type { ByteSourceDescriptor } from "../formats/sources/byte-source.ts";
import { exchangeFloats } from "../models/forward/workspace.ts";
import type { ModelDescription } from "../models/open-model.ts";
import { commandWords } from "./commands.ts";
import type {
  EngineRequest,
  EngineResult,
  FromWorker,
  PlainError,
  ToWorker,
  WorkerSetup,
} from "./protocol.ts";

/** What `startEngine` takes. */
export interface EngineSettings {
  readonly prepared: PreparedDevice;
  readonly description: ModelDescription;
  readonly files: readonly ByteSourceDescriptor[];
  readonly shape: RunShape;
  readonly signal?: AbortSignal;
  /** Called with the number of tensors that the first worker has loaded. */
  readonly onTensor?: (done: number) => void;
}

/** What `Engine.run` may be told. */
export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onMessage?: (message: StreamMessage) => void;
}

/** Messages that come while a request runs. */
export type StreamMessage = Extract<FromWorker, { type: "tokens" | "prompt-progress" }>;

/** A set of workers that hold one model. */
export class Engine {
  readonly weightBytes: number;
  readonly cacheBytes: number;
  readonly #workers: readonly Thread[];
  /** Absent where no memory is shared: the single worker is spoken to by messages alone. */
  readonly #bus: Bus | undefined;
  readonly #prepared: PreparedDevice;
  /** Settles when the request before has ended; requests queue on it. */
  #turn: Promise<unknown> = Promise.resolve();
  #current:
    | { onMessage: (message: StreamMessage) => void; settle: (result: EngineResult | BaimoError) => void }
    | undefined;
  #lost: BaimoError | undefined;
  #tellLost: (error: BaimoError) => void = () => {};
  /** Resolves when the engine can run no more requests; not when it is disposed of. */
  readonly lost = new Promise<BaimoError>((resolve) => (this.#tellLost = resolve));

  constructor(
    prepared: PreparedDevice,
    bus: Bus | undefined,
    sizes: { weightBytes: number; cacheBytes: number },
  ) {
    const { workers } = prepared;
    this.#prepared = prepared;
    this.#workers = workers;
    this.#bus = bus;
    this.weightBytes = sizes.weightBytes;
    this.cacheBytes = sizes.cacheBytes;
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
   * Runs a request when those before it have ended. The signal takes it out of the queue, or stops the work.
   * @throws {BaimoError} `request` when the worker refuses it, `device` when a worker is lost, `aborted` in the queue
   */
  async run(request: EngineRequest, options: RunOptions = {}): Promise<EngineResult> {
    const { signal, onMessage = () => {} } = options;
    const before = this.#turn;
    let release: () => void = () => {};
    this.#turn = new Promise<void>((resolve) => (release = resolve));
    try {
      await untilAborted(before, signal);
      throwIfAborted(signal, "the request");
      if (this.#lost) throw this.#lost;
      return await this.#work(request, signal, onMessage);
    } finally {
      // Also a request that gave up its place keeps those behind it waiting for the one before it.
      void before.then(release);
    }
  }

  /** Runs the request whose turn it is. */
  async #work(
    request: EngineRequest,
    signal: AbortSignal | undefined,
    onMessage: (message: StreamMessage) => void,
  ): Promise<EngineResult> {
    const stop = () => this.#wantStop(true);
    try {
      this.#wantStop(false);
      signal?.addEventListener("abort", stop, { once: true });
      this.#workers[0].ref();
      const result = await new Promise<EngineResult | BaimoError>((settle) => {
        this.#current = { onMessage, settle };
        this.#workers[0].postMessage({ type: "request", request } satisfies ToWorker);
      });
      if (result instanceof BaimoError) throw result;
      return result;
    } finally {
      this.#current = undefined;
      this.#workers[0].unref();
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Asks the running request to stop, or takes that back. */
  #wantStop(wanted: boolean): void {
    if (this.#bus) this.#bus.wantStop(wanted);
    else this.#workers[0].postMessage({ type: "stop", wanted } satisfies ToWorker);
  }

  /** Ends the workers. A running request is stopped first. */
  async dispose(): Promise<void> {
    this.#wantStop(true);
    this.#lost ??= new BaimoError("request", "the model has been disposed");
    await this.#turn;
    this.#bus?.poison();
    await Promise.all([...this.#workers.map((worker) => worker.terminate()), this.#prepared.close()]);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "tokens":
      case "prompt-progress":
        return this.#current?.onMessage(message);
      case "result":
        return this.#current?.settle(message.result);
      case "refused":
        return this.#current?.settle(fromPlain(message.error));
      case "failed":
        return this.#lose(fromPlain(message.error));
    }
  }

  #lose(error: BaimoError): void {
    if (!this.#lost) this.#tellLost(error);
    this.#lost ??= error;
    this.#bus?.poison();
    void this.#prepared.close();
    this.#current?.settle(this.#lost);
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
  const { prepared, description, files, shape, signal, onTensor } = settings;
  const { config, weights } = description;
  const { workers, setup } = prepared;
  throwIfAborted(signal, "loading the model");
  const busShape: BusShape = {
    ranks: workers.length,
    // An encoder's text comes whole.
    words: commandWords(shape.maxTokens, config.encoderLayers > 0 ? shape.contextLength : 0),
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
    return new Engine(prepared, bus, {
      weightBytes: loaded.reduce((sum, { weightBytes }) => sum + weightBytes, 0),
      cacheBytes: loaded.reduce((sum, { cacheBytes }) => sum + cacheBytes, 0),
    });
  } catch (error) {
    bus?.poison();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Waits for a promise, or for the signal if that comes first. */
function untilAborted(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  if (!signal) return promise;
  return new Promise<void>((resolve) => {
    const done = () => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
    void promise.then(done);
  });
}

function untilReady(
  worker: Thread,
  onTensor: ((done: number) => void) | undefined,
): Promise<{ weightBytes: number; cacheBytes: number }> {
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
      if (message.type === "failed") reject(fromPlain(message.error));
    });
    worker.on("error", (cause) => fail(`a worker failed: ${cause.message}`, cause));
    worker.on("exit", () => fail("a worker ended before it had loaded its weights"));
  });
}

function fromPlain({ code, message, stack }: PlainError): BaimoError {
  return new BaimoError(code, message, stack ? { cause: stack } : undefined);
}
