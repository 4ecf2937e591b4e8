// Turns over all machines: locks of Postgres; a dead process's end with its connection.
import { setTimeout as wait } from "node:timers/promises";
import type { Client, Pool } from "./load-postgres.ts";
import { Turns } from "./turns.ts";

const POLL_MS = 50;

export class PostgresTurns {
  readonly #pool: Pool;
  /** Within the process; a connection may take its own lock twice. */
  readonly #turns = new Turns();
  readonly #held = new Set<string>();
  #client: Promise<Client> | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  take<T>(name: string, limit: number, run: () => Promise<T>): Promise<T> {
    return this.#turns.take(name, limit, async () => {
      const place = await this.#lock(name, limit);
      try {
        return await run();
      } finally {
        this.#held.delete(`${place} ${name}`);
        const client = await this.#connect();
        await client.query("SELECT pg_advisory_unlock(hashtext($1), $2)", [`baimo ${name}`, place]);
      }
    });
  }

  async close(): Promise<void> {
    (await this.#client)?.release(true);
  }

  /** The first place that is free. */
  async #lock(name: string, limit: number): Promise<number> {
    for (;;) {
      for (let place = 0; place < limit; place++) {
        const key = `${place} ${name}`;
        if (this.#held.has(key)) continue;
        this.#held.add(key);
        const sql = "SELECT pg_try_advisory_lock(hashtext($1), $2) AS taken";
        const { rows } = await (await this.#connect()).query(sql, [`baimo ${name}`, place]);
        if ((rows as { taken: boolean }[])[0].taken) return place;
        this.#held.delete(key);
      }
      await wait(POLL_MS);
    }
  }

  #connect(): Promise<Client> {
    this.#client ??= this.#pool.connect().then((client) => {
      client.on("error", () => {
        this.#client = undefined;
      });
      return client;
    });
    return this.#client;
  }
}
