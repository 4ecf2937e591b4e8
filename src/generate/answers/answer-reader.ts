// Reads a model's answer as it comes: reasoning, content and tool calls.
import { BaimoError } from "../../errors.ts";
import { readParts } from "./call-reader.ts";
import type { CallReading } from "./call-reading.ts";
import type { AnswerFormat, Span } from "./format.ts";
import { createInput, NoCall, type Reading } from "./input.ts";
import { beginningsOf } from "./pattern.ts";
import type { Schema } from "./raw-value.ts";
import { placeSpecialTokens } from "./special-tokens.ts";
import { readText } from "./text-reader.ts";

/** A whole call; `arguments` is JSON. */
export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** What an answer says. */
export interface AnswerMessage {
  content: string;
  /** Undefined where there was none. */
  reasoningContent?: string;
  toolCalls: ToolCall[];
}

/** What is known of an answer so far. `tool-call-delta` has more of the arguments, `tool-call` the whole of a call. */
export type AnswerEvent =
  | { type: "text-delta"; text: string }
  | { type: "reasoning-delta"; text: string }
  | { type: "tool-call-start"; index: number; id: string; name: string }
  | { type: "tool-call-delta"; index: number; arguments: string }
  | ({ type: "tool-call"; index: number } & ToolCall);

/** How an answer ended. */
export interface AnswerEnd {
  events: AnswerEvent[];
  message: AnswerMessage;
  /** "stop" becomes "tool_calls" where there are any. */
  reason: "stop" | "length" | "aborted" | "tool_calls";
}

/** Options of `createAnswerReader`. */
export interface AnswerReaderOptions {
  /** Name and schema of each offered tool. Without any, no calls are read. */
  tools: ReadonlyMap<string, Schema>;
  /** The prompt ended inside reasoning; `endsInReasoning` says so. */
  inReasoning?: boolean;
  /** The special tokens of the vocabulary. A mark that is one, or has one in it, is found only where the token stands. */
  special?: readonly string[];
  /**
   * Give out arguments as they come. This is for answers whose calls are held to the format while they are written; one that
   * then fails is an error. Without it a call is given out when it is whole, and what turns out to be none is content.
   */
  streamArguments?: boolean;
  /** Makes the id of a call. Default: random. */
  createId?: (index: number) => string;
}

/** Reads one answer. */
export interface AnswerReader {
  /** What to write into the text for a special token: nothing where it stands in no mark. */
  placeOf(token: string): string;
  /** More text, and what is known by it. */
  push(text: string): AnswerEvent[];
  /** The answer is over: by itself, or cut off. A call that was cut off is no part of the message. */
  finish(reason: "stop" | "length" | "aborted"): AnswerEnd;
}

