// What runs in a worker thread: one rank of an engine. Loads its share of the weights, then serves or follows.
import { Bus, busBytes } from "../backends/bus.ts";
import { createReferenceBackend } from "../backends/reference.ts";
import { ownThread } from "../backends/threads.ts";
import { createWasmBackend } from "../backends/wasm/backend.ts";
import { createInstantiate } from "../backends/wasm/kernels.ts";
import { openPackedStore } from "../backends/wasm/packed-store.ts";
import { BaimoError } from "../errors.ts";
import { openByteSource } from "../formats/open-byte-source.ts";
import { loadWeights } from "../models/load-weights.ts";
import { assembleTransformer, type Transformer } from "../models/transformer.ts";
import { createCaches, createWorkspace } from "../models/workspace.ts";
import type { Backend } from "../tensor/backend.ts";
import type { FromWorker, PlainError, ToWorker, WorkerSetup } from "./protocol.ts";
import { follow, Session } from "./session.ts";

const thread = await ownThread<WorkerSetup>();
const setup = thread.data;
const emit = (message: FromWorker) => thread.postMessage(message);
const { commandTokens, exchangeFloats } = setup;
const bus = new Bus(setup.bus ?? new ArrayBuffer(busBytes(exchangeFloats, commandTokens)), {
  ...{ rank: setup.rank, ranks: setup.ranks, tokens: commandTokens, floats: exchangeFloats },
});

/** An error as it crosses threads. */
function plain(error: unknown): PlainError {
  if (error instanceof BaimoError) return { code: error.code, message: error.message, stack: error.stack };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "device", message: `worker ${setup.rank}: ${message}`, stack: (error as Error)?.stack };
}

async function createBackend(): Promise<Backend> {
  if (!setup.wasm)
    return createReferenceBackend({ maxTokens: setup.maxTokens, stopRequested: () => bus.stopWanted });
  const { products, converted, bankBytes, expertBytes, packed } = setup.wasm;
  return createWasmBackend({
    ...{ bus, products, converted, bankBytes, expertBytes, maxTokens: setup.maxTokens },
    packed: packed && (await openPackedStore({ ...packed, path: `${packed.path}.${setup.rank}.packed` })),
    instantiate: createInstantiate(setup.wasm),
  });
}

async function load(): Promise<Transformer> {
  const { config, contextLength, cacheType } = setup;
  const backend = await createBackend();
  // Activations and the cache come first: they must lie in the first memory bank.
  const workspace = createWorkspace(backend, config, contextLength);
  const caches = createCaches(backend, config, { contextLength, dtype: cacheType });
  const files = await Promise.all(setup.files.map((file) => openByteSource(file)));
  let weightBytes = 0;
  const weights = await loadWeights(backend, setup.weights, config, files, {
    onTensor: (done, bytes) => {
      weightBytes += bytes;
      if (setup.rank === 0) emit({ type: "progress", done });
    },
  });
  // Experts that are read as they are needed need their files until the worker ends.
  if (!backend.pages) await Promise.all(files.map((file) => file.close()));
  const model = await assembleTransformer({ backend, config, weights, caches, workspace });
  backend.finishLoading();
  const cacheBytes = Object.values(caches).reduce((sum, cache) => sum + (cache?.bytes ?? 0), 0);
  emit({ type: "ready", weightBytes, cacheBytes });
  return model;
}

/** Serves requests, one after another, as messages bring them. */
function serve(model: Transformer): void {
  const session = new Session(model, setup.weights, bus, emit, setup.bus ? undefined : createPause());
  thread.listen(async (posted) => {
    const message = posted as ToWorker; // what engine.ts posts
    if (message.type === "stop") return bus.wantStop(message.wanted);
    if (message.type === "dispose") {
      session.dispose();
      thread.close();
      return;
    }
    try {
      emit({ type: "result", result: await session.run(message.request) });
    } catch (error) {
      // A bad request leaves all ranks between commands; anything else may have left them apart.
      if (error instanceof BaimoError && error.code === "request")
        emit({ type: "refused", error: plain(error) });
      else fail(error);
    }
  });
}

/** Lets messages in, among them one that asks to stop. */
function createPause(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return () =>
    new Promise((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(undefined);
    });
}

function fail(error: unknown): void {
  emit({ type: "failed", error: plain(error) });
  bus.poison();
}

try {
  const model = await load();
  if (setup.rank === 0) serve(model);
  else follow(model, bus);
} catch (error) {
  fail(error);
}
