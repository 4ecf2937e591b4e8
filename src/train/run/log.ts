// log.jsonl: a line a step, with W&B's names; cut back to where a checkpoint stands.
import { appendFileSync, existsSync, statSync, truncateSync } from "node:fs";

/** A line: `_step`, `train/loss` and so on. What tells of time is `_timestamp`, `_runtime` and `train/tokens_per_second`. */
export type LogLine = Readonly<Record<string, number | string | boolean | readonly string[]>>;

/** The log of a run. */
export class RunLog {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get bytes(): number {
    return existsSync(this.#path) ? statSync(this.#path).size : 0;
  }

  write(line: LogLine): void {
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }

  /** Takes away what was written after it had so many bytes. */
  cutTo(bytes: number): void {
    if (this.bytes > bytes) truncateSync(this.#path, bytes);
  }
}
