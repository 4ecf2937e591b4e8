// Runs that people start on a server, each in a folder; what runs them is loaded when asked for.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BaimoError } from "../errors.ts";
import type { Model } from "../generate/types.ts";
import { parseJson, recordOf } from "../json.ts";
import { sha256 } from "../sha256.ts";
import type { RunSettings } from "./prepare-run.ts";
import type { Board } from "./report/board.ts";
import type { RunComparison } from "./report/compare-runs.ts";
import type { StoredRun } from "./report/stored-run.ts";

/** A run as a page is shown it. */
export interface KeptRun {
  readonly id: string;
  readonly model: string;
  readonly task: string;
  /** The tasks of it, once they are known. */
  readonly tasks: readonly string[];
  /** Documents of each task; null for all. */
  readonly limit: number | null;
  readonly state: "running" | "done" | "stopped" | "failed";
  readonly done: number;
  readonly total: number;
  readonly problem: string | null;
  /** In milliseconds since 1970. */
  readonly created: number;
}

/** A task or group that can be run. */
export interface Suite {
  readonly name: string;
  readonly kind: "task" | "group" | "tag";
}

/** A document of a run, with what was asked and answered. */
export interface ShownDocument {
  readonly id: number;
  /** What the model read: one text for each request. */
  readonly asked: readonly string[];
  readonly answers: readonly string[];
  readonly target: string;
  readonly scores: Readonly<Record<string, string>>;
  /** Why it has no answer. */
  readonly failed?: string;
}

/** Options of `KeptRuns`. */
export interface KeptRunsOptions {
  /** Where runs are kept. */
  readonly folder: string;
  /** Folders of tasks. */
  readonly includePaths: readonly string[];
  readonly version: string;
  readonly hub?: RunSettings["hub"];
  /** Told of runs that failed for reasons that are not the person's. */
  readonly onError?: (error: unknown) => void;
}

/** What a run is started with. */
export interface KeptRunStart {
  readonly id: string;
  readonly task: string;
  readonly limit?: number;
}

type Job = { -readonly [K in keyof KeptRun]: KeptRun[K] };

/** Runs that one person keeps. */
const MOST_RUNS = 50;
const ABOUT = "run.json";
const ID = /^[\w-]{8,64}$/;

export class KeptRuns {
  readonly #options: KeptRunsOptions;
  /** By person and run. */
  readonly #running = new Map<string, { job: Job; control: AbortController; ended: Promise<void> }>();
  #suites: readonly Suite[] | undefined;

  constructor(options: KeptRunsOptions) {
    this.#options = options;
  }

