// The page's client: OpenAI's requests to a (Request) => Promise<Response>.

import type { Failure, Message, MessageState } from "../store/conversation.ts";

/** What answers: `fetch` against a server, or a worker in this tab. */
export type Handle = (request: Request) => Promise<Response>;

/** How a model stands. */
export type ModelState =
  | "ready"
  | "starting"
  | "lost"
  | "unloaded"
  | "waiting"
  | "loading"
  | "leaving"
  | "failed";

/** A model that can be talked to. */
export interface ModelInfo {
  id: string;
  /** Tokens of the longest conversation. */
  contextLength?: number;
  /** How it stands, where the server says. */
  state?: ModelState;
  /** Whether it answers at an endpoint, where what is said goes. */
  elsewhere?: boolean;
}

/** A turn of the conversation as the server reads it. */
export interface Turn {
  role: "system" | "user" | "assistant";
  content: string;
}

/** What an answer sends. `rate` is in tokens a second, `seconds` the whole time of work. */
export type AnswerEvent =
  | { type: "progress"; share: number }
  /** Whether the server that writes it is out of reach just now. */
  | { type: "reach"; away: boolean }
  | { type: "text"; text: string }
  | { type: "reasoning"; text: string }
  | { type: "call"; index: number; id?: string; name?: string; arguments: string }
  | { type: "whole"; message: Message }
  | Finish;

/** How an answer ended; `state` where a server that keeps it says so. */
export interface Finish {
  type: "finish";
  reason: string;
  state?: MessageState;
  failure?: Failure;
  tokens?: number;
  rate?: number;
  seconds?: number;
}

/** A failure that the page can put in words by its code; the message is the server's own. */
export class AnswerError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is asked: a model, the turns so far, and fields that say how the answer is made. */
export interface Question {
  model: string;
  turns: readonly Turn[];
  fields: Readonly<Record<string, unknown>>;
}

const address = (path: string) => new URL(path, document.baseURI).href;

/** Asks which models there are. */
export async function listModels(handle: Handle): Promise<ModelInfo[]> {
  const response = await reach(handle, new Request(address("v1/models")));
  const { data } = await response.json();
  return data.map(({ id, context_length }: { id: string; context_length?: number }) => ({
    id,
    contextLength: context_length,
  }));
}

/** How many tokens the prompt of a conversation has, and how many the model reads. */
export async function countTokens(
  handle: Handle,
  { model, turns }: Pick<Question, "model" | "turns">,
  signal?: AbortSignal,
): Promise<{ count: number; most: number }> {
  const response = await reach(handle, post("tokenize", { model, messages: turns }, signal));
  const { count, max_model_len: most } = await response.json();
  return { count, most };
}

/**
 * Streams the answer to a conversation. Leaving the loop, or aborting, stops the server's work.
 * @throws {AnswerError} with the server's code, `unreachable`, or `broken` for a stream without an end
 */
export async function* streamAnswer(
  handle: Handle,
  { model, turns, fields }: Question,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent> {
  const body = { model, messages: turns, stream: true, ...fields };
  const response = await reach(handle, post("v1/chat/completions", body, signal));
  for await (const line of readLines(response.body!, signal)) {
    if (line.startsWith(": prompt ")) {
      const [done, total] = line.slice(9).split("/").map(Number);
      yield { type: "progress", share: done! / total! };
    }
    if (!line.startsWith("data: ")) continue;
    if (line === "data: [DONE]") return;
    const chunk = JSON.parse(line.slice(6));
    if (chunk.error) throw new AnswerError(chunk.error.code ?? "server", chunk.error.message);
    const choice = chunk.choices[0];
    if (choice) yield* toEvents(choice.delta);
    if (choice?.finish_reason) yield toFinish(choice.finish_reason, chunk.timings);
  }
  throw new AnswerError("broken", "the stream ended early");
}

interface Delta {
  content?: string;
  reasoning_content?: string;
  tool_calls?: { index: number; id?: string; function: { name?: string; arguments: string } }[];
}

function* toEvents({
  content,
  reasoning_content: reasoning,
  tool_calls: calls,
}: Delta): Generator<AnswerEvent> {
  if (reasoning) yield { type: "reasoning", text: reasoning };
  if (content) yield { type: "text", text: content };
  for (const { index, id, function: called } of calls ?? [])
    yield { type: "call", index, id, name: called.name, arguments: called.arguments };
}

interface Timings {
  prompt_ms: number;
  generation_ms: number;
  generation_tokens: number;
}

function toFinish(reason: string, timings: Timings | undefined): AnswerEvent {
  if (!timings) return { type: "finish", reason };
  const { prompt_ms, generation_ms, generation_tokens: tokens } = timings;
  const rate = generation_ms > 0 ? (tokens * 1000) / generation_ms : undefined;
  return { type: "finish", reason, tokens, rate, seconds: (prompt_ms + generation_ms) / 1000 };
}

function post(path: string, body: object, signal?: AbortSignal): Request {
  const headers = { "content-type": "application/json" };
  return new Request(address(path), { method: "POST", headers, body: JSON.stringify(body), signal });
}

/** @throws {AnswerError} `unreachable`, or what the server says */
export async function reach(handle: Handle, request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await handle(request);
  } catch (cause) {
    if (request.signal.aborted || cause instanceof AnswerError) throw cause;
    throw new AnswerError("unreachable", String(cause));
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => undefined);
  const { code, message } = body?.error ?? {};
  throw new AnswerError(code ?? `status ${response.status}`, message ?? response.statusText);
}

/**
 * Splits a stream of bytes into lines, whatever pieces they arrive in.
 * @throws {AnswerError} `broken` when the connection breaks
 */
export async function* readLines(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause) => {
        if (signal.aborted) throw cause;
        throw new AnswerError("broken", String(cause));
      });
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  } finally {
    // After an abort the stream has failed already, and there is nothing left to cancel.
    await reader.cancel().catch(() => {});
  }
}
