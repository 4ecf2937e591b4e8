// The loop of rank 0: requests join, run together step by step, leave.
import type { Bus } from "../../backends/bus.ts";
import type { RunShape } from "../../backends/device.ts";
import type { Transformer } from "../../models/forward/model.ts";
import { LOGIT_ROWS } from "../../models/forward/workspace.ts";
import type { WeightPlan } from "../../models/weights/tensor-plan.ts";
import { type AdapterUse, PAGE } from "../../tensor/backend.ts";
import { changeAdapter } from "../change-adapter.ts";
import { sendCommand } from "../commands.ts";
import { plainError } from "../plain-error.ts";
import type { EngineRequest, EngineResult, Errand, FromWorker } from "../protocol.ts";
import { Angles } from "./angles.ts";
import { Constraints } from "./answer-constraint.ts";
import { Calls } from "./calls.ts";
import { Drafts } from "./drafts.ts";
import { GuessRoom } from "./guess-room.ts";
import { type Field, harvest } from "./harvest.ts";
import type { Job } from "./job.ts";
import { createJob, type JobSetting } from "./jobs.ts";
import { putBack, takeOut } from "./kept-pages.ts";
import { Outbox } from "./outbox.ts";
import { Pace } from "./pace.ts";
import { commonLength, PagePool } from "./page-pool.ts";
import { type Active, type Part, pendingOf, rootOf, toRuns, type Waiting } from "./parts.ts";
import { Places } from "./places.ts";
import { enqueue, shareRows, turnOf } from "./turns.ts";

/** The share of a step's time that masks may take which nobody waits for yet. */
const PREPARING = 0.1;

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

export class Scheduler {
  readonly #setup: SchedulerSetup;
  readonly #calls: Calls;
  readonly #angles: Angles;
  readonly #pool: PagePool;
  readonly #places: Places;
  readonly #outbox: Outbox;
  readonly #pace = new Pace();
  readonly #drafts: Drafts;
  readonly #jobSetting: JobSetting;
  readonly #field: Field;
  /** In the order of their turns, as those that run. */
  readonly #waiting: Waiting[] = [];
  readonly #active: Active[] = [];
  /** Requests that run no tokens. */
  readonly #errands: { readonly id: number; readonly request: Errand }[] = [];
  readonly #cancelled = new Set<number>();
  /** Letters that have come. */
  #received = 0;
  #running = false;

