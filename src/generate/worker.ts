// A worker thread, one rank of an engine: probes, loads its share of the weights, then serves.
import { Bus, busBytes } from "../backends/bus.ts";
import { createBackend, createTasks } from "../backends/rank.ts";
import { ownThread } from "../backends/threads.ts";
import { BaimoError } from "../errors.ts";
import { openByteSource } from "../formats/sources/open-byte-source.ts";
import { assembleTransformer, type Transformer } from "../models/forward/model.ts";
import { createCaches, createWorkspace } from "../models/forward/workspace.ts";
import { loadWeights } from "../models/weights/load-weights.ts";
import type { EngineRequest, FromWorker, PlainError, ToWorker, WorkerSetup } from "./protocol.ts";
import { follow, Session } from "./session.ts";

const thread = await ownThread();
const emit = (message: FromWorker) => thread.postMessage(message);

/** An error as it crosses threads. */
function plain(error: unknown): PlainError {
  if (error instanceof BaimoError) return { code: error.code, message: error.message, stack: error.stack };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "device", message: `a worker failed: ${message}`, stack: (error as Error)?.stack };
}

async function load(setup: WorkerSetup, bus: Bus): Promise<Transformer> {
  const { config, shape } = setup;
  const { contextLength, cacheType: dtype, maxTokens } = shape;
  const backend = await createBackend(setup.device, bus, maxTokens);
  // Activations and the cache come first: they must lie in the first memory bank.
  const workspace = createWorkspace(backend, config, contextLength);
  const caches = createCaches(backend, config, { contextLength, sequences: 1, dtype });
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

/** Answers one request. */
async function serve(session: Session, request: EngineRequest): Promise<void> {
  try {
    emit({ type: "result", result: await session.run(request) });
  } catch (error) {
    // Between commands all ranks are where they were; within one they may be apart.
    if (session.inCommand) throw error;
    emit({ type: "refused", error: plain(error) });
  }
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

let runTask: ReturnType<typeof createTasks> | undefined;
let bus: Bus | undefined;
let session: Session | undefined;

/** Messages come in this order: tasks of the device, the setup, and for rank 0 requests, which a stop may follow. */
async function receive(message: ToWorker): Promise<void> {
  switch (message.type) {
    case "probe":
      runTask ??= createTasks();
      return thread.postMessage(runTask(message));
    case "setup": {
      runTask = undefined; // its memory is free
      const { rank, busShape, weights } = message;
      bus = new Bus(message.bus ?? new ArrayBuffer(busBytes(busShape)), rank, busShape);
      const model = await load(message, bus);
      if (rank > 0) return follow(model, bus);
      session = new Session(model, weights, bus, emit, message.bus ? undefined : createPause());
      return;
    }
    case "request":
      return session && serve(session, message.request);
    case "stop":
      return bus?.wantStop(message.wanted);
  }
}

thread.listen((posted) => {
  const message = posted as ToWorker; // what engine.ts and probe.ts post
  receive(message).catch((error) => {
    emit({ type: "failed", error: plain(error) });
    bus?.poison();
  });
});
