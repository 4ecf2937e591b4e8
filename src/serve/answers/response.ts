// Turns the events of an answer into a response: semantic events, and the whole they add up to.
import { BaimoError } from "../../errors.ts";
import { tokenizerOf } from "../../generate/runs-here.ts";
import type { ChatEvent, Finish } from "../../generate/types.ts";
import { hasLeft, type StreamPart } from "../event-stream.ts";
import { type Problem, toProblemBody } from "../problem.ts";
import type { ChoiceEvent } from "./choices.ts";
import type { ListedModel } from "./head.ts";
import {
  CallWriter,
  type ItemEvent,
  type ItemStatus,
  type ItemWriter,
  MessageWriter,
  newId,
  type OutputItem,
  ReasoningWriter,
} from "./response-items.ts";
import { toTimings, toUsage } from "./usage.ts";

/** What to know of the model and the request to write a response down. */
export interface ResponseContext extends ListedModel {
  /** Fields that repeat the request. */
  readonly repeated: object;
  /** Write log-probabilities. */
  readonly logprobs: boolean;
  /** Called with the response that was written, before its end is told. */
  keep(response: WrittenResponse): void;
}

/** What a client receives at the end. */
export interface WrittenResponse {
  readonly id: string;
  readonly status: "in_progress" | "completed" | "incomplete" | "failed";
  readonly output: readonly OutputItem[];
  readonly [field: string]: unknown;
}

/** An event as it is sent. */
export interface ResponseEvent extends ItemEvent {
  readonly sequence_number: number;
}

/** Writes an answer as the events of the stream, each under its name; a failure is the last of them. */
export async function* toResponseParts(
  events: AsyncIterable<ChoiceEvent>,
  context: ResponseContext,
  { signal, problemOf }: { signal: AbortSignal; problemOf: (error: unknown) => Problem },
): AsyncGenerator<StreamPart> {
  const writer = new ResponseWriter(context);
  try {
    for await (const { event } of events) {
      for (const each of writer.take(event)) yield partOf(each);
      if (event.type === "prompt-progress") yield { type: "progress", done: event.done, total: event.total };
    }
  } catch (error) {
    // What fails before the first event has a status of its own, and who has left is told nothing.
    if (!writer.hasBegun || hasLeft(signal)) throw error;
    for (const each of writer.fail(problemOf(error))) yield partOf(each);
  }
}

const partOf = (event: ResponseEvent): StreamPart => ({ type: "chunk", event: event.type, chunk: event });

/** The whole response, which is what the events add up to. */
export async function toResponse(
  events: AsyncIterable<ChoiceEvent>,
  context: ResponseContext,
): Promise<WrittenResponse> {
  const writer = new ResponseWriter(context);
  for await (const { event } of events) writer.take(event);
  return writer.written;
}

/** Writes one response, event by event. */
class ResponseWriter {
  readonly #context: ResponseContext;
  readonly #id = newId("resp");
  readonly #created = now();
  readonly #output: OutputItem[] = [];
  #open: ItemWriter | undefined;
  #sequence = 0;
  #reasoningTokens = 0;
  #written: WrittenResponse | undefined;

  constructor(context: ResponseContext) {
    this.#context = context;
  }

  get hasBegun(): boolean {
    return this.#sequence > 0;
  }