  /** The tasks and groups that run here. */
  async suites(): Promise<readonly Suite[]> {
    if (this.#suites) return this.#suites;
    const { listTasks } = await import("./list-tasks.ts");
    this.#suites = listTasks(this.#options.includePaths)
      .filter(({ refused }) => refused === undefined)
      .map(({ name, kind }) => ({ name, kind }));
    return this.#suites;
  }

  /** A person's runs, the latest first. */
  list(person: string): KeptRun[] {
    const folder = join(this.#options.folder, person);
    const ids = existsSync(folder) ? readdirSync(folder).filter((id) => ID.test(id)) : [];
    return ids.flatMap((id) => this.#find(person, id) ?? []).sort((a, b) => b.created - a.created);
  }

  /**
   * Begins a run; it goes on by itself, and calls `release` at its end.
   * @throws {BaimoError} `request` for a task that does not run here, or where one of the person's is under way
   */
  async start(
    person: string,
    model: Model,
    { id, task, limit }: KeptRunStart,
    release: () => void,
  ): Promise<KeptRun> {
    const suites = await this.suites();
    if (!suites.some(({ name }) => name === task))
      throw new BaimoError("request", `no task that runs here is named "${task.slice(0, 100)}"`);
    const runs = this.list(person);
    if (runs.some(({ state }) => state === "running"))
      throw new BaimoError("request", "a run is under way; wait for its end, or stop it");
    if (runs.length >= MOST_RUNS)
      throw new BaimoError("request", `${MOST_RUNS} runs are kept; remove one that is no longer needed`);
    const job: Job = {
      id,
      model: model.name,
      task,
      tasks: [],
      limit: limit ?? null,
      state: "running",
      done: 0,
      total: 0,
      problem: null,
      created: Date.now(),
    };
    const control = new AbortController();
    this.#write(person, job);
    const ended = this.#run(person, model, job, control.signal).finally(() => {
      this.#running.delete(`${person}/${id}`);
      this.#write(person, job);
      release();
    });
    this.#running.set(`${person}/${id}`, { job, control, ended });
    return { ...job };
  }

  /** Stops a run that is under way, and removes one that has ended. False for an unknown one. */
  stop(person: string, id: string): boolean {
    const running = this.#running.get(`${person}/${id}`);
    if (running) running.control.abort();
    else if (this.#find(person, id)) rmSync(join(this.#options.folder, person, id), { recursive: true });
    else return false;
    return true;
  }

  /** All that is kept of a person's runs, one after another: of those that have ended well, results and documents too. */
  async *all(person: string): AsyncGenerator<object> {
    for (const run of this.list(person)) {
      const { results, tasks } = run.state === "done" ? await this.#read(person, run.id) : { tasks: [] };
      yield {
        ...run,
        results,
        samples: Object.fromEntries(tasks.map(({ name, samples }) => [name, samples])),
      };
    }
  }

  /** Ends a person's runs, and forgets them for good. */
  async forget(person: string): Promise<void> {
    const theirs = this.list(person).flatMap(({ id }) => this.#running.get(`${person}/${id}`) ?? []);
    for (const { control } of theirs) control.abort();
    await Promise.all(theirs.map(({ ended }) => ended));
    rmSync(join(this.#options.folder, person), { recursive: true, force: true });
  }

  stopAll(): void {
    for (const { control } of this.#running.values()) control.abort();
  }

  /** A person's finished runs side by side. */
  async board(person: string): Promise<Board> {
    const { makeBoard } = await import("./report/board.ts");
    const done = this.list(person)
      .filter(({ state }) => state === "done")
      .reverse();
    return makeBoard(await Promise.all(done.map(({ id }) => this.#read(person, id))));
  }

  /** Some documents of a run's task. @throws {BaimoError} `request` for what there is not */
  async documents(person: string, id: string, task: string, from: number, count: number) {
    const { tasks } = await this.#read(person, id);
    const found = tasks.find(({ name }) => name === task);
    if (!found) throw new BaimoError("request", `the run has no task "${task.slice(0, 100)}"`);
    const { samples, failed } = found;
    const lost = failed.map(({ id, reason }): ShownDocument => {
      return { id, asked: [], answers: [], target: "", scores: {}, failed: reason };
    });
    const shown = samples.slice(from, from + count).map((sample): ShownDocument => {
      const metrics = Array.isArray(sample.metrics) ? sample.metrics.map(String) : [];
      const asked = Object.values(recordOf(sample.arguments ?? {}, "arguments"));
      return {
        id: Number(sample.doc_id),
        asked: asked.map((one) => Object.values(recordOf(one, "arguments")).filter(isText).join("▸")),
        answers: [sample.filtered_resps].flat().map(textOf),
        target: textOf(sample.target),
        scores: Object.fromEntries(metrics.map((metric) => [metric, textOf(sample[metric])])),
      };
    });
    const rest = lost.slice(Math.max(0, from - samples.length), Math.max(0, from + count - samples.length));
    return { total: samples.length + lost.length, documents: [...shown, ...rest] };
  }

  /** Two runs of one person. @throws {BaimoError} `request` for what there is not */
  async compare(person: string, a: string, b: string): Promise<RunComparison> {
    const { compareRuns } = await import("./report/compare-runs.ts");
    return compareRuns(await this.#read(person, a), await this.#read(person, b));
  }

  async #run(person: string, model: Model, job: Job, signal: AbortSignal): Promise<void> {
    const { folder, includePaths, version, hub, onError } = this.#options;
    try {
      const { prepareFor, runInFolder } = await import("./run-in-folder.ts");
      const { createLocalSubject } = await import("./subjects/local.ts");
      const subject = createLocalSubject(model);
      const settings: RunSettings = { tasks: [job.task], includePaths, limit: job.limit ?? undefined, hub };
      const prepared = await prepareFor(subject, settings, false);
      job.tasks = prepared.tasks.map(({ task }) => task.config.task);
      await runInFolder(prepared, subject, settings, {
        isChat: false,
        out: join(folder, person, job.id),
        identity: await sha256(JSON.stringify([model.name, model.config, model.engine.weightBytes])),
        version,
        batch: 16,
        signal,
        onProgress({ done, total }) {
          job.done = done;
          job.total = total;
        },
      });
      job.state = "done";
    } catch (error) {
      const isOwn = error instanceof BaimoError;
      job.state = signal.aborted ? "stopped" : "failed";
      if (job.state === "failed")
        job.problem = isOwn ? error.message : "it failed; the server's log says why";
      if (!isOwn) onError?.(error);
    }
  }

  #find(person: string, id: string): KeptRun | undefined {
    const running = this.#running.get(`${person}/${id}`);
    if (running) return { ...running.job };
    const path = join(this.#options.folder, person, id, ABOUT);
    if (!ID.test(id) || !existsSync(path)) return undefined;
    const run = recordOf(parseJson(readFileSync(path), path), path) as unknown as KeptRun; // as #write wrote it
    // The server ended before the run did.
    return run.state === "running" ? { ...run, state: "stopped" } : run;
  }

  #write(person: string, job: Job): void {
    const folder = join(this.#options.folder, person, job.id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, ABOUT), JSON.stringify(job));
  }

  async #read(person: string, id: string): Promise<StoredRun> {
    const kept = this.#find(person, id);
    if (kept?.state !== "done")
      throw new BaimoError("request", `there is no finished run "${id.slice(0, 64)}"`);
    const { readRun } = await import("./report/read-run.ts");
    const run = readRun(join(this.#options.folder, person, id));
    return { ...run, name: new Date(kept.created).toISOString().slice(0, 19).replace("T", " ") };
  }
}

const isText = (value: unknown): value is string => typeof value === "string";
const textOf = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
