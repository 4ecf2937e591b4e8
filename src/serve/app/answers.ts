// Answers under way: each runs to its end whoever reads it, and is logged in the store as it comes.
import type { ChatEvent } from "../../generate/types.ts";
import type { StoredMessage } from "../../store/messages.ts";
import {
  type AnswerEvent,
  addEvent,
  mergeEvent,
  type Outcome,
  type Part,
  type Status,
} from "../../store/parts.ts";
import type { Store } from "../../store/store.ts";
import type { ChoiceEvent } from "../answers/choices.ts";
import { type Problem, toProblemBody } from "../problem.ts";
import type { Server } from "../server.ts";
import type { Work } from "../work.ts";

/** What comes within so many milliseconds is one event, one transaction and one wake of the readers. */
const STEP_MS = 50;
/** The code of the problem with which a server that closes ends what is under way. */
const CLOSING = "server_closing";

/** An answer that is being written. */
export interface Running {
  /** How much of the prompt has been read. */
  readonly progress: { readonly done: number; readonly total: number } | undefined;
  /** Resolves with true when there is more to read, with false after so many milliseconds. */
  changed(milliseconds: number): Promise<boolean>;
}

/** The answers under way of one server. */
export class Answers {
  readonly #store: Store;
  readonly #server: Server;
  readonly #running = new Map<number, Run>();

  constructor(store: Store, server: Server) {
    this.#store = store;
    this.#server = server;
  }

  /** Writes an answer into its message, which is in the store already. The store stays open until it has ended. */
  start(message: StoredMessage, events: AsyncIterable<ChoiceEvent>, work: Work): void {
    const run = new Run(this.#store, message, work);
    this.#running.set(message.key, run);
    const problemOf = (error: unknown) => this.#server.problemOf(error);
    this.#store.during(run.write(events, problemOf).finally(() => this.#running.delete(message.key)));
  }

  find(key: number): Running | undefined {
    return this.#running.get(key);
  }

  /** Stops all answers of these conversations. */
  async stopIn(isOne: (conversation: number) => boolean): Promise<void> {
    const runs = [...this.#running.values()].filter((run) => isOne(run.conversation));
    await Promise.all(runs.map((run) => run.stop()));
  }

  /** Stops an answer, and waits until that is in the store. */
  async stop(key: number): Promise<void> {
    await this.#running.get(key)?.stop();
  }
}

class Run implements Running {
  readonly #store: Store;
  readonly #key: number;
  readonly #message: StoredMessage;
  readonly #work: Work;
  readonly #parts: Part[];
  readonly #ids: string[] = [];
  #events: number;
  #pending: AnswerEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #written = Number.NEGATIVE_INFINITY;
  #reasoningSince: number | undefined;
  #stopped = false;
  #wake: () => void = () => {};
  #change: Promise<void>;
  readonly #ended: Promise<void>;
  #end: () => void = () => {};
  progress: Running["progress"];

  constructor(store: Store, message: StoredMessage, work: Work) {
    const { key, parts, events } = message;
    this.#store = store;
    this.#message = message;
    this.#key = key;
    this.#work = work;
    this.#parts = structuredClone(parts);
    this.#events = events;
    this.#change = this.#nextChange();
    this.#ended = new Promise((resolve) => (this.#end = resolve));
  }

  get conversation(): number {
    return this.#message.conversation;
  }

  async changed(milliseconds: number): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waited = new Promise<boolean>(
      (resolve) => (timer = setTimeout(() => resolve(false), milliseconds)),
    );
    const changed = await Promise.race([this.#change.then(() => true), waited]);
    clearTimeout(timer);
    return changed;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#work.stop();
    await this.#ended;
  }

  /** Reads the answer to its end. */
  async write(events: AsyncIterable<ChoiceEvent>, problemOf: (error: unknown) => Problem): Promise<void> {
    let outcome: Outcome = {};
    let status: Status = "done";
    try {
      for await (const { event } of events) {
        if (event.type === "finish") outcome = outcomeOf(event);
        else this.#take(event);
      }
    } catch (error) {
      const problem = this.#stopped ? undefined : problemOf(error);
      status = problem ? (problem.details.code === CLOSING ? "interrupted" : "failed") : "stopped";
      if (problem && status === "failed") {
        const { message, code } = toProblemBody(problem).error;
        outcome = { problem: { code, message } };
      }
    }
    clearTimeout(this.#timer);
    this.#timeReasoning();
    const taken = await this.#work.taken;
    try {
      this.#pending.push({ type: "end", status, ...outcome });
      this.#store.transaction(() => {
        const events = this.#store.messages.addEvents(this.#key, this.#events, this.#pending);
        this.#store.usage.add(this.#message.conversation, this.#message, taken);
        this.#store.messages.write(this.#key, { parts: this.#parts, status, outcome, events });
      });
    } catch (error) {
      problemOf(error); // the disk is full, say: what came before is kept, and the answer is marked at the next start
    } finally {
      this.#wake();
      this.#end();
    }
  }

  #take(event: Exclude<ChatEvent, { type: "finish" }>): void {
    if (event.type === "prompt-progress") {
      this.progress = { done: event.done, total: event.total };
      this.#tell();
      return;
    }
    const said = this.#toEvent(event);
    if (!said) return;
    this.progress = undefined;
    if (said.type === "reasoning") this.#reasoningSince ??= performance.now();
    else this.#timeReasoning();
    addEvent(this.#parts, said);
    mergeEvent(this.#pending, said);
    const wait = this.#written + STEP_MS - performance.now();
    if (wait <= 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), wait);
  }

  #toEvent(event: Exclude<ChatEvent, { type: "finish" | "prompt-progress" }>): AnswerEvent | undefined {
    switch (event.type) {
      case "text-delta":
        return event.text === "" ? undefined : { type: "text", text: event.text };
      case "reasoning-delta":
        return event.text === "" ? undefined : { type: "reasoning", text: event.text };
      case "tool-call-start":
        this.#ids[event.index] = event.id;
        return { type: "tool-call", id: event.id, name: event.name };
      case "tool-call-delta":
        return { type: "tool-call-delta", id: this.#ids[event.index], arguments: event.arguments };
      default:
        return undefined; // a whole call, which has come in pieces
    }
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#written = performance.now();
    if (this.#pending.length === 0) return;
    try {
      const add = () => this.#store.messages.addEvents(this.#key, this.#events, this.#pending);
      this.#events = this.#store.transaction(add, { synced: false });
      this.#pending = [];
    } catch {
      return; // what could not be written now is written with what comes next, or at the end
    }
    this.#tell();
  }

  /** Writes into the reasoning how long it took. */
  #timeReasoning(): void {
    const part = this.#parts.at(-1);
    if (this.#reasoningSince === undefined || part?.type !== "reasoning") return;
    part.ms = (part.ms ?? 0) + Math.round(performance.now() - this.#reasoningSince);
    this.#reasoningSince = undefined;
  }

  #tell(): void {
    const wake = this.#wake;
    this.#change = this.#nextChange();
    wake();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

function outcomeOf({ reason, usage, timings, seed }: Extract<ChatEvent, { type: "finish" }>): Outcome {
  return { finish: reason === "aborted" ? "stop" : reason, usage, timings, seed };
}
