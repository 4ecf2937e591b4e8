// What fits a model's context: counted before it is sent; the earliest is left out if need be.
import {
  AnswerError,
  type AnswerEvent,
  countTokens,
  type Handle,
  type Question,
  streamAnswer,
} from "./client.ts";
import { withoutEarliest } from "./turns.ts";

/** Room that an answer needs at the least. */
const LEAST_ROOM = 16;

/** So many messages of the beginning did not fit. */
export interface Left {
  type: "left";
  count: number;
}

/** How full a context is. Where even the question alone does not fit, `fits` is false. */
export interface Fullness {
  count: number;
  most: number;
  fits: boolean;
  /** Where files are searched: how many of their passages are read. */
  passages?: { read: number; of: number };
}

/** Counts the tokens of the turns, and where they are too many, those of the last one alone. */
export async function measure(
  handle: Handle,
  { model, turns }: Pick<Question, "model" | "turns">,
  signal?: AbortSignal,
): Promise<Fullness> {
  const whole = await countTokens(handle, { model, turns }, signal);
  if (whole.count + LEAST_ROOM <= whole.most) return { ...whole, fits: true };
  const least = turns.filter(({ role }, at) => role === "system" || at === turns.length - 1);
  const { count, most } = await countTokens(handle, { model, turns: least }, signal);
  return count + LEAST_ROOM <= most ? { ...whole, fits: true } : { count, most, fits: false };
}

/** Streams an answer; while the prompt is too long, the earliest exchange is left out, and `left` says how much was. */
export async function* answerWithin(
  handle: Handle,
  question: Question,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent | Left> {
  let { turns } = question;
  for (let left = 0; ; left += 2) {
    try {
      if (left > 0) yield { type: "left", count: left };
      yield* streamAnswer(handle, { ...question, turns }, signal);
      return;
    } catch (error) {
      const tooLong = error instanceof AnswerError && error.code === "context_length_exceeded";
      const shorter = tooLong ? withoutEarliest(turns) : undefined;
      if (!shorter) throw error;
      turns = shorter;
    }
  }
}
