// Downloads of one server: begun, watched, stopped; a model that has come is one of the server's.
import { BaimoError } from "../../errors.ts";
import { newId } from "../../store/ids.ts";
import type { Library, Progress } from "../models/library.ts";
import type { Models } from "../models/models.ts";
import { Problem } from "../problem.ts";

/** A download as the page is shown it. */
export interface Download extends Progress {
  readonly id: string;
  readonly source: string;
  /** What it is called, when it has come. */
  readonly model: string | null;
  readonly state: "running" | "done" | "stopped" | "failed";
  readonly problem: string | null;
}

type Job = { -readonly [K in keyof Download]: Download[K] } & { readonly control: AbortController };

/** So many come at a time, and so many are remembered. */
const MOST_RUNNING = 3;
const MOST_KEPT = 50;

export class Downloads {
  readonly #library: Library;
  readonly #models: Models;
  readonly #onError: (error: unknown) => void;
  #jobs = new Map<string, Job>();

  constructor(library: Library, models: Models, onError: (error: unknown) => void = () => {}) {
    this.#library = library;
    this.#models = models;
    this.#onError = onError;
  }

  /** The latest first; those of earlier runs last. */
  async list(): Promise<Download[]> {
    for (const { source, file, done, total } of (await this.#library.unfinished?.()) ?? []) {
      if (this.#of(source)) continue;
      const job = newJob(source, { file, done, total }, "stopped");
      this.#jobs = new Map([[job.id, job], ...this.#jobs]);
    }
    return Array.from(this.#jobs.values(), shown).reverse();
  }

  /**
   * Begins, or goes on where an earlier try ended; of one that is under way nothing changes.
   * @throws {Problem} 429 where too many are under way
   */
  start(source: string): Download {
    const before = this.#of(source);
    if (before?.state === "running") return shown(before);
    const running = Array.from(this.#jobs.values()).filter(({ state }) => state === "running");
    if (running.length >= MOST_RUNNING) {
      const message = `${MOST_RUNNING} downloads are under way; wait for one to end, or stop it`;
      throw new Problem(429, message, { code: "too_many_downloads" });
    }
    if (before) this.#jobs.delete(before.id);
    const job = newJob(source, before ?? { file: "", done: 0, total: 0 }, "running");
    this.#jobs.set(job.id, job);
    for (const [id, { state }] of this.#jobs) {
      if (this.#jobs.size <= MOST_KEPT) break;
      if (state !== "running") this.#jobs.delete(id);
    }
    void this.#run(job);
    return shown(job);
  }

  /**
   * Stops a download, whose bytes stay for the next try; one that has ended is forgotten, with what has come of it where
   * the library deletes. False for an unknown one.
   */
  async stop(id: string): Promise<boolean> {
    const job = this.#jobs.get(id);
    if (!job) return false;
    if (job.state === "running") {
      job.state = "stopped";
      job.control.abort();
    } else {
      this.#jobs.delete(id);
      if (job.state !== "done") await this.#library.remove?.(job.source);
    }
    return true;
  }

  /** Stops all of them. */
  stopAll(): void {
    for (const job of this.#jobs.values()) job.control.abort();
  }

  #of(source: string): Job | undefined {
    return Array.from(this.#jobs.values()).find((job) => job.source === source);
  }

  async #run(job: Job): Promise<void> {
    const { source, control } = job;
    try {
      await this.#library.download(source, {
        signal: control.signal,
        onProgress({ file, done, total }) {
          job.file = file;
          job.done = done;
          job.total = total;
        },
      });
      job.model = await takeOn(this.#models, this.#library, source);
      job.state = "done";
    } catch (error) {
      if (control.signal.aborted) job.state = "stopped";
      else {
        job.state = "failed";
        job.problem = reasonOf(error);
        this.#onError(error);
      }
    }
  }
}

const newJob = (source: string, { file, done, total }: Progress, state: Job["state"]): Job => ({
  id: newId(),
  source,
  model: null,
  state,
  file,
  done,
  total,
  problem: null,
  control: new AbortController(),
});

const shown = ({ control: _, ...download }: Job): Download => download;

/** An administrator may know what a failed download says; anything else may tell of the server's insides. */
const reasonOf = (error: unknown) =>
  error instanceof BaimoError || error instanceof Problem
    ? error.message
    : "it failed; the server's log says why";

/** Has a server answer with a model of its library; the name that it is called by. */
export async function takeOn(models: Models, library: Library, source: string): Promise<string> {
  const { name, recipe } = await library.recipe(source);
  return models.add(name, recipe);
}