  constructor(setup: SchedulerSetup) {
    const { model, plan, shape, bus, emit } = setup;
    this.#setup = setup;
    this.#calls = new Calls(model, bus);
    this.#angles = new Angles(model.config.ropes);
    const { keptStates = 0 } = shape;
    const states = Array.from({ length: keptStates }, (_, i) => shape.sequences + i);
    this.#pool = new PagePool(model.caches.decoder.pages, states);
    const sequences = Math.min(shape.sequences, shape.maxTokens);
    this.#places = new Places(this.#pool, { sequences, recurrent: model.config.delta !== undefined });
    this.#outbox = new Outbox(emit);
    this.#drafts = new Drafts(emit);
    this.#jobSetting = {
      model,
      plan,
      shape,
      emit,
      outbox: this.#outbox,
      constraints: new Constraints(),
      drafts: this.#drafts,
      // A recurrent state cannot go back, and angles that change with every token cannot be known ahead.
      canGuess: !this.#places.recurrent && !this.#angles.vary,
    };
    this.#field = {
      calls: this.#calls,
      places: this.#places,
      rootOf: (length, adapters) => this.#rootOf(length, adapters),
      isActive: (active) => this.#active.includes(active),
      fail: (active, error) => {
        this.#leave(active);
        this.#refuse(active.id, error);
      },
    };
  }

  /** Takes a request; `run` must follow. */
  add(id: number, request: EngineRequest): void {
    this.#received = (this.#received + 1) | 0;
    if (request.kind === "save" || request.kind === "restore" || request.kind === "adapter") {
      this.#errands.push({ id, request });
      return;
    }
    try {
      const job = createJob(id, request, this.#jobSetting);
      const { adapters, priority } = request;
      const root = this.#rootOf(job.promptLength, adapters);
      enqueue(this.#waiting, { id, job, adapters, root, turn: turnOf(performance.now(), priority) });
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  /** Ends a request before its next step. */
  cancel(id: number): void {
    this.#received = (this.#received + 1) | 0;
    this.#cancelled.add(id);
  }

  /** Takes what the draft has said. */
  answerDraft(ask: number, tokens: readonly number[] | undefined): void {
    this.#received = (this.#received + 1) | 0;
    this.#drafts.answer(ask, tokens);
  }

  /** Runs until no request is left. */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (;;) {
        await this.#readMail();
        await this.#dropCancelled();
        await this.#runErrands();
        await this.#admit();
        if (this.#active.length === 0) break;
        await this.#step();
      }
    } finally {
      this.#running = false;
    }
  }

  /** What runs no tokens: pages are taken out of the cache or put back, adapters come and go on all ranks. */
  async #runErrands(): Promise<void> {
    const { model, bus } = this.#setup;
    for (const { id, request } of this.#errands.splice(0)) {
      if (request.kind === "save") {
        const pages = await takeOut(this.#pool, this.#calls, request.tokens && Array.from(request.tokens));
        this.#answer(id, { kind: "save", pages });
      } else if (request.kind === "restore") {
        const tokens = putBack(this.#pool, this.#calls, request.pages);
        this.#answer(id, { kind: "restore", tokens });
      } else {
        sendCommand(bus, { kind: "adapter" });
        changeAdapter(model, bus, request);
        this.#answer(id, { kind: "adapter" });
      }
    }
  }

  /** What pages mean in a sequence of this length with these adapters. */
  #rootOf(length: number, adapters: readonly AdapterUse[] | undefined): string {
    return rootOf(this.#angles.of(length), adapters);
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

  /** Lets requests begin, in the order of their turns, while there is room. */
  async #admit(): Promise<void> {
    for (let i = 0; i < this.#waiting.length; ) {
      const waiting = this.#waiting[i];
      const { job, root } = waiting;
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
      await this.#begin(waiting);
    }
  }

  async #begin(waiting: Waiting): Promise<void> {
    const { job, root } = waiting;
    const { encoderTokens, watchEncoder } = job;
    const isRead = encoderTokens === undefined || this.#calls.hasRead(encoderTokens);
    // What the decoder has computed is an answer to the text that it was asked about.
    if (!isRead) this.#places.clear();
    const { place, copy, copyState } = this.#places.open(root, job);
    const active = { ...waiting, place };
    enqueue(this.#active, active);
    if (copy) this.#calls.copyPage(copy.from, copy.to);
    if (copyState) this.#calls.copyState(copyState.from, copyState.to);
    job.start?.();
    const mustRead = encoderTokens && (!isRead || watchEncoder);
    if (mustRead && !this.#calls.encode(encoderTokens, watchEncoder)) await this.#end(active, true);
    else job.onPrompt?.(place.cached, place.cached);
  }

  /** Whether another request is about to fill pages that this one could read, beyond the tokens that are known. */
  #isBeingComputed(root: string, job: Job, known: number): boolean {
    if (!this.#places.canShare) return false;
    return this.#active.some((other) => {
      if (other.root !== root || other.place.sequence.tokens.length >= other.job.promptLength) return false;
      const common = commonLength(job.tokens, other.job.tokens, 0);
      const most = Math.min(common, job.reusable, other.job.promptLength);
      return Math.floor(most / PAGE) * PAGE > known;
    });
  }

  /** One forward pass over rows of many requests, and their logits. */
  async #step(): Promise<void> {
    const parts = await this.#compose();
    if (parts.length === 0) throw new Error("the cache has no room for one sequence");
    const { tokens, runs } = toRuns(parts);
    const watch = parts[0].active.job.watch;
    const started = performance.now();
    const prompts = parts.reduce((sum, part) => sum + (part.isPrompt ? part.rows : 0), 0);
    const done = this.#calls.forward(tokens, runs, watch?.(runs[0].position));
    if (!done) return this.#stopped(parts);
    await harvest(this.#field, parts, runs);
    await this.#setup.model.backend.settle?.();
    const taken = performance.now() - started;
    this.#pace.note(taken, tokens.length - prompts, prompts);
    this.#jobSetting.constraints.prepare(PREPARING * taken);
    for (const { active } of parts) {
      if (pendingOf(active) > 0 || !this.#active.includes(active)) continue;
      if (active.job.isWhole) await this.#end(active, false);
      // It has dropped tokens that have run: what is left begins anew.
      else this.#putBack(active);
    }
    this.#outbox.sendWhenDue();
  }

  /**
   * The rows of the next step: one of each answer, and as many of prompts as the pace allows. Where a token sees its whole text,
   * texts run whole: those for which there is room.
   */
  async #compose(): Promise<readonly Part[]> {
    const { backend, config } = this.#setup.model;
    const { maxTokens } = backend;
    const answers = this.#active.filter((active) => config.causal && pendingOf(active) === 1);
    const prompts = this.#active.filter((active) => pendingOf(active) > (config.causal ? 1 : 0));
    let parts: Part[] = [];
    const add = (active: Active, rows: number, isPrompt: boolean): boolean => {
      if (!this.#active.includes(active)) return false; // it has made room for another
      while (!this.#places.extend(active.place, rows)) {
        const last = this.#active[this.#active.length - 1];
        parts = parts.filter((part) => part.active !== last);
        this.#putBack(last);
        if (last === active) return false;
      }
      parts.push({ active, rows, guess: [], isPrompt });
      return true;
    };
    for (const active of answers) add(active, 1, false);
    if (prompts.length === 0) return this.#addGuesses(parts);
    let room = maxTokens - parts.length;
    if (parts.length > 0) room = Math.min(room, this.#pace.promptRows(parts.length));
    if (config.causal) {
      const shares = shareRows(prompts.map(pendingOf), room);
      for (const [i, active] of prompts.entries()) {
        const { job, place } = active;
        const alike = this.#angles.rowsAt(place.sequence.tokens.length, job.promptLength);
        const rows = this.#places.rowsAt(place, Math.min(shares[i], alike));
        if (rows > 0) add(active, rows, true);
      }
      return parts;
    }
    for (const active of prompts) {
      const rows = pendingOf(active);
      if (rows <= room && add(active, rows, true)) room -= rows;
    }
    return parts;
  }

  /** Beside the known token of each answer, guesses of those after it, as far as they are worth their time. */
  async #addGuesses(parts: readonly Part[]): Promise<readonly Part[]> {
    const { maxTokens } = this.#setup.model.backend;
    const room = new GuessRoom(this.#pace, parts.length, Math.min(maxTokens, LOGIT_ROWS));
    const asked = parts.map(({ active }) => active.job.guess?.(room));
    if (asked.every((one) => one === undefined)) return parts;
    const guesses = await Promise.all(asked);
    return parts.map((part, i) => {
      const guess = guesses[i] ?? [];
      if (guess.length === 0 || !this.#places.extend(part.active.place, part.rows + guess.length))
        return part;
      return { ...part, guess };
    });
  }

  /** A pass that was stopped in the middle: what it would have added to the caches is not there. */
  #stopped(parts: readonly Part[]): void {
    // A recurrent state may have gone on.
    if (this.#places.recurrent) for (const { active } of parts) this.#putBack(active, false);
  }

  /** Takes a request out of the step and back among those that wait; what it has computed may be found again. */
  #putBack(active: Active, isIntact = true): void {
    this.#leave(active, isIntact);
    const { id, job, adapters, turn } = active;
    enqueue(this.#waiting, { id, job, adapters, turn, root: this.#rootOf(job.promptLength, adapters) });
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

  #answer(id: number, result: EngineResult): void {
    this.#outbox.close(id);
    this.#setup.emit({ type: "result", id, result });
  }

  #refuse(id: number, error: unknown): void {
    this.#outbox.close(id);
    this.#setup.emit({ type: "refused", id, error: plainError(error) });
  }
}
