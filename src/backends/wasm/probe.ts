// The thread probe: measures how many workers pay on this machine and chooses that number.
import { BaimoError, type ErrorCode } from "../../errors.ts";
import { busBytes } from "../bus.ts";
import { nextMessage, type Thread } from "../threads.ts";
import type { KernelChoice } from "./instantiate.ts";

/** The weights that a trial multiplies by. */
export const PROBED = "q4_0";

/** One trial, for one worker. */
export interface ProbeTask {
  readonly type: "probe";
  readonly choice: KernelChoice;
  readonly bus: SharedArrayBuffer;
  readonly rank: number;
  readonly ranks: number;
}

/** What a worker answers: what it measured, or why it could not. */
export type ProbeAnswer =
  | { readonly type: "probed"; readonly times: ProbeTimes }
  | { readonly type: "failed"; readonly error: { readonly code: ErrorCode; readonly message: string } };

/** What one worker measured. */
export interface ProbeTimes {
  readonly barrierMs: number;
  readonly productsMs: number;
  /** Of weights, that one worker has read in its products. */
  readonly bytes: number;
}

/**
 * The number of threads for which a token is expected soonest: weights over the speed of a product, plus barriers.
 *
 * workers  the threads to try, each of which answers a ProbeTask with a ProbeAnswer
 * bytes    weights that a token reads
 * gathers  barriers of a token
 */
export async function probeThreads(
  choice: KernelChoice,
  workers: readonly Thread[],
  { bytes, gathers }: { bytes: number; gathers: number },
): Promise<number> {
  const most = workers.length;
  if (most === 1) return 1;
  const candidates = [...new Set([most, most - 1, Math.ceil(most / 2), 1])];
  let best = { threads: 1, ms: Number.POSITIVE_INFINITY };
  for (const threads of candidates) {
    const bus = new SharedArrayBuffer(busBytes({ ranks: threads, words: 0, floats: 0 }));
    const [times] = await Promise.all(
      workers.slice(0, threads).map(async (worker, rank): Promise<ProbeTimes> => {
        worker.postMessage({ type: "probe", choice, bus, rank, ranks: threads } satisfies ProbeTask);
        const answer = (await nextMessage(worker)) as ProbeAnswer; // what a worker posts then
        if (answer.type === "failed") throw new BaimoError(answer.error.code, answer.error.message);
        return answer.times;
      }),
    );
    const ms = (bytes / (threads * times.bytes)) * times.productsMs + gathers * times.barrierMs;
    if (ms < best.ms) best = { threads, ms };
  }
  return best.threads;
}
