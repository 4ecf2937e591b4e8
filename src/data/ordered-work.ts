// Work on batches by several threads at once, whose results come in the order of the batches.
import { startThread, type Thread } from "../backends/threads.ts";
import { BaimoError, type ErrorCode, throwIfAborted } from "../errors.ts";

/** What a thread is told: first what to do, then batches, each answered before the next is begun. */
export type ToWorker = { readonly task: unknown } | { readonly batch: unknown };

/** What it answers to a batch. */
export type FromWorker =
  | { readonly result: unknown }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** How work is shared out. */
export interface WorkOptions {
  /** 1: in the thread that asks. */
  readonly threads: number;
  readonly signal?: AbortSignal;
}

/**
 * Gives the result of each batch, in order. A thread has two batches at most, so that memory is bounded by theirs;
 * breaking out ends the threads.
 *
 * here    does a batch in this thread, where there is to be one only
 * module  does the same in a thread of its own, after `task`
 */
export async function* workInOrder<B, R>(
  batches: AsyncIterable<B>,
  work: { readonly here: (batch: B) => R; readonly module: URL; readonly task: unknown },
  { threads, signal }: WorkOptions,
): AsyncGenerator<{ batch: B; result: R }, void> {
  if (threads <= 1) {
    for await (const batch of batches) {
      throwIfAborted(signal, "the work");
      yield { batch, result: work.here(batch) };
    }
    return;
  }
  const workers: Worker[] = [];
  const waiting: { batch: B; result: Promise<R> }[] = [];
  try {
    let next = 0;
    for await (const batch of batches) {
      throwIfAborted(signal, "the work");
      if (workers.length < threads) workers.push(await startWorker(work.module, work.task));
      const worker = workers[next++ % workers.length];
      const result = worker.ask(batch) as Promise<R>; // what `module` answers
      result.catch(() => {}); // it is looked at when its turn comes
      waiting.push({ batch, result });
      if (waiting.length < 2 * threads) continue;
      const first = waiting.shift()!; // one was pushed
      yield { batch: first.batch, result: await first.result };
    }
    for (const { batch, result } of waiting) yield { batch, result: await result };
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

interface Worker {
  ask(batch: unknown): Promise<unknown>;
  end(): Promise<void>;
}

async function startWorker(module: URL, task: unknown): Promise<Worker> {
  const thread: Thread = await startThread(module, { name: "baimo data" });
  const asked: { resolve(result: unknown): void; reject(error: Error): void }[] = [];
  const fail = (error: Error) => {
    for (const { reject } of asked.splice(0)) reject(error);
  };
  thread.on("message", (message) => {
    const answer = message as FromWorker; // what the module posts
    const { resolve, reject } = asked.shift()!; // one answer a batch
    if ("error" in answer) reject(new BaimoError(answer.error.code, answer.error.message));
    else resolve(answer.result);
  });
  thread.on("error", (error) =>
    fail(new BaimoError("device", `a thread failed: ${error.message}`, { cause: error })),
  );
  thread.on("exit", () => fail(new BaimoError("device", "a thread ended before its work was done")));
  const tell = (message: ToWorker) => thread.postMessage(message);
  tell({ task });
  return {
    ask: (batch) =>
      new Promise((resolve, reject) => {
        asked.push({ resolve, reject });
        tell({ batch });
      }),
    end: () => thread.terminate(),
  };
}

/** Documents as batches of about so many characters. */
export async function* inBatches<D extends { readonly text: string }>(
  documents: AsyncIterable<D>,
  characters = 1 << 19,
): AsyncGenerator<D[], void> {
  let batch: D[] = [];
  let length = 0;
  for await (const document of documents) {
    batch.push(document);
    length += document.text.length + 64;
    if (length < characters) continue;
    yield batch;
    batch = [];
    length = 0;
  }
  if (batch.length > 0) yield batch;
}
