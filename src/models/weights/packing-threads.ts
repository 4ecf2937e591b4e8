// Threads that quantise weights, several pieces at a time.
import { availableThreads, startThread, type Thread } from "../../backends/threads.ts";
import { BaimoError, type ErrorCode } from "../../errors.ts";
import type { QuantizableType } from "../../formats/blocks/quantize.ts";
import type { Packer } from "../../formats/blocks/quantize-rows.ts";

/** A piece of work, and its answer. */
export interface ToPacker {
  id: number;
  type: QuantizableType;
  values: Float32Array;
  importance?: Float32Array;
}
export type FromPacker =
  | { id: number; blocks: Uint8Array; error?: undefined }
  | { id: number; error: { code: ErrorCode; message: string } };

/** A packer to be closed when done. */
export interface PackingThreads extends Packer {
  close(): Promise<void>;
}

/** More threads than this wait for the one that reads and writes. */
const MOST = 16;

/**
 * Starts threads that pack.
 *
 * count  default: as many as the machine runs at once
 */
export async function startPackingThreads(count?: number): Promise<PackingThreads> {
  const url = new URL("./packing-worker.js", import.meta.url);
  const lanes = count ?? Math.min(MOST, await availableThreads());
  const threads: Thread[] = [];
  const pending = new Map<number, { resolve(blocks: Uint8Array): void; reject(error: Error): void }>();
  let closed = false;
  const lose = (cause: Error) => {
    if (closed) return;
    const error = new BaimoError("device", `a thread that packs weights failed: ${cause.message}`, { cause });
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  for (let i = 0; i < lanes; i++) {
    const thread = await startThread(url, { name: `baimo packer ${i}` });
    thread.on("message", (message) => {
      const answer = message as FromPacker; // what packing-worker.ts posts
      const waiting = pending.get(answer.id);
      pending.delete(answer.id);
      if (answer.error) waiting?.reject(new BaimoError(answer.error.code, answer.error.message));
      else waiting?.resolve(answer.blocks);
    });
    thread.on("error", lose);
    thread.on("exit", () => lose(new Error("it ended")));
    threads.push(thread);
  }
  let next = 0;
  return {
    lanes,
    pack(type, values, importance) {
      const id = next++;
      return new Promise<Uint8Array>((resolve, reject) => {
        pending.set(id, { resolve, reject });
        // A view would bring its whole buffer along.
        const own = importance?.slice();
        threads[id % lanes].postMessage({ id, type, values, importance: own } satisfies ToPacker);
      });
    },
    async close() {
      closed = true;
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}
