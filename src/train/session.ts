// A training that runs: its ranks on worker threads, one memory, and what may be asked of them.
import { Bus, type BusShape, busBytes } from "../backends/bus.ts";
import { canShareMemory, startThread, type Thread } from "../backends/threads.ts";
import { BaimoError, type ErrorCode } from "../errors.ts";
import type { ByteSource } from "../formats/sources/byte-source.ts";
import { compileTrainingKernels } from "../kernels/backward/compile.ts";
import { type AllKernels, instantiateTraining } from "../kernels/backward/kernels.ts";
import { kernelMemory } from "../kernels/module/module.ts";
import { createLearner, type Guard, type Objective, type StepBatch } from "./learner.ts";
import { packedTypes } from "./parameters.ts";
import type { FromRank, ToRank } from "./protocol.ts";
import { Machine } from "./tape/machine.ts";
import type { Answer } from "./tasks/answers.ts";
import type { TaughtBatch } from "./tasks/next-tokens.ts";
import type { TrainedModel, TrainedModelParts } from "./trained-model.ts";
import type { StepReport } from "./trainer.ts";

/** Bytes of each thread's runtime, its garbage included: measured, `baimo train` on Node 20 and 24, 2026-11-29. */
const THREAD_BYTES = 30e6;

/** What a training takes beside a process of so many bytes. */
export const withRuntime = (bytes: number, threads: number, processBytes: number): number =>
  bytes + processBytes + threads * THREAD_BYTES;

export interface SessionOptions {
  readonly parts: TrainedModelParts;
  readonly files: readonly ByteSource[];
  readonly objective: Objective;
  readonly threads: number;
}

/**
 * Bytes that a training takes: everything is planned, nothing allocated.
 * @throws {BaimoError} `config` for a model that cannot be trained
 */
export async function planMemory({
  parts,
  objective,
  threads,
}: Omit<SessionOptions, "files">): Promise<number> {
  const memory = new WebAssembly.Memory({ initial: 0 });
  // Nothing computes while a tape is written.
  const machine = new Machine(memory, {} as AllKernels, { rank: 0, ranks: threads, barrier: () => {} });
  await createLearner(machine, parts, objective);
  return machine.used;
}

/** A training whose ranks wait for what comes next. Between two questions its memory may be read and written. */
export class TrainingSession {
  /** The same weights, seen from here. */
  readonly model: TrainedModel;
  readonly bytes: number;
  readonly #threads: readonly Thread[];
  readonly #bus: Bus;
  readonly #machine: Machine;
  #failed: Error | undefined;
  #answers: FromRank[] = [];
  #settle: { resolve(answers: FromRank[]): void; reject(error: Error): void } | undefined;

  private constructor(machine: Machine, model: TrainedModel, threads: readonly Thread[], bus: Bus) {
    this.#machine = machine;
    this.model = model;
    this.bytes = machine.used;
    this.#threads = threads;
    this.#bus = bus;
    for (const thread of threads) {
      thread.on("message", (message) => this.#take(message as FromRank)); // what worker.ts posts
      thread.on("error", (error) => this.#fail(error));
      thread.on("exit", () => this.#fail(new Error("a thread of the training ended")));
    }
  }

  /**
   * Starts the ranks and loads the weights.
   * @throws {BaimoError} `memory` when it does not fit, `config` for a model that cannot be trained
   */
  static async open({ parts, files, objective, threads }: SessionOptions): Promise<TrainingSession> {
    if (!canShareMemory() && threads > 1)
      throw new BaimoError("device", "threads share no memory here; train with threads: 1");
    const module = await compileTrainingKernels(parts.adapter ? packedTypes(parts.weights) : []);
    const bytes = await planMemory({ parts, objective, threads });
    const memory = kernelMemory(1);
    const alone = { rank: 0, ranks: threads, barrier: () => {} };
    const machine = new Machine(memory, instantiateTraining(module, memory), alone);
    const { model } = await createLearner(machine, parts, objective);
    machine.settle();
    if (machine.used !== bytes) throw new Error("a training was planned otherwise than it is laid out");
    const busShape: BusShape = { ranks: threads, words: 0, floats: 16 };
    const shared = canShareMemory()
      ? new SharedArrayBuffer(busBytes(busShape))
      : new ArrayBuffer(busBytes(busShape));
    const url = new URL("./worker.js", import.meta.url);
    const started = await Promise.all(
      Array.from({ length: threads }, (_, rank) =>
        startThread(url, { name: `baimo trainer ${rank}`, youngGenerationMb: 2 }),
      ),
    );
    const session = new TrainingSession(machine, model, started, new Bus(shared, -1, busShape));
    const sources = files.map((file) => file.descriptor);
    await session.#ask((rank) => ({
      type: "setup",
      rank,
      module,
      memory,
      bus: shared,
      busShape,
      parts,
      objective,
      files: sources,
    }));
    return session;
  }

  /** One step; it is taken where its loss and norm are within the guard. */
  async step(batches: readonly StepBatch[], guard: Guard): Promise<{ report: StepReport; taken: boolean }> {
    const [first] = await this.#ask(() => ({ type: "step", batches, guard }));
    if (first.type !== "stepped") throw unexpected(first);
    return first;
  }

  /** The mean cross-entropy over some batches. */
  async evaluate(batches: readonly TaughtBatch[]): Promise<number> {
    const [first] = await this.#ask(() => ({ type: "evaluate", batches }));
    if (first.type !== "evaluated") throw unexpected(first);
    return first.loss;
  }

  /** Log-probabilities of every token of some answers, which come micro-batch by micro-batch. */
  async score(answers: readonly (readonly Answer[])[]): Promise<readonly (readonly number[])[]> {
    const [first] = await this.#ask(() => ({ type: "score", answers }));
    if (first.type !== "scored") throw unexpected(first);
    return first.scores;
  }

  /** Weights, moments and gradients that learn, as floats in memory. */
  floats(address: number, count: number): Float32Array {
    return this.#machine.f32.subarray(address / 4, address / 4 + count);
  }

  /** Goes on from what was written into `floats`. */
  async restored(steps: number): Promise<void> {
    await this.#ask(() => ({ type: "restored", steps }));
  }

  async close(): Promise<void> {
    this.#failed ??= new BaimoError("request", "the training has been closed");
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  /** Asks every rank, and waits for all. */
  #ask(message: (rank: number) => ToRank): Promise<FromRank[]> {
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#answers = [];
      this.#settle = { resolve, reject };
      for (const [rank, thread] of this.#threads.entries()) thread.postMessage(message(rank));
    });
  }

  #take(message: FromRank): void {
    if (message.type === "failed") {
      return this.#fail(new BaimoError(message.code as ErrorCode, message.message));
    }
    this.#answers.push(message);
    if (this.#answers.length === this.#threads.length) this.#settle?.resolve(this.#answers);
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = error;
    this.#bus.poison();
    this.#settle?.reject(error);
  }
}

const unexpected = ({ type }: FromRank) => new Error(`a rank answered with ${type}`);