  /** The response at its end. */
  get written(): WrittenResponse {
    if (!this.#written) throw new BaimoError("device", "an answer ended without its finish event");
    return this.#written;
  }

  /** The events that one of the model's comes to. */
  take(event: ChatEvent): ResponseEvent[] {
    const begin = this.hasBegun ? [] : this.#begin();
    return [...begin, ...this.#take(event)];
  }

  #take(event: ChatEvent): ResponseEvent[] {
    switch (event.type) {
      case "text-delta":
        return this.#add("message", event);
      case "reasoning-delta":
        this.#reasoningTokens += event.tokens.length;
        return this.#add("reasoning", event);
      case "tool-call-start":
        return this.#start(new CallWriter(event.id, event.name));
      case "tool-call-delta":
        return this.#about(this.#open?.add(event.arguments, []) ?? []);
      case "tool-call":
        return this.#end("completed");
      case "finish":
        return this.#finish(event);
      default:
        return [];
    }
  }

  /** The end of a response that could not be finished. An item that was being written stays open: only a bound ends one early. */
  fail(problem: Problem): ResponseEvent[] {
    const { error } = toProblemBody(problem);
    const { code, message } = error;
    const response = this.#response("failed", { error: { code: code ?? "server_error", message } });
    return [this.#event("error", { error }), this.#event("response.failed", { response })];
  }

  #begin(): ResponseEvent[] {
    const response = this.#response("in_progress");
    return [this.#event("response.created", { response }), this.#event("response.in_progress", { response })];
  }

  /** Adds to an item of a text, which what is written is the first of or goes on with. */
  #add(
    type: "message" | "reasoning",
    { text, tokens }: Extract<ChatEvent, { text: string }>,
  ): ResponseEvent[] {
    if (this.#open?.type === type) return this.#about(this.#open.add(text, tokens));
    if (text === "") return [];
    const started = this.#start(type === "message" ? this.#newMessage() : new ReasoningWriter());
    return [...started, ...this.#about(this.#open!.add(text, tokens))];
  }

  #newMessage(): MessageWriter {
    const { logprobs, model } = this.#context;
    return new MessageWriter(logprobs ? tokenizerOf(model) : undefined);
  }

  #start(writer: ItemWriter): ResponseEvent[] {
    const ended = this.#end("completed");
    this.#open = writer;
    const fields = { output_index: this.#output.length, item: writer.toItem("in_progress") };
    const added = this.#event("response.output_item.added", fields);
    return [...ended, added, ...this.#about(writer.begin())];
  }

  /** Ends the item that is being written, if there is one. */
  #end(status: ItemStatus): ResponseEvent[] {
    const writer = this.#open;
    if (!writer) return [];
    const events = this.#about(writer.end());
    const item = writer.toItem(status);
    const done = this.#event("response.output_item.done", { output_index: this.#output.length, item });
    this.#output.push(item);
    this.#open = undefined;
    return [...events, done];
  }

  #finish(finish: Finish): ResponseEvent[] {
    const isCut = finish.reason === "length";
    // An answer that says nothing is a message without text.
    const isEmpty = !this.#open && this.#output.length === 0;
    const started = isEmpty ? this.#start(this.#newMessage()) : [];
    const ended = this.#end(isCut ? "incomplete" : "completed");
    const usage = usageOf(finish, this.#reasoningTokens);
    const more = { usage, timings: toTimings([finish]), seed: finish.seed };
    const response = isCut
      ? this.#response("incomplete", { incomplete_details: { reason: "max_output_tokens" }, ...more })
      : this.#response("completed", { completed_at: now(), ...more });
    this.#written = response;
    this.#context.keep(response);
    return [...started, ...ended, this.#event(`response.${response.status}`, { response })];
  }

  /** Events about the item that is being written. */
  #about(events: readonly ItemEvent[]): ResponseEvent[] {
    const place = { item_id: this.#open?.id, output_index: this.#output.length };
    return events.map(({ type, ...rest }) => this.#event(type, { ...place, ...rest }));
  }

  #event(type: string, fields: object): ResponseEvent {
    return { type, sequence_number: this.#sequence++, ...fields };
  }

  #response(status: WrittenResponse["status"], more: object = {}): WrittenResponse {
    const { id: model, repeated } = this.#context;
    return {
      id: this.#id,
      object: "response",
      created_at: this.#created,
      completed_at: null,
      status,
      error: null,
      incomplete_details: null,
      model,
      output: [...this.#output],
      ...repeated,
      usage: null,
      ...more,
    };
  }
}

function usageOf(finish: Finish, reasoningTokens: number): object {
  const usage = toUsage([[{ finish, reasoningTokens }]]);
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: usage.prompt_tokens_details,
    output_tokens: usage.completion_tokens,
    output_tokens_details: usage.completion_tokens_details,
    total_tokens: usage.total_tokens,
  };
}

const now = () => Math.floor(Date.now() / 1000);
