// How often somebody has tried to sign in under a name, and when they may try again.
import { foldName } from "../../store/users.ts";
import { Problem } from "../problem.ts";

/** Tries before there is a wait, which doubles with each after. */
const FREE = 5;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** Names that are watched; the oldest goes first. */
const MOST_NAMES = 10_000;

export class SignInAttempts {
  readonly #failed = new Map<string, { count: number; until: number }>();

  /** @throws {Problem} 429 that says how long to wait */
  check(name: string, now = Date.now()): void {
    const { until = 0 } = this.#failed.get(foldName(name)) ?? {};
    if (until <= now) return;
    const seconds = Math.ceil((until - now) / 1000);
    throw new Problem(429, `too many wrong passwords for this name; try again in ${seconds} s`, {
      type: "rate_limit_error",
      code: "too_many_attempts",
      headers: { "retry-after": `${seconds}` },
    });
  }

  failed(name: string, now = Date.now()): void {
    const key = foldName(name);
    const count = (this.#failed.get(key)?.count ?? 0) + 1;
    const wait = count < FREE ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - FREE));
    this.#failed.delete(key);
    this.#failed.set(key, { count, until: now + wait });
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > MOST_NAMES) this.#failed.delete(oldest);
  }

  succeeded(name: string): void {
    this.#failed.delete(foldName(name));
  }
}
