// Several answers to one request as one stream of events, at the model's pace.
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { Channel } from "../../generate/channel.ts";
import type { ChatEvent, Finish } from "../../generate/types.ts";
import { toProblem } from "../problem.ts";
import type { Work } from "../work.ts";
import { Tally } from "./tally.ts";

/** What one of the answers says. */
export interface ChoiceEvent {
  readonly index: number;
  readonly event: ChatEvent;
}

/** Answers to one request that are at the model at once: one request does not fill the queue that others wait in. */
const MOST_AT_ONCE = 64;

/**
 * Generates answers at the model's pace, however slowly they are read: a place in the queue belongs to who uses the model.
 * What is not read yet waits here, at most a context's tokens each. One that fails ends the others. What was computed is spent
 * when all have ended, whoever reads it and however they end.
 *
 * each  how many answers there are to each prompt
 * @throws {BaimoError} `aborted` when one was
 */
export function runChoices(
  answers: readonly AsyncGenerator<ChatEvent, Finish>[],
  work: Work,
  each = answers.length,
): AsyncIterable<ChoiceEvent> {
  const { signal } = work;
  const tally = new Tally(answers.length, each);
  const events = new Channel<ChoiceEvent>();
  const run = async (answer: AsyncGenerator<ChatEvent, Finish>, index: number) => {
    try {
      if (index > 0) await work.turn();
      for await (const event of answer) {
        tally.take(index, event);
        if (signal.aborted && event.type !== "finish") continue; // its finish says what was computed
        throwIfAborted(signal, "the answer");
        if (event.type === "finish" && event.reason === "aborted") throw stopped(signal);
        events.push({ index, event });
      }
    } catch (error) {
      events.close(error);
      if (!signal.aborted) work.stop(toProblem(error));
    }
  };
  // Whoever is free takes the next.
  const next = answers.entries();
  const runSome = async () => {
    for (const [index, answer] of next) await run(answer, index);
  };
  void Promise.all(Array.from({ length: MOST_AT_ONCE }, runSome)).then(() => {
    const { counts, timings } = tally;
    if (counts.prompt + counts.completion > 0) work.spend(counts, timings);
    events.close();
    work.done();
  });
  return events;
}

function stopped({ reason }: AbortSignal): BaimoError {
  return new BaimoError("aborted", "the answer was stopped before its end", { cause: reason });
}
