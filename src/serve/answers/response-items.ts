// Items of a response while they are written (message, reasoning, call), and the events of each.
import type { GeneratedToken } from "../../generate/types.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { toLogprobs } from "./tokens.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** What is known of a token's log-probability, as tokens.ts writes it. */
type Logprobs = NonNullable<ReturnType<typeof toLogprobs>>["content"];

/** An item of the output. */
export type OutputItem = { readonly id: string; readonly status: ItemStatus } & (
  | { readonly type: "message"; readonly role: "assistant"; readonly content: readonly TextPart[] }
  | { readonly type: "reasoning"; readonly summary: readonly []; readonly content: readonly TextPart[] }
  | {
      readonly type: "function_call";
      readonly call_id: string;
      readonly name: string;
      readonly arguments: string;
    }
);

export interface TextPart {
  readonly type: "output_text" | "reasoning_text";
  readonly text: string;
  readonly annotations?: readonly [];
  readonly logprobs?: Logprobs;
}

/** An event about an item, which is told apart from others by the writer of the response. */
export interface ItemEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** An item that is being written. */
export interface ItemWriter {
  readonly id: string;
  readonly type: OutputItem["type"];
  /** The item as far as it is written. */
  toItem(status: ItemStatus): OutputItem;
  /** What comes after `response.output_item.added` and before `done`. */
  begin(): ItemEvent[];
  add(text: string, tokens: readonly GeneratedToken[]): ItemEvent[];
  end(): ItemEvent[];
}

/** An id that no other item has. */
export const newId = (prefix: string): string => `${prefix}_${crypto.randomUUID().replaceAll("-", "")}`;

/** A message of one text. */
export class MessageWriter implements ItemWriter {
  readonly id = newId("msg");
  readonly type = "message";
  readonly #tokenizer: Pick<Tokenizer, "tokenBytes"> | undefined;
  #text = "";
  readonly #logprobs: Logprobs = [];

  /** Log-probabilities are written where there is a tokenizer. */
  constructor(tokenizer?: Pick<Tokenizer, "tokenBytes">) {
    this.#tokenizer = tokenizer;
  }

  toItem(status: ItemStatus): OutputItem {
    const content = status === "in_progress" ? [] : [this.#part()];
    return { id: this.id, type: "message", status, role: "assistant", content };
  }

  begin(): ItemEvent[] {
    return [{ type: "response.content_part.added", content_index: 0, part: this.#part() }];
  }

  add(text: string, tokens: readonly GeneratedToken[]): ItemEvent[] {
    const logprobs = this.#tokenizer ? (toLogprobs(tokens, this.#tokenizer)?.content ?? []) : [];
    if (text === "" && logprobs.length === 0) return [];
    this.#text += text;
    this.#logprobs.push(...logprobs);
    return [{ type: "response.output_text.delta", content_index: 0, delta: text, logprobs }];
  }

  end(): ItemEvent[] {
    const part = this.#part();
    const { text, logprobs } = part;
    return [
      { type: "response.output_text.done", content_index: 0, text, logprobs },
      { type: "response.content_part.done", content_index: 0, part },
    ];
  }

  #part(): TextPart {
    return { type: "output_text", text: this.#text, annotations: [], logprobs: [...this.#logprobs] };
  }
}

/** What the model thought before it spoke. */
export class ReasoningWriter implements ItemWriter {
  readonly id = newId("rs");
  readonly type = "reasoning";
  #text = "";

  toItem(status: ItemStatus): OutputItem {
    const content = status === "in_progress" ? [] : [this.#part()];
    return { id: this.id, type: "reasoning", status, summary: [], content };
  }

  begin(): ItemEvent[] {
    return [{ type: "response.content_part.added", content_index: 0, part: this.#part() }];
  }

  add(text: string): ItemEvent[] {
    if (text === "") return [];
    this.#text += text;
    return [{ type: "response.reasoning_text.delta", content_index: 0, delta: text }];
  }

  end(): ItemEvent[] {
    return [
      { type: "response.reasoning_text.done", content_index: 0, text: this.#text },
      { type: "response.content_part.done", content_index: 0, part: this.#part() },
    ];
  }

  #part(): TextPart {
    return { type: "reasoning_text", text: this.#text };
  }
}

/** A call of a function. */
export class CallWriter implements ItemWriter {
  readonly id = newId("fc");
  readonly type = "function_call";
  readonly #callId: string;
  readonly #name: string;
  #arguments = "";

  constructor(callId: string, name: string) {
    this.#callId = callId;
    this.#name = name;
  }

  toItem(status: ItemStatus): OutputItem {
    const { id, type } = this;
    return { id, type, status, call_id: this.#callId, name: this.#name, arguments: this.#arguments };
  }

  begin(): ItemEvent[] {
    return [];
  }

  add(text: string): ItemEvent[] {
    if (text === "") return [];
    this.#arguments += text;
    return [{ type: "response.function_call_arguments.delta", delta: text }];
  }

  end(): ItemEvent[] {
    const event = "response.function_call_arguments.done";
    return [{ type: event, name: this.#name, arguments: this.#arguments }];
  }
}
