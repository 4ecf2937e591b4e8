// The engine of a model: one at a time, started anew where it was lost.
import { BaimoError } from "../errors.ts";
import type { Engine, RunOptions } from "./engine.ts";
import type { EngineRequest, EngineResult } from "./protocol.ts";
import type { EngineStatus } from "./types.ts";

/** No more starts than this within a minute: what is wrong then is not mended by starting. */
const MOST_STARTS = 3;
const MINUTE_MS = 60_000;

export class EngineSlot {
  status: EngineStatus = "ready";
  #engine: Promise<Engine>;
  readonly #start: () => Promise<Engine>;
  readonly #starts: number[] = [];
  #disposed = false;

  constructor(first: Engine, start: () => Promise<Engine>) {
    this.#engine = Promise.resolve(first);
    this.#start = start;
    this.#watch(first);
  }

  /**
   * Runs a request when those before it have ended; waits for an engine that is being started.
   * @throws {BaimoError} as `Engine.run`, and what starting met
   */
  async run(request: EngineRequest, options?: RunOptions): Promise<EngineResult> {
    if (this.status === "lost" && !this.#disposed) this.#replace();
    const engine = await this.#engine;
    return engine.run(request, options);
  }

  /** Ends the engine, and starts no other. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const engine = await this.#engine.catch(() => undefined);
    await engine?.dispose();
  }

  #watch(engine: Engine): void {
    void engine.lost.then(() => {
      if (!this.#disposed) this.#replace();
    });
  }

  /** Ends the engine that was lost and starts another. */
  #replace(): void {
    const now = Date.now();
    while (this.#starts.length > 0 && now - this.#starts[0] > MINUTE_MS) this.#starts.shift();
    if (this.#starts.length === MOST_STARTS) {
      this.status = "lost";
      return;
    }
    this.#starts.push(now);
    this.status = "starting";
    this.#engine = this.#restart(this.#engine);
    // Told to whoever asks next.
    this.#engine.catch(() => {});
  }

  async #restart(lost: Promise<Engine>): Promise<Engine> {
    await lost.then((engine) => engine.dispose()).catch(() => {});
    try {
      const engine = await this.#start();
      this.status = "ready";
      this.#watch(engine);
      if (this.#disposed) await engine.dispose();
      return engine;
    } catch (cause) {
      this.status = "lost";
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new BaimoError("device", `the engine was lost and could not be started again: ${why}`, { cause });
    }
  }
}
