// Chunks of an upstream's stream as events; a stream that contradicts itself is refused.
import { BaimoError } from "../errors.ts";
import type { ChatEvent, FinishReason, Usage } from "../generate/types.ts";
import { isRecord } from "../json.ts";
import { show } from "../options.ts";
import { toldProblem } from "./read-stream.ts";

/** How an answer of an upstream ended. Its seed and timings are not known. */
export interface UpstreamFinish {
  readonly reason: FinishReason;
  readonly usage: Usage;
}

/** What an upstream's answer says; tokens have no ids here. */
export type UpstreamEvent =
  | Exclude<ChatEvent, { type: "finish" } | { type: "prompt-progress" }>
  | ({ type: "finish" } & UpstreamFinish);

interface Call {
  id: string;
  name: string;
  arguments: string;
}

type Fields = Record<string, unknown>;

const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool_calls",
  content_filter: "stop",
};
const MOST_CALLS = 4096;
/** No answer has more; a count beyond it is none. */
const MOST_TOKENS = 2 ** 31;

/**
 * The events of one answer, of a conversation or a text.
 * @throws {BaimoError} `upstream` for an error in the stream, one that goes on after its end, and calls that change
 */
export async function* readAnswer(chunks: AsyncIterable<Fields>): AsyncGenerator<UpstreamEvent> {
  const calls: Call[] = [];
  let reason: FinishReason | undefined;
  let usage: Usage | undefined;
  let pieces = 0;
  for await (const chunk of chunks) {
    const problem = toldProblem(chunk);
    if (problem !== undefined) throw wrong(`the answer ended with an error: ${problem}`);
    if (isRecord(chunk.usage)) usage = usageOf(chunk.usage);
    const [choice, other] = Array.isArray(chunk.choices) ? chunk.choices : [];
    if (choice === undefined) continue;
    if (!isRecord(choice)) throw wrong("a choice of a chunk is no object");
    if (other !== undefined || (choice.index ?? 0) !== 0)
      throw wrong("more than the one answer came that was asked for");
    const delta = isRecord(choice.delta) ? choice.delta : { content: choice.text };
    for (const event of deltaEvents(delta, calls)) {
      if (reason !== undefined) throw wrong("the answer goes on after its end");
      pieces++;
      yield event;
    }
    if (typeof choice.finish_reason !== "string") continue;
    if (reason !== undefined) throw wrong("the answer ends twice");
    reason = Object.hasOwn(REASONS, choice.finish_reason) ? REASONS[choice.finish_reason] : undefined;
    if (!reason) {
      const known = Object.keys(REASONS).join(", ");
      throw wrong(`finish_reason is ${show(choice.finish_reason)}, which is none of ${known}`);
    }
    yield* endLast(calls);
  }
  if (reason === undefined) throw wrong("the stream ended before the answer did");
  // Some end calls with "stop".
  const ended = reason === "stop" && calls.length > 0 ? "tool_calls" : reason;
  yield { type: "finish", reason: ended, usage: usage ?? guessedUsage(pieces) };
}

/** Of an endpoint that does not count: most send a token in each piece. */
export const guessedUsage = (pieces: number): Usage => ({
  promptTokens: 0,
  completionTokens: pieces,
  cachedTokens: 0,
});

function* deltaEvents(delta: Fields, calls: Call[]): Generator<UpstreamEvent> {
  const reasoning = delta.reasoning_content ?? delta.reasoning;
  if (given(reasoning)) yield { type: "reasoning-delta", text: stringOf(reasoning), tokens: [] };
  if (given(delta.content)) yield { type: "text-delta", text: stringOf(delta.content), tokens: [] };
  if (!given(delta.tool_calls)) return;
  if (!Array.isArray(delta.tool_calls)) throw wrong("tool_calls is no list");
  for (const piece of delta.tool_calls) yield* callEvents(piece, calls);
}

function* callEvents(piece: unknown, calls: Call[]): Generator<UpstreamEvent> {
  if (!isRecord(piece) || !isRecord(piece.function)) throw wrong("a tool call has no function");
  const { index, id } = piece;
  const { name, arguments: more } = piece.function;
  const at = index ?? (given(id) ? calls.length : calls.length - 1);
  if (typeof at !== "number" || !Number.isInteger(at) || at < 0 || at > calls.length || at >= MOST_CALLS) {
    throw wrong("a tool call's index does not follow those before");
  }
  let call = calls[at];
  if (call && at < calls.length - 1) throw wrong("a tool call goes on after the next has begun");
  if (!call) {
    yield* endLast(calls);
    call = { id: stringOf(id), name: stringOf(name), arguments: "" };
    if (call.id === "" || call.name === "") throw wrong("a tool call has no id or no name");
    if (calls.some((each) => each.id === call.id)) throw wrong("two tool calls have one id");
    calls.push(call);
    yield { type: "tool-call-start", index: at, id: call.id, name: call.name };
  } else if ((given(id) && id !== call.id) || (given(name) && name !== call.name)) {
    throw wrong("a tool call changes its id or name while it is written");
  }
  if (!given(more)) return;
  call.arguments += stringOf(more);
  yield { type: "tool-call-delta", index: at, arguments: stringOf(more) };
}

/** The call that was written last, whole: one ends where the next begins. */
function* endLast(calls: readonly Call[]): Generator<UpstreamEvent> {
  const call = calls.at(-1);
  if (!call) return;
  yield {
    type: "tool-call",
    index: calls.length - 1,
    id: call.id,
    name: call.name,
    arguments: call.arguments,
  };
}

const given = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

function stringOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw wrong("a field that must be text is none");
}

function usageOf(fields: Fields): Usage {
  const { prompt_tokens, completion_tokens } = fields;
  const { prompt_tokens_details: read, completion_tokens_details: written } = fields;
  const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
  const count = (value: unknown) => (isCount(value) && Number(value) <= MOST_TOKENS ? Number(value) : 0);
  const reasoningTokens = isRecord(written) ? count(written.reasoning_tokens) : 0;
  return {
    promptTokens: count(prompt_tokens),
    completionTokens: count(completion_tokens),
    cachedTokens: isRecord(read) ? count(read.cached_tokens) : 0,
    ...(reasoningTokens > 0 && { reasoningTokens }),
  };
}

const wrong = (text: string): BaimoError => new BaimoError("upstream", `upstream: ${text}`);
