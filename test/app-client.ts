// Asks the application's routes, as the page does.
import assert from "node:assert/strict";
import type { Conversation } from "../src/store/conversations.ts";
import type { Message } from "../src/store/messages.ts";
import { type AnswerEvent, addEvent, type Part } from "../src/store/parts.ts";

export interface Opened {
  conversation: Conversation;
  messages: Message[];
}
export interface Said {
  message: Message;
  answer: Message;
  context: { tokens: number; contextLength: number };
}
/** An event as a stream has it. */
export interface SentEvent {
  id: number | undefined;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: what an event holds is what its test checks
  data: any;
}

/** A client of one server, by its `fetch`. */
export function appClient(
  ask: (request: Request) => Promise<Response>,
  origin = "http://localhost",
  cookie = "",
) {
  const send = (method: string, path: string, body?: unknown, signal?: AbortSignal) => {
    const headers: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    if (cookie !== "") headers.cookie = cookie;
    const text = body === undefined ? undefined : JSON.stringify(body);
    return ask(new Request(`${origin}/app/v1${path}`, { method, headers, body: text, signal }));
  };
  /** The JSON of an answer that must be well. */
  async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await send(method, path, body);
    const text = await response.text();
    assert.equal(response.status, 200, `${method} ${path}: ${text}`);
    return JSON.parse(text) as T;
  }
  /** The code of a refusal, and its status. */
  async function refusal(method: string, path: string, body?: unknown): Promise<[number, string | null]> {
    const response = await send(method, path, body);
    const { error } = (await response.json()) as { error: { code: string | null } };
    return [response.status, error.code];
  }
  const events = (id: string, after = 0) => readEvents(send("GET", `/answers/${id}/events?after=${after}`));
  return { send, json, refusal, events };
}

export type AppClient = ReturnType<typeof appClient>;

/** Events as they come; leaving the loop leaves the stream. */
async function* readEvents(sent: Promise<Response>): AsyncGenerator<SentEvent> {
  const { status, body } = await sent;
  if (status === 204) return;
  assert.equal(status, 200);
  let text = "";
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
      const [id, type, data] = ["id", "event", "data"].map(field);
      if (type !== undefined)
        yield { id: id === undefined ? undefined : Number(id), type, data: JSON.parse(data!) };
    }
  }
}

/** What events make of parts, as the page puts them together. */
export function partsOf(events: readonly SentEvent[], before: readonly Part[] = []): Part[] {
  let parts = structuredClone([...before]);
  for (const { type, data } of events) {
    if (type === "message") parts = data.parts;
    else addEvent(parts, { type, ...data } as AnswerEvent);
  }
  return parts;
}

export async function collect(events: AsyncIterable<SentEvent>): Promise<SentEvent[]> {
  const all: SentEvent[] = [];
  for await (const event of events) if (event.type !== "progress") all.push(event);
  return all;
}
