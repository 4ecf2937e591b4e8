// Loads models when they are asked for, within a budget of memory, and unloads those that are idle.
import type { LanguageModel } from "../../generate/types.ts";
import type { OptionsOf } from "../../options.ts";
import { once } from "../once.ts";
import { closingProblem } from "../problem.ts";
import { failure, noRoom, stillLoading, tooLarge } from "./problems.ts";
import type { Preview, recipeTable } from "./recipe.ts";

/** "waiting": for memory that others hold. "leaving": it answers its last requests. */
export type PoolState = "unloaded" | "waiting" | "loading" | "ready" | "leaving" | "failed";

/** One of the models. */
export interface Place {
  readonly id: string;
  readonly recipe: OptionsOf<typeof recipeTable>;
  state: PoolState;
  /** Where it is loaded. */
  model?: LanguageModel;
  preview?: Promise<Preview>;
  /** Of the budget, while it is loaded or being loaded. */
  bytes: number;
  /** Requests that use it. */
  holders: number;
  readonly waiters: Set<Waiter>;
  /** Why it could not be loaded, the last time. */
  problem?: string;
  /** When its last request ended, by `performance.now`. */
  lastUsed: number;
  /** Seconds that it stays without a request; as the last request wished. */
  idleSeconds: number | undefined;
  idle?: ReturnType<typeof setTimeout>;
  /** When it goes unless a request comes, in milliseconds of Unix time. */
  leavesAt?: number;
}

/** A request that waits for a model. */
interface Waiter {
  resolve(model: LanguageModel): void;
  reject(reason: unknown): void;
}

/** What a pool is told. */
export interface PoolOptions {
  readonly memoryBytes: number;
  /** How long a request waits for a model. */
  readonly loadSeconds: number;
  readonly onError?: (error: unknown) => void;
}

/** What some wait for and one opens. */
class Door {
  open: () => void = () => {};
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #places: ReadonlyMap<string, Place>;
  #usedBytes = 0;
  /** Room is made for one model at a time, in the order of asking: none waits for ever. */
  #turn: Promise<void> = Promise.resolve();
  #changed = new Door();
  readonly #busy = new Set<Promise<void>>();
  #closing = false;

  constructor(places: ReadonlyMap<string, Place>, options: PoolOptions) {
    this.#places = places;
    this.#options = options;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Undefined where there is no bound. */
  get memoryBytes(): number | undefined {
    const { memoryBytes } = this.#options;
    return Number.isFinite(memoryBytes) ? memoryBytes : undefined;
  }

  /**
   * The model, held for a request until `release` is called.
   * @throws {Problem} 503 where it does not fit, or not in time; 500 where it cannot be loaded
   */
  async take(place: Place, signal?: AbortSignal): Promise<LanguageModel> {
    if (this.#closing) throw closingProblem();
    if (place.state === "ready" && place.model) {
      this.#hold(place);
      return place.model;
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        place.waiters.delete(waiter);
        clearTimeout(limit);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        resolve(model) {
          leave();
          resolve(model);
        },
        reject(reason) {
          leave();
          reject(reason);
        },
      };
      const onAbort = () => waiter.reject(signal?.reason);
      const limit = setTimeout(() => waiter.reject(stillLoading(place.id)), this.#options.loadSeconds * 1000);
      signal?.addEventListener("abort", onAbort, { once: true });
      place.waiters.add(waiter);
      if (signal?.aborted) return onAbort();
      this.#start(place);
    });
  }

  /** One more user of a model that is held already. */
  #hold(place: Place): void {
    place.holders++;
    clearTimeout(place.idle);
    place.leavesAt = undefined;
  }

  /** Holds a model once more; the function that comes back lets go of it. */
  hold(place: Place): () => void {
    this.#hold(place);
    return this.releaser(place);
  }

  /** Lets go of a model that was taken, once. */
  releaser(place: Place): () => void {
    return once(() => {
      place.holders--;
      place.lastUsed = performance.now();
      if (place.holders > 0) return;
      if (place.state === "leaving") this.#unload(place);
      else if (place.state === "ready") this.#startIdling(place);
    });
  }

