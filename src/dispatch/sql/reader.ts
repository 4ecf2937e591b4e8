// Asks the reading process: a statement that takes too long is ended with it.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BaimoError } from "../../errors.ts";
import type { Table } from "./describe.ts";
import type { Inspected } from "./guard.ts";
import type { Question, Rows } from "./query.ts";
import type { Reply, Request } from "./reader-process.ts";

/** Beside this file, built or as it is written. */
const PROGRAM = import.meta.url.replace(/reader(\.[jt]s)$/, "reader-process$1");

/** Time for a new process to be there, in milliseconds. */
const START_MS = 60_000;

type Asked = { resolve(reply: Reply): void; reject(error: Error): void };

/** Reads databases in a process of its own. */
export class Reader {
  #child: ChildProcess | undefined;
  #ready: Promise<Reply> | undefined;
  #next = 1;
  readonly #asked = new Map<number, Asked>();
  /** The statement before: one at a time, so that each has its own time. */
  #before: Promise<unknown> = Promise.resolve();

  /** Compiles a statement and says what it would do. Errors as `inspect`. */
  inspect(path: string, question: Question, milliseconds: number): Promise<Inspected> {
    return this.#ask(path, question, false, milliseconds) as Promise<Inspected>; // as `answer` makes it
  }

  /** Runs a statement. Errors as `query`; `request` where the time is over. */
  query(path: string, question: Question, milliseconds: number): Promise<Rows> {
    return this.#ask(path, question, true, milliseconds) as Promise<Rows>; // as `answer` makes it
  }

  /** The tables of a file. */
  describe(path: string, milliseconds: number): Promise<Table[]> {
    const nothing: Question = { sql: "", parameters: [], rights: {}, maxRows: 0 };
    return this.#ask(path, nothing, false, milliseconds, true) as Promise<Table[]>; // as `answer` makes it
  }

  /** Ends the process; what is still asked fails. */
  close(): void {
    this.#end(new BaimoError("aborted", "the reading process was closed"));
  }

  #ask(
    path: string,
    question: Question,
    run: boolean,
    milliseconds: number,
    describe?: boolean,
  ): Promise<unknown> {
    const { sql, parameters, rights, maxRows } = question;
    const request = { path, run, describe, sql, parameters, rights, maxRows };
    const asked = this.#before.then(() => this.#askNow(request, milliseconds));
    this.#before = asked.catch(() => undefined);
    return asked;
  }

  async #askNow(asked: Omit<Request, "id">, milliseconds: number) {
    const child = await this.#start();
    const id = this.#next++;
    const request: Request = Object.assign({ id }, asked);
    const late = `the statement ran longer than ${milliseconds} ms and was stopped; narrow it`;
    const reply = this.#wait(id, milliseconds, late);
    child.send(request);
    const { result, error } = await reply;
    if (error) throw new BaimoError(error.code, error.message);
    return result;
  }

  async #start(): Promise<ChildProcess> {
    if (!this.#child) {
      this.#child = fork(fileURLToPath(PROGRAM), [], { serialization: "advanced", stdio: "ignore" });
      this.#child.on("message", (reply: Reply) => this.#asked.get(reply.id)?.resolve(reply));
      const child = this.#child;
      child.on("exit", () => {
        if (this.#child === child) this.#end(new BaimoError("device", "the reading process ended by itself"));
      });
      this.#ready = this.#wait(0, START_MS, `the reading process did not start within ${START_MS} ms`);
    }
    await this.#ready;
    if (!this.#child) throw new BaimoError("aborted", "the reading process was closed");
    return this.#child;
  }

  async #wait(id: number, milliseconds: number, late: string): Promise<Reply> {
    const timer = setTimeout(() => this.#end(new BaimoError("request", late)), milliseconds);
    try {
      return await new Promise<Reply>((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    } finally {
      clearTimeout(timer);
      this.#asked.delete(id);
    }
  }

  #end(reason: Error): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
    for (const { reject } of this.#asked.values()) reject(reason);
  }
}