/** Makes a reader for one answer. */
export function createAnswerReader(given: AnswerFormat, options: AnswerReaderOptions): AnswerReader {
  const { tools, inReasoning = false, streamArguments = false } = options;
  const special = placeSpecialTokens(given, options.special ?? []);
  const { format } = special;
  const input = createInput(special.reveal);
  const calls = tools.size > 0 ? format.calls : undefined;
  const message: AnswerMessage = { content: "", toolCalls: [] };
  const createId = options.createId ?? (() => randomId(format.idLength));
  let events: AnswerEvent[] = [];
  /** Events of a call that is not whole. */
  let held: AnswerEvent[] = [];
  let call: ToolCall | undefined;

  const write = (text: string): void => {
    message.content += text;
    add(events, { type: "text-delta", text });
  };
  const writeReasoning = (text: string): void => {
    message.reasoningContent = (message.reasoningContent ?? "") + text;
    add(events, { type: "reasoning-delta", text });
  };
  const reading: CallReading = {
    input,
    tools,
    complete: false,
    start(name, id) {
      const index = message.toolCalls.length;
      call = { id: id ?? createId(index), name, arguments: "" };
      reading.name = name;
      add(streamArguments ? events : held, { type: "tool-call-start", index, id: call.id, name });
    },
    write(json) {
      if (!call || json === "") return;
      call.arguments += json;
      const index = message.toolCalls.length;
      add(streamArguments ? events : held, { type: "tool-call-delta", index, arguments: json });
    },
    end() {
      if (!call) return;
      for (const event of held) events.push(event);
      const index = message.toolCalls.length;
      events.push({ type: "tool-call", index, id: call.id, name: call.name, arguments: call.arguments });
      message.toolCalls.push(call);
      forget();
    },
  };
  const forget = (): void => {
    call = undefined;
    held = [];
    input.taken = "";
  };

  /** What was thought to be a call or the like is content, unless it was cut off. */
  function* attempt(body: Reading<void>): Reading<boolean> {
    try {
      yield* body;
      forget();
      return true;
    } catch (error) {
      if (!(error instanceof NoCall)) throw error;
    }
    if (input.cut) {
      for (const event of held) events.push(event);
      input.take(input.text.length);
    } else {
      if (streamArguments && call)
        throw new BaimoError(
          "format",
          `the call of ${call.name} breaks off: ${given.name} does not go on with ${JSON.stringify(input.text.slice(0, 40))}`,
        );
      write(input.taken);
    }
    forget();
    return false;
  }

  const readSpan = function* ({ close }: Span, into: (text: string) => void): Reading<void> {
    const mark = yield* readText(input, { marks: close, afterMark: true, write: into });
    input.take(mark?.length ?? 0);
    input.taken = "";
  };

  function* read(): Reading<void> {
    const { reasoning, content = [], another, callsOnly } = format;
    const dropped = [...(format.dropped ?? []), ...(another === undefined ? [] : [another])];
    const spans = reasoning ? [reasoning, ...content] : content;
    const opening = spans.flatMap(({ open }) => beginningsOf(open));
    const calling = calls ? beginningsOf(calls) : [];
    const unlessSaid = () => (message.content === "" ? calling : []);
    let afterMark = inReasoning;
    if (inReasoning && reasoning) yield* readSpan(reasoning, writeReasoning);
    for (;;) {
      const mark = yield* readText(input, {
        marks: callsOnly ? dropped : [...calling, ...dropped],
        first: callsOnly ? [...opening, ...unlessSaid()] : opening,
        afterMark,
        write,
      });
      if (mark === undefined) return;
      const span = spans.find(({ open }) => beginningsOf(open).includes(mark));
      if (span) {
        afterMark = yield* attempt(readParts(reading, span.open));
        if (afterMark) yield* readSpan(span, span === reasoning ? writeReasoning : write);
      } else if (calls && calling.includes(mark)) afterMark = yield* attempt(readParts(reading, calls));
      else {
        input.take(mark.length);
        afterMark = true;
      }
    }
  }

  const process = read();
  const advance = (text: string): AnswerEvent[] => {
    input.text += text;
    events = [];
    process.next();
    return events;
  };
  return {
    placeOf: special.placeOf,
    push: advance,
    finish(reason) {
      input.ended = true;
      input.cut = reason !== "stop";
      const last = advance("");
      const ended = reason === "stop" && message.toolCalls.length > 0 ? "tool_calls" : reason;
      return { events: last, message, reason: ended };
    },
  };
}

/** Whether a prompt ends inside reasoning, so that the answer goes on there. */
export function endsInReasoning({ reasoning }: AnswerFormat, prompt: string): boolean {
  const [open] = reasoning ? beginningsOf(reasoning.open) : [];
  return open !== undefined && prompt.trimEnd().endsWith(open);
}

/** Adds an event, to the one before where they are one text. */
function add(events: AnswerEvent[], event: AnswerEvent): void {
  const before = events.at(-1);
  if (event.type === "tool-call-delta" && before?.type === event.type && before.index === event.index)
    before.arguments += event.arguments;
  else if ((event.type === "text-delta" || event.type === "reasoning-delta") && before?.type === event.type)
    before.text += event.text;
  else events.push(event);
}

const ID_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Letters and digits that are not used twice. */
function randomId(length: number | undefined): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length ?? 24));
  const characters = Array.from(bytes, (byte) => ID_CHARACTERS[byte % ID_CHARACTERS.length]).join("");
  return length === undefined ? `call_${characters}` : characters;
}
