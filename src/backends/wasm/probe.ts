// The thread probe: how many workers are worth having on this machine, by trying. Workers beyond the real cores are ruinous.
import { packedBytes } from "../../kernels/module.ts";
import { busBytes } from "../bus.ts";
import { nextMessage, startThread } from "../threads.ts";
import type { KernelChoice } from "./kernels.ts";

/** Size of the matrix that each worker multiplies by: beyond the caches of most machines. */
export const PROBE_COLS = 2048;
export const PROBE_GROUPS = 1024;
export const PROBE_BARRIERS = 200;
export const PROBE_PRODUCTS = 2;

/** One trial, for one worker. */
export interface ProbeTask {
  readonly bus: SharedArrayBuffer;
  readonly rank: number;
  readonly ranks: number;
}

/** What one worker measured. */
export interface ProbeTimes {
  readonly barrierMs: number;
  readonly productsMs: number;
}

const workerUrl = new URL(
  import.meta.url.endsWith(".ts") ? "./probe-worker.ts" : "./probe-worker.js",
  import.meta.url,
);

/**
 * The number of threads for which a token is expected soonest: weights over the speed of a product, plus barriers.
 *
 * most     threads to try at most
 * bytes    weights that a token reads
 * gathers  barriers of a token
 */
export async function probeThreads(
  choice: KernelChoice,
  { most, bytes, gathers }: { most: number; bytes: number; gathers: number },
): Promise<number> {
  if (most === 1) return 1;
  const workers = await Promise.all(
    Array.from({ length: most }, (_, rank) =>
      startThread(workerUrl, choice, { name: `baimo probe ${rank}` }),
    ),
  );
  try {
    await Promise.all(workers.map(nextMessage));
    const candidates = [...new Set([most, most - 1, Math.ceil(most / 2), 1])];
    let best = { threads: 1, ms: Number.POSITIVE_INFINITY };
    for (const threads of candidates) {
      const bus = new SharedArrayBuffer(busBytes(0, 0));
      const [times] = await Promise.all(
        workers.slice(0, threads).map(async (worker, rank): Promise<ProbeTimes> => {
          worker.postMessage({ bus, rank, ranks: threads } satisfies ProbeTask);
          return (await nextMessage(worker)) as ProbeTimes; // what probe-worker.ts posts
        }),
      );
      const probed = PROBE_PRODUCTS * threads * packedBytes("q4_0", PROBE_GROUPS, PROBE_COLS);
      const ms = (bytes / probed) * times.productsMs + gathers * times.barrierMs;
      if (ms < best.ms) best = { threads, ms };
    }
    return best.threads;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
