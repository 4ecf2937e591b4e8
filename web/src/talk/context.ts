// What fits a model's context: counted before it is sent; the earliest is left out if need be.
import {
  AnswerError,
  type AnswerEvent,
  countTokens,
  type Handle,
  type Question,
  streamAnswer,
} from "./client.ts";
import { type Fitted, fitFiles, type Said } from "./fit-files.ts";
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

/** The passages that are read of long files, which come before the answer. */
export interface Read {
  type: "passages";
  passages: NonNullable<Fitted["passages"]>;
}

/** Counts the tokens of what is said, and where they are too many, those of the last turn alone. Undefined where nothing is. */
export async function measure(
  handle: Handle,
  model: string,
  said: Said,
  signal?: AbortSignal,
): Promise<Fullness | undefined> {
  const { turns, passages } = await fitFiles(handle, model, said, signal);
  if (turns.length === 0) return undefined;
  const whole = await countTokens(handle, { model, turns }, signal);
  const read = passages && { read: passages.passages.length, of: passages.of };
  if (whole.count + LEAST_ROOM <= whole.most) return { ...whole, fits: true, passages: read };
  const least = turns.filter(({ role }, at) => role === "system" || at === turns.length - 1);
  const { count, most } = await countTokens(handle, { model, turns: least }, signal);
  return count + LEAST_ROOM <= most ? { ...whole, fits: true, passages: read } : { count, most, fits: false };
}

/** What is asked: what was said, a model, and fields that say how the answer is made. */
type Asked = Pick<Question, "model" | "fields"> & { readonly said: Said };

/**
 * Streams an answer. Of files that are too long the passages are read that match the question; while the prompt is too long, the
 * earliest exchange is left out, and `left` says how much was.
 */
export async function* answerWithin(
  handle: Handle,
  { said, ...question }: Asked,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent | Left | Read> {
  const fitted = await fitFiles(handle, question.model, said, signal);
  if (fitted.passages) yield { type: "passages", passages: fitted.passages };
  let { turns } = fitted;
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