  #startIdling(place: Place): void {
    const { recipe, idleSeconds } = place;
    this.#change();
    if (recipe.pinned || idleSeconds === undefined) return;
    place.leavesAt = Date.now() + idleSeconds * 1000;
    place.idle = setTimeout(() => this.dismiss(place), idleSeconds * 1000);
    (place.idle as { unref?: () => void }).unref?.();
  }

  /** What there is to know of it; a failure is forgotten. */
  preview(place: Place): Promise<Preview> {
    place.preview ??= place.recipe.preview().catch((error) => {
      place.preview = undefined;
      throw error;
    });
    return place.preview;
  }

  /** Begins to load a model, unless it is on its way or has to go first. */
  #start(place: Place): void {
    if (place.state !== "unloaded" && place.state !== "failed") return;
    place.state = "waiting";
    this.#follow(
      this.#load(place).then(
        (model) => this.#ready(place, model),
        (error: unknown) => this.#fail(place, error),
      ),
    );
  }

  #ready(place: Place, model: LanguageModel | undefined): void {
    place.model = model;
    place.state = model ? "ready" : "unloaded";
    if (model) {
      // Before anybody else can have it go.
      for (const waiter of [...place.waiters]) {
        this.#hold(place);
        waiter.resolve(model);
      }
      place.lastUsed = performance.now();
      if (place.holders === 0) this.#startIdling(place);
    } else if (place.waiters.size > 0) this.#start(place);
    this.#change();
  }

  #fail(place: Place, error: unknown): void {
    place.state = "failed";
    const problem = this.#closing ? closingProblem() : failure(place.id, error);
    place.problem = problem.message;
    if (problem.status === 500) this.#options.onError?.(error);
    for (const waiter of [...place.waiters]) waiter.reject(problem);
    this.#change();
  }

  /** Undefined where nobody waits for it any more. */
  async #load(place: Place): Promise<LanguageModel | undefined> {
    const { memory, adapters = [] } = await this.preview(place);
    const whole = memory.total + adapters.reduce((sum, { bytes }) => sum + bytes, 0);
    const budget = this.#options.memoryBytes;
    // Experts may be read from the file as they are needed.
    const partly = whole > budget && memory.experts > 0 && whole - memory.experts < budget;
    const bytes = partly ? budget : whole;
    if (bytes > budget) throw tooLarge(place.id, bytes, budget);
    if (!(await this.#makeRoom(place, bytes))) return undefined;
    try {
      return await place.recipe.open({ memoryBytes: partly ? bytes : undefined });
    } catch (error) {
      this.#giveBack(place);
      throw error;
    }
  }

  /** Waits until there is room, has others go for it, and takes it; false where nobody waits any more. */
  async #makeRoom(place: Place, bytes: number): Promise<boolean> {
    const before = this.#turn;
    const turn = new Door();
    this.#turn = turn.opened;
    await before;
    try {
      for (;;) {
        if (this.#closing) throw closingProblem();
        if (place.waiters.size === 0) return false;
        const missing = this.#usedBytes + bytes - this.#options.memoryBytes;
        if (missing <= 0) break;
        this.#dismissFor(missing);
        const all = [...this.#places.values()];
        const coming = all.some(({ state }) => state === "leaving" || state === "loading");
        if (!coming) throw noRoom(place.id, bytes, this.#options.memoryBytes);
        await this.#changed.opened;
      }
      place.state = "loading";
      place.bytes = bytes;
      this.#usedBytes += bytes;
      return true;
    } finally {
      turn.open();
    }
  }

  /** Has models go until so many bytes will be free: idle ones first, the least recently used first of all. */
  #dismissFor(bytes: number): void {
    const all = [...this.#places.values()];
    let missing = bytes;
    for (const { state, bytes } of all) if (state === "leaving") missing -= bytes;
    const candidates = all.filter(({ state, recipe }) => state === "ready" && !recipe.pinned);
    candidates.sort((a, b) => Number(a.holders > 0) - Number(b.holders > 0) || a.lastUsed - b.lastUsed);
    for (const candidate of candidates) {
      if (missing <= 0) break;
      missing -= candidate.bytes;
      this.dismiss(candidate);
    }
  }

  /** Has a model go when its requests have ended; those that come meanwhile wait until it is loaded again. */
  dismiss(place: Place): void {
    if (place.state !== "ready") return;
    place.state = "leaving";
    if (place.holders === 0) this.#unload(place);
  }

  /** Has a model go, and waits until it has. */
  async leave(place: Place): Promise<void> {
    while (place.state !== "unloaded" && place.state !== "failed") {
      this.dismiss(place);
      await this.#changed.opened;
    }
  }

  #unload(place: Place): void {
    clearTimeout(place.idle);
    place.leavesAt = undefined;
    const { model } = place;
    const gone = async () => {
      await model?.dispose().catch((error: unknown) => this.#options.onError?.(error));
      place.model = undefined;
      place.state = "unloaded";
      place.idleSeconds = place.recipe.idleSeconds;
      this.#giveBack(place);
      if (place.waiters.size > 0) this.#start(place);
    };
    this.#follow(gone());
  }

  #giveBack(place: Place): void {
    this.#usedBytes -= place.bytes;
    place.bytes = 0;
    this.#change();
  }

  /** Has whoever waits for room look again. */
  #change(): void {
    const changed = this.#changed;
    this.#changed = new Door();
    changed.open();
  }

  #follow(work: Promise<void>): void {
    this.#busy.add(work);
    void work.finally(() => this.#busy.delete(work));
  }

  /** Unloads every model and waits for it; requests that wait for one are refused. */
  async dispose(): Promise<void> {
    this.#closing = true;
    this.#change();
    for (const { waiters } of this.#places.values())
      for (const waiter of [...waiters]) waiter.reject(closingProblem());
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy);
    for (const place of this.#places.values()) {
      if (place.state !== "ready" && place.state !== "leaving") continue;
      place.state = "leaving";
      this.#unload(place);
    }
    await Promise.allSettled(this.#busy);
  }
}
