// The thread in which QuickJS runs programs: a runtime for each, which is given nothing of Node.
import { parentPort } from "node:worker_threads";
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten-core";
import { PRELUDE } from "./prelude.ts";
import { type Program, type Verdict, WALL } from "./sandbox.ts";

/** Of the stack that QuickJS counts; the thread's own has more. */
const STACK_BYTES = 256 * 1024;
/**
 * So often a loop asks whether its time is up, so that how long a program may run is counted in its own steps and the same program
 * has the same verdict on a busy machine. What works long in one step is bounded by the clock.
 */
const ASKED_A_SECOND = 3000;

const { newQuickJSWASMModuleFromVariant } = await import("quickjs-emscripten-core");
const quickjs = await newQuickJSWASMModuleFromVariant(import("@jitl/quickjs-wasmfile-release-sync"));

parentPort?.on("message", (program: Program) => parentPort?.postMessage(judge(program)));
parentPort?.postMessage("ready");

/** Runs a program and then its tests; it passes where both come to their end. */
function judge({ source, tests, seconds, memoryBytes }: Program): Verdict {
  const runtime = quickjs.newRuntime();
  runtime.setMemoryLimit(memoryBytes);
  runtime.setMaxStackSize(STACK_BYTES);
  const end = performance.now() + WALL * seconds * 1000;
  let asked = 0;
  const isLate = () => asked > seconds * ASKED_A_SECOND || performance.now() > end;
  runtime.setInterruptHandler(() => {
    asked++;
    return isLate();
  });
  const context = runtime.newContext();
  const tell = context.unwrapResult(context.evalCode(PRELUDE, "prelude.js"));
  const verdict = runAll({ context, runtime, tell, isLate }, [source, tests]);
  tell.dispose();
  context.dispose();
  runtime.dispose();
  return verdict;
}

interface Running {
  readonly context: QuickJSContext;
  readonly runtime: QuickJSRuntime;
  /** Tells an error as a short text. */
  readonly tell: QuickJSHandle;
  readonly isLate: () => boolean;
}

function runAll(running: Running, texts: readonly string[]): Verdict {
  for (const [i, text] of texts.entries()) {
    const failed = runText(running, text, i === 0 ? "answer.js" : "tests.js");
    if (failed) return failed;
  }
  return { outcome: "passed", detail: "" };
}

/** Undefined where the text comes to its end, the promise that it gives and all that waits behind promises included. */
function runText(running: Running, text: string, name: string): Verdict | undefined {
  const { context, runtime, isLate } = running;
  const result = context.evalCode(text, name);
  if (result.error) return failure(running, result.error);
  try {
    while (runtime.hasPendingJob()) {
      const job = runtime.executePendingJobs(1);
      if (job.error) return failure(running, job.error);
      if (isLate()) return { outcome: "time", detail: "its promises go on and on" };
    }
    const state = context.getPromiseState(result.value);
    if (state.type === "pending") return { outcome: "failed", detail: "its promise never settles" };
    if (state.type === "rejected") return failure(running, state.error);
    if (!state.notAPromise) state.value.dispose();
    return undefined;
  } finally {
    result.value.dispose();
  }
}

function failure({ context, tell, isLate }: Running, error: QuickJSHandle): Verdict {
  const told = context.callFunction(tell, context.undefined, error);
  error.dispose();
  const isText = !told.error && context.typeof(told.value) === "string";
  const detail = isText ? context.getString(told.value) : "no memory or time is left to say why";
  told.dispose();
  const isMemory = /out of memory/.test(detail) || detail === "null";
  return { outcome: isLate() ? "time" : isMemory ? "memory" : "failed", detail };
}
