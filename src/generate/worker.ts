// A worker thread, one rank of an engine: probes, loads its share of the weights, then serves.
import { Bus, busBytes } from "../backends/bus.ts";
import { createBackend, createTasks } from "../backends/rank.ts";
import { ownThread } from "../backends/threads.ts";
import { openByteSource } from "../formats/sources/open-byte-source.ts";
import { assembleTransformer, type Transformer } from "../models/forward/model.ts";
import { createCaches, createWorkspace } from "../models/forward/workspace.ts";
import { loadWeights } from "../models/weights/load-weights.ts";
import { changeAdapter } from "./change-adapter.ts";
import { follow } from "./follow.ts";
import { plainError } from "./plain-error.ts";
import type { EngineRequest, FromWorker, ToWorker, WorkerSetup } from "./protocol.ts";
import { Scheduler } from "./scheduler/scheduler.ts";

const thread = await ownThread();
const emit = (message: FromWorker) => thread.postMessage(message);

async function load(setup: WorkerSetup, bus: Bus): Promise<Transformer> {
  const { config, shape } = setup;
  const backend = await createBackend(setup.device, bus, shape.maxTokens);
  void backend.lost?.then((error) => emit({ type: "failed", error: plainError(error) }));
  // Activations and the cache come first: they must lie in the first memory bank.
  const workspace = createWorkspace(backend, config, shape.contextLength);
  const caches = createCaches(backend, config, shape);
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
  const { pageBytes } = caches.decoder;
  emit({ type: "ready", weightBytes, cacheBytes, pageBytes, stateBytes: caches.delta?.stateBytes ?? 0 });
  return model;
}

/** Lets messages in. */
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
let scheduler: Scheduler | undefined;
/** What a rank beside rank 0 does with a request: there are those about adapters. */
let obey: ((request: EngineRequest) => void) | undefined;

/** Messages come in this order: tasks of the device, the setup, and requests, which may be cancelled. */
async function receive(message: ToWorker): Promise<void> {
  switch (message.type) {
    case "probe":
      runTask ??= createTasks();
      return thread.postMessage(runTask(message));
    case "setup": {
      runTask = undefined; // its memory is free
      const { rank, busShape, weights: plan, shape } = message;
      bus = new Bus(message.bus ?? new ArrayBuffer(busBytes(busShape)), rank, busShape);
      const own = bus;
      const model = await load(message, own);
      if (rank > 0) {
        obey = (request) => {
          if (request.kind === "adapter") changeAdapter(model, own, request);
          follow(model, own);
        };
        return follow(model, own);
      }
      scheduler = new Scheduler({ model, plan, shape, bus: own, emit, pause: createPause() });
      return;
    }
    case "request":
      obey?.(message.request);
      scheduler?.add(message.id, message.request);
      return scheduler?.run();
    case "cancel":
      scheduler?.cancel(message.id);
      return scheduler?.run();
    case "draft":
      return scheduler?.answerDraft(message.ask, message.tokens);
  }
}

thread.listen((posted) => {
  const message = posted as ToWorker; // what engine.ts and probe.ts post
  receive(message).catch((error) => {
    emit({ type: "failed", error: plainError(error) });
    bus?.poison();
  });
});
