// The CPU device inside a worker: the backend of one rank, and trials of the thread probe.
import type { ProductMode } from "../../kernels/module/module.ts";
import type { Backend } from "../../tensor/backend.ts";
import type { Bus } from "../bus.ts";
import { createWasmBackend } from "./backend.ts";
import { ReadAhead } from "./expert-reader.ts";
import { createInstantiate, type KernelChoice } from "./instantiate.ts";
import { openPackedStore, type PackedFile } from "./packed-store.ts";
import type { ProbeAnswer, ProbeTask } from "./probe.ts";
import { createProbe } from "./probe-run.ts";

/** The kernels as the main thread compiled and tested them, and what a rank may take. */
export interface WasmSetup extends KernelChoice {
  readonly device: "wasm";
  readonly products: ProductMode;
  /** The first memory of every rank, where several help each other. */
  readonly homes?: readonly WebAssembly.Memory[];
  readonly bankBytes?: number;
  /** Bytes that one rank will allocate, about. */
  readonly expectedBytes: number;
  /** Where packed weights are kept from one time to the next: a rank's file is `path` and its number. */
  readonly packed?: PackedFile;
  /** Bytes for the experts of one rank, where they are read as they are needed. */
  readonly expertBytes?: number;
  /** The queue of the thread that reads experts ahead, where there is one. */
  readonly readAhead?: SharedArrayBuffer;
}

/** Makes the backend of one rank. */
export async function createWasmRank(setup: WasmSetup, bus: Bus, maxTokens: number): Promise<Backend> {
  const { products, converted, homes, bankBytes, expectedBytes, expertBytes, packed, readAhead } = setup;
  const { rank, ranks } = bus;
  return createWasmBackend({
    bus,
    products,
    converted,
    homes,
    bankBytes,
    expectedBytes,
    expertBytes,
    maxTokens,
    packed: packed && (await openPackedStore({ ...packed, path: `${packed.path}.${rank}.packed` })),
    readAhead: readAhead && new ReadAhead(readAhead, { rank, ranks }),
    instantiate: createInstantiate(setup),
  });
}

/** Runs trials of the thread probe in memory that is theirs. */
export function createWasmTasks(): (task: ProbeTask) => ProbeAnswer {
  let probe: ReturnType<typeof createProbe> | undefined;
  return (task) => {
    probe ??= createProbe(task.choice);
    return { type: "probed", times: probe(task) };
  };
}
