// Heartbeats: machines say that they live; the others find one that is not heard of any more.
import type { Tables } from "./tables.ts";

/** Beats in the time after which a machine is dead: a late one must not kill it. */
const BEATS = 10;

export interface HeartbeatOptions {
  /** Of this process. */
  readonly executor: string;
  /** How long one is not heard of before it is dead, in milliseconds, by the clock of the database. */
  readonly deadMs: number;
  /** Takes over what a dead one had in hand. */
  readonly takeOver: (executor: string) => Promise<void>;
  /** At every beat. */
  readonly beaten: () => Promise<void>;
}

export class Heartbeat {
  readonly #tables: Tables;
  readonly #options: HeartbeatOptions;
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(tables: Tables, options: HeartbeatOptions) {
    this.#tables = tables;
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#last = this.#last.then(() => this.#round()).catch(() => {}); // the database is away; the next one
    }, this.#options.deadMs / BEATS);
    this.#timer.unref();
  }

  /** Says that this process lives. */
  async beat(): Promise<void> {
    await this.#tables.write(
      "INSERT INTO executors VALUES (?, now()) ON CONFLICT (id) DO UPDATE SET heard = now()",
      [this.#options.executor],
    );
  }

  /** What this process has in hand is the others' at once. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#last;
    await this.#tables.write("UPDATE executors SET heard = '-infinity' WHERE id = ?", [
      this.#options.executor,
    ]);
  }

  async #round(): Promise<void> {
    const { deadMs, takeOver, beaten } = this.#options;
    await this.beat();
    const dead = await this.#tables.all<{ id: string }>(
      "SELECT id FROM executors WHERE heard < now() - ? * INTERVAL '1 millisecond'",
      deadMs,
    );
    for (const { id } of dead) {
      await takeOver(id); // before it is forgotten: who dies here leaves it to the next
      await this.#tables.write(
        "DELETE FROM executors WHERE id = ? AND heard < now() - ? * INTERVAL '1 millisecond'",
        [id, deadMs],
      );
    }
    await beaten();
  }
}
