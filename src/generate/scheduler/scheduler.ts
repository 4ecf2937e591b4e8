// The loop of rank 0: requests join, run together step by step, leave.
import type { Bus } from "../../backends/bus.ts";
import type { RunShape } from "../../backends/device.ts";
import type { Transformer } from "../../models/forward/model.ts";
import { LOGIT_ROWS } from "../../models/forward/workspace.ts";
import type { WeightPlan } from "../../models/weights/tensor-plan.ts";
import { PAGE, type Run } from "../../tensor/backend.ts";
import { plainError } from "../plain-error.ts";
import type { EngineRequest, FromWorker } from "../protocol.ts";
import { Angles } from "./angles.ts";
import { Constraints } from "./answer-constraint.ts";
import { Calls } from "./calls.ts";
import { Embedding } from "./embedding.ts";
import { Generation } from "./generation.ts";
import type { Job } from "./job.ts";
import { LogitsJob } from "./logits-job.ts";
import { Measurement } from "./measurement.ts";
import { Outbox } from "./outbox.ts";
import { Pace } from "./pace.ts";
import { commonLength, PagePool } from "./page-pool.ts";
import { type Place, Places } from "./places.ts";
import { Scoring } from "./scoring.ts";

/** What a scheduler is made of. */
export interface SchedulerSetup {
  readonly model: Transformer;
  readonly plan: WeightPlan;
  readonly shape: RunShape;
  readonly bus: Bus;
  readonly emit: (message: FromWorker) => void;
  /** Lets messages in. */
  readonly pause: () => Promise<void>;
}

/** A request that waits. */
interface Waiting {
  readonly id: number;
  readonly job: Job;
  readonly root: string;
}

/** A request that runs. */
interface Active extends Waiting {
  readonly place: Place;
}

/** Rows of one step that belong to one request. */
interface Part {
  readonly active: Active;
  readonly rows: number;
}

/** A row of the last step of which a request wants something. */
interface Wanted {
  readonly active: Active;
  readonly position: number;
  readonly row: number;
}

export class Scheduler {
  readonly #setup: SchedulerSetup;
  readonly #calls: Calls;
  readonly #angles: Angles;
  readonly #places: Places;
  readonly #outbox: Outbox;
  readonly #pace = new Pace();
  readonly #constraints = new Constraints();
  readonly #waiting: Waiting[] = [];
  /** In the order in which they began. */
  readonly #active: Active[] = [];
  readonly #cancelled = new Set<number>();
  /** Letters that have come. */
  #received = 0;
  #running = false;

  constructor(setup: SchedulerSetup) {
    const { model, shape, bus, emit } = setup;
    this.#setup = setup;
    this.#calls = new Calls(model, bus);
    this.#angles = new Angles(model.config.ropes);
    const pool = new PagePool(model.caches.decoder.pages);
    const sequences = Math.min(shape.sequences, shape.maxTokens);
    this.#places = new Places(pool, { sequences, recurrent: model.config.delta !== undefined });
    this.#outbox = new Outbox(emit);
  }

  /** Takes a request; `run` must follow. */
  add(id: number, request: EngineRequest): void {
    this.#received = (this.#received + 1) | 0;
    try {
      const job = this.#createJob(id, request);
      this.#waiting.push({ id, job, root: this.#angles.of(job.promptLength) });
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  /** Ends a request before its next step. */
  cancel(id: number): void {
    this.#received = (this.#received + 1) | 0;
    this.#cancelled.add(id);
  }

  /** Runs until no request is left. */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (;;) {
        await this.#readMail();
        await this.#dropCancelled();
        await this.#admit();
        if (this.#active.length === 0) break;
        await this.#step();
      }
    } finally {
      this.#running = false;
    }
  }

  #createJob(id: number, request: EngineRequest): Job {
    const { model, plan, shape } = this.#setup;
    const { config, backend } = model;
    switch (request.kind) {
      case "generate": {
        const { contextLength } = shape;
        const { spec, vocabulary } = request.constraint ?? {};
        const setting = {
          vocabSize: config.vocabSize,
          contextLength,
          pages: backend.pages,
          constraint: spec && vocabulary && this.#constraints.begin(spec, vocabulary),
        };
        return new Generation(request, setting, {
          onToken: (token) => this.#outbox.add(id, token),
          onProgress: (done, total) => this.#setup.emit({ type: "prompt-progress", id, done, total }),
        });
      }
      case "logits":
        return new LogitsJob(request, config);
      case "measure":
        return new Measurement(request, model, plan);
      case "score":
        return new Scoring(request);
      case "embed":
        return new Embedding(request, model);
    }
  }

