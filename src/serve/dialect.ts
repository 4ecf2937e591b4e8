// How the clients of a route are answered: their shape of errors, and of the parts of a stream.
import type { JsonSchema } from "../json.ts";
import { type Problem, problemSchema, toProblemBody } from "./problem.ts";

export interface Dialect {
  /** The content type of streams. */
  readonly streamType: string;
  /** A piece of an answer in a stream, by the name of its event where it has one. */
  chunk(chunk: object, event?: string): string;
  /** How far the prompt has been read; "" where there is no way to say it. */
  progress(done: number, total: number): string;
  /** An error in a stream, after which nothing comes. */
  failure(problem: Problem): string;
  /** What ends a whole stream. */
  readonly end: string;
  /** The body of an error. */
  problem(problem: Problem): object;
  /** The same for documents, and its name there. */
  readonly problemSchema: JsonSchema;
  readonly problemName: string;
}

/** What all dialects of server-sent events share. */
export const EVENTS = {
  streamType: "text/event-stream",
  chunk: (chunk: object, event?: string) =>
    `${event === undefined ? "" : `event: ${event}\n`}data: ${JSON.stringify(chunk)}\n\n`,
  progress: (done: number, total: number) => `: prompt ${done}/${total}\n\n`,
};

export const OPEN_AI: Dialect = {
  ...EVENTS,
  failure: (problem) => EVENTS.chunk(toProblemBody(problem)),
  end: "data: [DONE]\n\n",
  problem: toProblemBody,
  problemSchema,
  problemName: "Problem",
};
