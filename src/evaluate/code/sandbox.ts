// Runs programs that models wrote: JavaScript in QuickJS in a thread of its own, bounded.
import { Worker } from "node:worker_threads";
import { BaimoError } from "../../errors.ts";

/** A program and how it is run. */
export interface Program {
  readonly source: string;
  /** Runs after the program, in the same realm. */
  readonly tests: string;
  readonly seconds: number;
  readonly memoryBytes: number;
}

/** What came of a program. */
export interface Verdict {
  /** "lost": the engine itself broke, as of a stack that is too deep for it. */
  readonly outcome: "passed" | "failed" | "time" | "memory" | "lost";
  /** Why it did not pass, in at most 300 characters. */
  readonly detail: string;
}

/** So many times a program's seconds may pass on the clock, for the machine is busy with other things, too. */
export const WALL = 5;
/** Beyond that, for what does not ask whether time is up: then the thread is ended. */
const GRACE_SECONDS = 1;
const START_SECONDS = 60;
const PACKAGES = ["quickjs-emscripten-core", "@jitl/quickjs-wasmfile-release-sync"];

/** @throws {BaimoError} `request` where QuickJS is not installed */
export async function checkSandbox(): Promise<void> {
  try {
    await Promise.all(PACKAGES.map((name) => import.meta.resolve(name)));
  } catch (cause) {
    throw new BaimoError(
      "request",
      `the task runs JavaScript that a model writes, in QuickJS, which is not installed: npm install ${PACKAGES.join(" ")}`,
      { cause },
    );
  }
}

/** A thread for one program after another; one that misbehaves is ended, and another begun. */
export class Sandbox {
  #worker: Worker | undefined;

  /** Never throws for what a program does. */
  async run(program: Program): Promise<Verdict> {
    const worker = this.#worker ?? (await start());
    this.#worker = worker;
    const message = await next(worker, WALL * program.seconds + GRACE_SECONDS, () =>
      worker.postMessage(program),
    );
    const verdict = message as Verdict | Ended; // as the thread posts it
    if (!("ended" in verdict) && /^(passed|failed|time)$/.test(verdict.outcome)) return verdict;
    // What ran out of memory may have left the engine in any state.
    await this.close();
    if (!("ended" in verdict)) return verdict;
    // Its own clock may have ended it where the engine could not say so any more.
    return verdict.ended === "late" || verdict.ended === "interrupted"
      ? { outcome: "time", detail: `it did not end in ${program.seconds} s` }
      : { outcome: "lost", detail: verdict.ended.slice(0, 300) };
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

async function start(): Promise<Worker> {
  const file = import.meta.url.endsWith(".ts") ? "./sandbox-worker.ts" : "./sandbox-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), {
    env: {},
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 128, stackSizeMb: 8 },
  });
  const first = await next(worker, START_SECONDS);
  if (first === "ready") return worker;
  await worker.terminate();
  throw new BaimoError("device", `QuickJS did not start: ${(first as Ended).ended}`);
}

/** The thread ended, or said nothing in time. */
interface Ended {
  readonly ended: string;
}

function next(worker: Worker, seconds: number, begin?: () => void): Promise<unknown> {
  return new Promise((resolve) => {
    const settle = (value: unknown) => {
      clearTimeout(timer);
      worker.off("message", settle).off("error", onError).off("exit", onExit);
      resolve(value);
    };
    const onError = (error: Error) => settle({ ended: error.message } satisfies Ended);
    const onExit = () => settle({ ended: "its thread ended" } satisfies Ended);
    const timer = setTimeout(() => settle({ ended: "late" } satisfies Ended), seconds * 1000);
    worker.on("message", settle).on("error", onError).on("exit", onExit);
    begin?.();
  });
}