  /** Lets in what has been sent. Without shared memory nobody can tell whether something has. */
  async #readMail(): Promise<void> {
    const { bus, pause } = this.#setup;
    if (!bus.isShared) return pause();
    while (bus.mail !== this.#received) await pause();
  }

  async #dropCancelled(): Promise<void> {
    if (this.#cancelled.size === 0) return;
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const { id, job } = this.#waiting[i];
      if (!this.#cancelled.has(id)) continue;
      this.#waiting.splice(i, 1);
      this.#answer(id, await job.finish(true));
    }
    for (const active of this.#active.filter(({ id }) => this.#cancelled.has(id))) {
      await this.#end(active, true);
    }
    this.#cancelled.clear();
  }

  /** Lets requests begin, in the order in which they came, while there is room. */
  async #admit(): Promise<void> {
    for (let i = 0; i < this.#waiting.length; ) {
      const { id, job, root } = this.#waiting[i];
      const others = this.#active.length;
      if (others > 0 && (job.alone || this.#active[0].job.alone)) return;
      if (others > 0 && this.#places.isFull) return;
      const known = this.#places.lookUp(root, job);
      if (others > 0 && !this.#places.hasRoom(job, known)) return;
      if (this.#isBeingComputed(root, job, known)) {
        i++;
        continue;
      }
      this.#waiting.splice(i, 1);
      await this.#begin({ id, job, root });
    }
  }

  async #begin({ id, job, root }: Waiting): Promise<void> {
    const { encoderTokens, watchEncoder } = job;
    const isRead = encoderTokens === undefined || this.#calls.hasRead(encoderTokens);
    // What the decoder has computed is an answer to the text that it was asked about.
    if (!isRead) this.#places.clear();
    const { place, copy } = this.#places.open(root, job);
    const active = { id, job, root, place };
    this.#active.push(active);
    if (copy) this.#calls.copyPage(copy.from, copy.to);
    job.start?.();
    const mustRead = encoderTokens && (!isRead || watchEncoder);
    if (mustRead && !this.#calls.encode(encoderTokens, watchEncoder)) await this.#end(active, true);
    else job.onPrompt?.(place.cached, place.cached);
  }

  /** Whether another request is about to fill pages that this one could read, beyond the tokens that are known. */
  #isBeingComputed(root: string, job: Job, known: number): boolean {
    if (this.#places.recurrent) return false;
    return this.#active.some((other) => {
      if (other.root !== root || other.place.sequence.tokens.length >= other.job.promptLength) return false;
      const common = commonLength(job.tokens, other.job.tokens, 0);
      const most = Math.min(common, job.reusable, other.job.promptLength);
      return Math.floor(most / PAGE) * PAGE > known;
    });
  }

  /** One forward pass over rows of many requests, and their logits. */
  async #step(): Promise<void> {
    const parts = this.#compose();
    if (parts.length === 0) throw new Error("the cache has no room for one sequence");
    const runs: Run[] = [];
    const tokens: number[] = [];
    for (const { active, rows } of parts) {
      const { job, place } = active;
      const { sequence, slot } = place;
      const position = sequence.tokens.length;
      const length = Math.max(job.promptLength, position + rows);
      const pages = Int32Array.from(sequence.pages);
      const { second } = job;
      runs.push({ sequence: { slot, pages }, first: tokens.length, rows, position, length, second });
      for (let i = position; i < position + rows; i++) tokens.push(job.tokens[i]);
    }
    const watch = parts[0].active.job.watch;
    const started = performance.now();
    const ids = Int32Array.from(tokens);
    const done = this.#calls.forward(ids, runs, watch?.(runs[0].position));
    if (!done) return this.#stopped(parts);
    await this.#takeAnswers(parts, runs);
    this.#pace.note(performance.now() - started, ids.length);
    for (const { active } of parts) {
      const { job, place } = active;
      if (job.isWhole && place.sequence.tokens.length === job.tokens.length) await this.#end(active, false);
    }
    this.#outbox.sendWhenDue();
  }

