// Turns the events of an answer into Ollama's, whole or line by line; Ollama's errors.
import type { Finish } from "../../generate/types.ts";
import type { Dialect } from "../dialect.ts";
import type { StreamPart } from "../event-stream.ts";
import type { Problem } from "../problem.ts";
import type { ChoiceEvent } from "./choices.ts";
import { readPartialObject } from "./partial-json.ts";

const toError = ({ message }: Problem) => ({ error: message });

export const OLLAMA: Dialect = {
  streamType: "application/x-ndjson",
  chunk: (chunk) => `${JSON.stringify(chunk)}\n`,
  progress: () => "",
  failure: (problem) => `${JSON.stringify(toError(problem))}\n`,
  end: "",
  problem: toError,
  problemName: "OllamaProblem",
  problemSchema: {
    type: "object",
    properties: { error: { type: "string" } },
    required: ["error"],
  },
};

/** A piece of an answer. */
export interface OllamaPiece {
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly object[];
}

/** What to know to write an answer down. */
export interface OllamaContext {
  /** The model's id. */
  readonly id: string;
  /** By `performance.now`. */
  readonly started: number;
  /** The piece in the fields of the route. */
  write(piece: OllamaPiece): object;
}

const NOTHING: OllamaPiece = { text: "", thinking: "", calls: [] };

/** Writes an answer as the parts of a stream: pieces, and an end with the figures. */
export async function* toOllamaParts(
  events: AsyncIterable<ChoiceEvent>,
  context: OllamaContext,
): AsyncGenerator<StreamPart> {
  for await (const each of toPieces(events)) {
    if (each.type === "progress") yield each;
    else if (each.type === "piece") yield { type: "chunk", chunk: lineOf(each.piece, context) };
    else yield { type: "chunk", chunk: { ...lineOf(NOTHING, context), ...endOf(each.finish, context) } };
  }
}

/** Joins the pieces of an answer, as clients do. */
export async function toOllamaAnswer(
  events: AsyncIterable<ChoiceEvent>,
  context: OllamaContext,
): Promise<object> {
  let [text, thinking] = ["", ""];
  const calls: object[] = [];
  let end = {};
  for await (const each of toPieces(events)) {
    if (each.type === "end") end = endOf(each.finish, context);
    if (each.type !== "piece") continue;
    text += each.piece.text;
    thinking += each.piece.thinking;
    calls.push(...each.piece.calls);
  }
  return { ...lineOf({ text, thinking, calls }, context), ...end };
}

/** The answer to a request that asks for nothing but that the model be there, which it is, or that it go. */
export const loadedLine = (context: OllamaContext, keepSeconds?: number) => ({
  ...lineOf(NOTHING, context),
  done: true,
  done_reason: keepSeconds === 0 ? "unload" : "load",
});

type Part =
  | { type: "piece"; piece: OllamaPiece }
  | { type: "end"; finish: Finish }
  | Extract<StreamPart, { type: "progress" }>;

/** Calls come whole; of one that was cut off there is what had been written. */
async function* toPieces(events: AsyncIterable<ChoiceEvent>): AsyncGenerator<Part> {
  let open: { id: string; name: string; index: number; json: string } | undefined;
  const callOf = ({ id, name, index, json }: NonNullable<typeof open>) => ({
    id,
    function: { index, name, arguments: readPartialObject(json) },
  });
  const pieceOf = (said: Partial<OllamaPiece>): Part => ({ type: "piece", piece: { ...NOTHING, ...said } });
  for await (const { event } of events) {
    switch (event.type) {
      case "prompt-progress":
        yield { type: "progress", done: event.done, total: event.total };
        break;
      case "text-delta":
        if (event.text !== "") yield pieceOf({ text: event.text });
        break;
      case "reasoning-delta":
        if (event.text !== "") yield pieceOf({ thinking: event.text });
        break;
      case "tool-call-start":
        open = { id: event.id, name: event.name, index: event.index, json: "" };
        break;
      case "tool-call-delta":
        if (open) open.json += event.arguments;
        break;
      case "tool-call":
        if (open) yield pieceOf({ calls: [callOf(open)] });
        open = undefined;
        break;
      case "finish":
        if (open) yield pieceOf({ calls: [callOf(open)] });
        yield { type: "end", finish: event };
    }
  }
}

const lineOf = (piece: OllamaPiece, { id, write }: OllamaContext) => ({
  model: id,
  created_at: new Date().toISOString(),
  ...write(piece),
  done: false,
});

const nanoseconds = (milliseconds: number) => Math.round(milliseconds * 1e6);

function endOf({ reason, usage, timings }: Finish, { started }: OllamaContext) {
  return {
    done: true,
    done_reason: reason === "length" ? "length" : "stop",
    total_duration: nanoseconds(performance.now() - started),
    load_duration: 0,
    prompt_eval_count: usage.promptTokens,
    prompt_eval_duration: nanoseconds(timings.promptMs),
    eval_count: usage.completionTokens,
    eval_duration: nanoseconds(timings.generationMs),
  };
}
