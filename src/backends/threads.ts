// Worker threads of Node, Deno, Bun or a page behind one interface; how many processors there are.

/** A worker thread, seen from the thread that started it. */
export interface Thread {
  postMessage(message: unknown): void;
  /**
   * Listeners stay until the thread has ended; an error or an exit that came before them is told at once. `exit` is told
   * without an error where the runtime has such a thing.
   */
  on(event: "message", listener: (message: unknown) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "exit", listener: () => void): void;
  /** Whether the thread keeps the program alive. */
  ref(): void;
  unref(): void;
  terminate(): Promise<void>;
}

/** The inside of a worker thread. */
export interface OwnThread {
  postMessage(message: unknown): void;
  /** Messages that came before the listener are told at once. */
  listen(listener: (message: unknown) => void): void;
  /** Listens no more, so that the thread may end. */
  close(): void;
}

const inNode: boolean = typeof process !== "undefined" && process.versions?.node !== undefined;

/** node:os, where there is one. */
async function system(): Promise<typeof import("node:os") | undefined> {
  return inNode ? import("node:os").catch(() => undefined) : undefined;
}

/** Bytes of this machine's memory; a page is not told. */
export async function availableMemory(): Promise<number> {
  return (await system())?.totalmem() ?? Number.POSITIVE_INFINITY;
}

/** How many threads this machine runs at once. */
export async function availableThreads(): Promise<number> {
  return (await system())?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** Whether threads can share memory; a page must be isolated for that. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== "undefined";
}

/** Starts a module as a worker thread. Young generation: megabytes for short-lived objects, where it can be said. */
export async function startThread(
  url: URL,
  options: { name: string; youngGenerationMb?: number },
): Promise<Thread> {
  const { name, youngGenerationMb } = options;
  if (inNode) {
    const { Worker: NodeWorker } = await import("node:worker_threads");
    const resourceLimits = youngGenerationMb ? { maxYoungGenerationSizeMb: youngGenerationMb } : undefined;
    // Code that runs as TypeScript has workers beside it that are TypeScript, too.
    const file = import.meta.url.endsWith(".ts") ? new URL(url.href.replace(/\.js$/, ".ts")) : url;
    const worker = new NodeWorker(file, { name, resourceLimits });
    const past = { error: undefined as Error | undefined, exit: false };
    worker.on("error", (error: Error) => (past.error ??= error));
    worker.on("exit", () => (past.exit = true));
    return {
      postMessage: (message) => worker.postMessage(message),
      on(event: "message" | "error" | "exit", listener: (value: never) => void) {
        worker.on(event, listener as () => void);
        tellPast(past, event, listener);
      },
      ref: () => worker.ref(),
      unref: () => worker.unref(),
      terminate: async () => void (await worker.terminate()),
    };
  }
  const worker = new Worker(url, { type: "module", name });
  const past = { error: undefined as Error | undefined, exit: false };
  const errorOf = ({ message }: ErrorEvent) => new Error(message || `${url} cannot be loaded`);
  worker.addEventListener("error", (event) => (past.error ??= errorOf(event)));
  return {
    postMessage: (message) => worker.postMessage(message),
    on(event: "message" | "error" | "exit", listener: (value: never) => void) {
      const tell = listener as (value: unknown) => void;
      if (event === "message") worker.addEventListener("message", ({ data: message }) => tell(message));
      if (event === "error") worker.addEventListener("error", (failure) => tell(errorOf(failure)));
      tellPast(past, event, listener);
    },
    ref() {},
    unref() {},
    terminate: async () => worker.terminate(),
  };
}

/** Tells a new listener of what it has missed. */
function tellPast(
  past: { error?: Error; exit: boolean },
  event: "message" | "error" | "exit",
  listener: (value: never) => void,
): void {
  const tell = listener as (value?: unknown) => void;
  if (event === "error" && past.error) tell(past.error);
  if (event === "exit" && past.exit) tell();
}

/** The thread that runs this, from inside. Call it before anything is awaited: a page's messages do not wait. */
export async function ownThread(): Promise<OwnThread> {
  const waiting: unknown[] = [];
  let receive: (message: unknown) => void = (message) => waiting.push(message);
  const listen = (listener: (message: unknown) => void) => {
    receive = listener;
    for (const message of waiting.splice(0)) listener(message);
  };
  if (inNode) {
    const { parentPort } = await import("node:worker_threads");
    parentPort?.on("message", (message) => receive(message));
    return {
      postMessage: (message) => parentPort?.postMessage(message),
      listen,
      close: () => parentPort?.close(),
    };
  }
  const scope = globalThis as unknown as {
    postMessage(message: unknown): void;
    close(): void;
    addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  };
  scope.addEventListener("message", (event) => receive(event.data));
  return { postMessage: (message) => scope.postMessage(message), listen, close: () => scope.close() };
}

/** The first message of a thread; rejects when it fails or ends before. */
export function nextMessage(thread: Thread): Promise<unknown> {
  return new Promise((resolve, reject) => {
    thread.on("message", resolve);
    thread.on("error", reject);
    thread.on("exit", () => reject(new Error("the thread ended")));
  });
}
