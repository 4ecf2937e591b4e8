// A conversation as a tree of messages, and the interface of what keeps conversations.
import type { AnswerEvent } from "../talk/client.ts";
import type { Sampling } from "./sampling.ts";

/** A call that the model made of a tool. */
export interface ToolCall {
  id: string;
  name: string;
  /** JSON as the model wrote it. */
  arguments: string;
  result?: string;
}

/** A file whose text goes with a question. */
export interface Attachment {
  name: string;
  text: string;
}

/** How an answer stands. Only `done` came to its end by itself; `interrupted` lost the page or the server that wrote it. */
export type MessageState = "done" | "writing" | "stopped" | "length" | "failed" | "interrupted";

/** What went wrong: the server's code and its own words. */
export interface Failure {
  code: string;
  message: string;
}

/** One message of a conversation, with what is worth telling about how it came to be. */
export interface Message {
  id: string;
  /** The message that this one follows; null for a first one. */
  parent: string | null;
  role: "user" | "assistant";
  text: string;
  state: MessageState;
  /** Milliseconds since 1970. */
  made: number;
  attachments?: Attachment[];
  /** The model that answered. */
  model?: string;
  reasoning?: string;
  /** How long the model thought before it wrote. */
  reasoningSeconds?: number;
  calls?: ToolCall[];
  failure?: Failure;
  tokens?: number;
  /** Tokens a second. */
  rate?: number;
  seconds?: number;
  /** How many messages before it did not fit the model's context. */
  left?: number;
  /** Deleted by the reader, who may still take that back. */
  removed?: boolean;
  /** Of an answer that the server writes: how many of its events are in it. */
  events?: number;
}

/** What a list shows of a conversation. */
export interface Summary {
  id: string;
  /** What the reader called it, or its first words. */
  title: string;
  pinned: boolean;
  /** Milliseconds since 1970. */
  made: number;
  changed: number;
  /** Whether the server is writing an answer in it. */
  running?: boolean;
}

/** A conversation: all versions of all its messages, and the end of the line that is shown. */
export interface Conversation extends Summary {
  leaf: string | null;
  messages: Message[];
}

/** A conversation in which a text was found, and the words around it. */
export interface Found {
  id: string;
  title: string;
  excerpt: string;
}

/** How an answer is made. */
export interface Choice {
  model: string;
  sampling: Sampling;
  system: string;
}

/** Answers that are written where the conversations are kept, whether somebody reads them or not. */
export interface Answers {
  /** Begins an answer to a question that is kept already; its first words may be in it. */
  begin(id: string, question: string, choice: Choice): Promise<Message>;
  /** Goes on with an answer that was cut off. */
  continue(id: string, answer: string, choice: Choice): Promise<Message>;
  /** What comes of an answer after what is in it. Leaving the loop stops nothing. */
  follow(answer: Message, signal: AbortSignal): AsyncGenerator<AnswerEvent>;
  stop(answer: string): Promise<unknown>;
}

/** Where conversations are kept: in this browser, or on the server. */
export interface Conversations {
  /** Where this is left out, the page asks the model itself, and keeps what comes. */
  answers?: Answers;
  /** Reads a file's JSON, and returns how many conversations were in it; left out, the page reads it. */
  importFile?(data: unknown): Promise<number>;
  /** Pinned ones first, then the latest changed. */
  list(): Promise<Summary[]>;
  open(id: string): Promise<Conversation | undefined>;
  /** Keeps a whole conversation: a new one, or one that was exported elsewhere. */
  create(conversation: Conversation): Promise<void>;
  /** Adds a message, which may be another version of one that is there; it becomes the end of what is shown. */
  append(id: string, message: Message): Promise<void>;
  /** Keeps what a message has become: an answer that grew, or that was deleted or brought back. */
  update(id: string, message: Message): Promise<void>;
  /** Shows the line that ends with this message. */
  choose(id: string, leaf: string): Promise<void>;
  rename(id: string, title: string): Promise<void>;
  pin(id: string, pinned: boolean): Promise<void>;
  remove(id: string): Promise<void>;
  /** Takes a removal back. */
  restore(id: string): Promise<void>;
  search(text: string): Promise<Found[]>;
  /** What stands in the field of a conversation ("" for a new one) and has not been sent. */
  draft(id: string): Promise<string>;
  saveDraft(id: string, text: string): Promise<void>;
  /** Calls when another tab has changed a conversation. Returns what ends that. */
  watch(changed: (id: string) => void): () => void;
}

/** An id that no other thing has. */
export function newId(): string {
  return crypto.randomUUID?.() ?? `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

/** The first words of a text, for a title. */
export function titleOf(text: string): string {
  const line = text.trim().split("\n")[0]!;
  return [...line].length > 40 ? [...line].slice(0, 39).join("") + "…" : line;
}
