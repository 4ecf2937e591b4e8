// The log of an answer as server-sent events, from any place in it on, and live from there.
import type { StoredMessage } from "../../store/messages.ts";
import type { Application } from "./application.ts";
import { shownMessage } from "./shown.ts";

/** A stream that says nothing for so long says that it is alive. */
const QUIET_MS = 15_000;

const NO_OUTCOME = { finish: null, usage: null, timings: null, seed: null, problem: null };

/** Whether there is nothing after the `n`th event, and will not be. */
export const isOver = ({ answers }: Application, { key, events }: StoredMessage, n: number): boolean =>
  !answers.find(key) && n >= events;

/** The events after the `n`th, until the end. What is not kept any more is told as a whole message. */
export async function* eventsAfter(
  { answers, store }: Application,
  key: number,
  n: number,
): AsyncGenerator<string, void> {
  let last = n;
  let told: object | undefined;
  for (;;) {
    const running = answers.find(key);
    const rows = store.messages.eventsAfter(key, last);
    const isKept = rows.length > 0 ? rows[0].n === last + 1 : running !== undefined;
    if (!isKept) {
      const message = store.messages.get(key);
      const { status, finish, usage, timings, seed, problem, events } = message;
      last = events;
      yield toEvent("message", shownMessage(message), last);
      if (!running) {
        yield toEvent("end", { status, finish, usage, timings, seed, problem }, last);
        return;
      }
      continue;
    }
    for (const { n: number, event } of rows) {
      const { type, ...data } = event;
      last = number;
      yield toEvent(type, type === "end" ? { ...NO_OUTCOME, ...data } : data, number);
    }
    if (rows.at(-1)?.event.type === "end" && !store.messages.isRunning(key)) return;
    if (rows.length > 0 || !running) continue;
    if (running.progress && running.progress !== told) {
      told = running.progress;
      yield toEvent("progress", running.progress);
    } else if (!(await running.changed(QUIET_MS))) yield ": \n\n";
  }
}

const toEvent = (type: string, data: object, id?: number) =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
