// Asks the questions of a run together with other machines, until all are answered.
import { setTimeout as wait } from "node:timers/promises";
import { throwIfAborted } from "../errors.ts";
import { openSharedBatches, type SharedBatches, type SharedPlace } from "./journal/shared-batches.ts";
import type { PreparedRun } from "./prepare-run.ts";
import { askBatch, batchesOf, type EvaluateOptions } from "./run.ts";
import type { Answered, Subject } from "./subjects/subject.ts";

/** What is asked with others. */
export interface SharedQuestions {
  readonly place: SharedPlace;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly started: string;
  /** What this machine knows already. */
  readonly known: ReadonlyMap<string, Answered>;
}

/** Questions in a batch: few, for at the end all wait for the slowest machine. */
const BATCH = 16;
/** How often what others have in hand is looked for, in milliseconds. */
const POLL_MS = 300;
/** How often others' progress is looked for. */
const PROGRESS_MS = 1000;

/**
 * Asks until no question is open.
 *
 * @returns the run with all answers, to be closed
 * @throws {BaimoError} as `openSharedBatches`, and as the subject
 */
export async function askShared(
  run: PreparedRun,
  subject: Subject,
  { place, settings, started, known }: SharedQuestions,
  { batch: size = BATCH, seed, signal, onProgress }: EvaluateOptions,
): Promise<SharedBatches> {
  const batches = batchesOf(run, size, seed);
  const total = batches.reduce((sum, { batch }) => sum + batch.length, 0);
  const count = batches.length;
  const shared = await openSharedBatches(place, { settings: { ...settings, batch: size }, started, count });
  let told = Number.NEGATIVE_INFINITY;
  const tell = async (task: string) => {
    if (!onProgress || performance.now() - told < PROGRESS_MS) return;
    told = performance.now();
    onProgress({ task, done: Math.floor((total * (await shared.done())) / Math.max(1, count)), total });
  };
  try {
    for (let task = ""; ; ) {
      throwIfAborted(signal, "the evaluation");
      const claim = await shared.claim();
      if (!claim) {
        if ((await shared.done()) === count) return shared;
        await tell(task);
        await wait(POLL_MS);
        continue;
      }
      const { batch } = batches[claim.place];
      task = batches[claim.place].task;
      await tell(task);
      const answers = new Map<string, Answered>();
      for (const { key } of batch) {
        const answered = [claim.before.get(key), known.get(key)].find(
          (one) => one && one.failed === undefined,
        );
        if (answered) answers.set(key, answered);
      }
      const open = batch.filter(({ key }) => !answers.has(key));
      const entries = open.length > 0 ? await askBatch(open, subject, signal) : [];
      for (const { key, ...answered } of entries) answers.set(key, answered);
      await shared.keep(
        claim.place,
        batch.flatMap(({ key }) => {
          const answered = answers.get(key);
          return answered ? { key, ...answered } : [];
        }),
      );
    }
  } catch (error) {
    await shared.close();
    throw error;
  }
}