  /**
   * The rows of the next step: one of each answer, and as many of prompts as the pace allows. Where a token sees its whole text,
   * texts run whole: those for which there is room.
   */
  #compose(): Part[] {
    const { backend, config } = this.#setup.model;
    const { maxTokens } = backend;
    const pending = ({ job, place }: Active) => job.tokens.length - place.sequence.tokens.length;
    const answers = this.#active.filter((active) => config.causal && pending(active) === 1);
    const prompts = this.#active.filter((active) => pending(active) > (config.causal ? 1 : 0));
    let parts: Part[] = [];
    const add = (active: Active, rows: number): boolean => {
      if (!this.#active.includes(active)) return false; // it has made room for another
      while (!this.#places.extend(active.place, rows)) {
        const youngest = this.#active[this.#active.length - 1];
        parts = parts.filter((part) => part.active !== youngest);
        this.#putBack(youngest);
        if (youngest === active) return false;
      }
      parts.push({ active, rows });
      return true;
    };
    for (const active of answers) add(active, 1);
    let room = maxTokens - parts.length;
    if (parts.length > 0) room = Math.min(room, this.#pace.promptRows(parts.length));
    for (const active of prompts) {
      if (room < 1) break;
      const { job, place } = active;
      const position = place.sequence.tokens.length;
      if (!config.causal && pending(active) > room) continue;
      const rows = Math.min(room, pending(active), this.#angles.rowsAt(position, job.promptLength));
      if (add(active, rows)) room -= rows;
    }
    return parts;
  }

  /** Notes what has run, and gives every request the logits or states that it wants. */
  async #takeAnswers(parts: readonly Part[], runs: readonly Run[]): Promise<void> {
    const { causal } = this.#setup.model.config;
    const wanted: Wanted[] = [];
    for (const [i, { active, rows }] of parts.entries()) {
      const { job, place, root } = active;
      const { first, position, length } = runs[i];
      this.#places.append(
        place,
        job.tokens.slice(position, position + rows),
        causal && this.#angles.of(length) === root,
      );
      if (position < job.promptLength) job.onPrompt?.(position + rows, place.cached);
      for (let row = 0; row < rows; row++) {
        if (job.wants(position + row)) wanted.push({ active, position: position + row, row: first + row });
      }
    }
    for (const kind of ["logits", "states"] as const) {
      const alike = wanted.filter(({ active: { job } }) => (job.takes ?? "logits") === kind);
      for (let from = 0; from < alike.length; from += LOGIT_ROWS)
        await this.#give(kind, alike.slice(from, from + LOGIT_ROWS));
    }
  }

  /** Computes the logits or states of some rows, and hands each to its request. */
  async #give(kind: "logits" | "states", wanted: readonly Wanted[]): Promise<void> {
    const rows = Int32Array.from(wanted, ({ row }) => row);
    const watch = wanted[0].active.job.watch;
    const values = await this.#calls[kind](rows, watch?.(wanted[0].position));
    const width = values.length / wanted.length;
    for (const [i, { active, position }] of wanted.entries()) {
      if (!this.#active.includes(active)) continue;
      try {
        active.job.take(position, values.subarray(i * width, (i + 1) * width));
      } catch (error) {
        this.#leave(active);
        this.#refuse(active.id, error);
      }
    }
  }

  /** A pass that was stopped in the middle: what it would have added to the caches is not there. */
  #stopped(parts: readonly Part[]): void {
    // A recurrent state may have gone on.
    if (this.#places.recurrent) for (const { active } of parts) this.#putBack(active, false);
  }

  /** Takes a request out of the step and back to the head of those that wait; what it has computed may be found again. */
  #putBack(active: Active, isIntact = true): void {
    this.#leave(active, isIntact);
    const { id, job, root } = active;
    this.#waiting.unshift({ id, job, root });
  }

  #leave(active: Active, isIntact = true): void {
    this.#active.splice(this.#active.indexOf(active), 1);
    this.#places.close(active.place, isIntact);
  }

  async #end(active: Active, aborted: boolean): Promise<void> {
    this.#leave(active);
    try {
      this.#answer(active.id, await active.job.finish(aborted));
    } catch (error) {
      this.#refuse(active.id, error);
    }
  }

  #answer(id: number, result: Awaited<ReturnType<Job["finish"]>>): void {
    this.#outbox.send();
    this.#setup.emit({ type: "result", id, result });
  }

  #refuse(id: number, error: unknown): void {
    this.#outbox.send();
    this.#setup.emit({ type: "refused", id, error: plainError(error) });
  }
}
