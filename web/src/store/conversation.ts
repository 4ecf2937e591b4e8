// A conversation as a tree of messages, as the page holds it.

/** A call that the model made of a tool. */
export interface ToolCall {
  id: string;
  name: string;
  /** JSON as the model wrote it. */
  arguments: string;
}

/** What a call of a tool gave. */
export interface ToolResult {
  id: string;
  name: string;
  text: string;
}

/** A file whose text goes with a question. */
export interface Attachment {
  name: string;
  /** Left out for plain text. */
  mediaType?: string;
  text: string;
  /** What of it was left out, in words. */
  notice?: string;
}

/** A part of a file, and where it stands there. */
export interface Passage {
  file: string;
  page?: number;
  heading?: string;
  line?: number;
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
  /** "tool": what the calls of the answer before it gave. */
  role: "user" | "assistant" | "tool";
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
  /** What the model read of files that were too long, numbered from 1, out of how many passages; `by` made vectors of them. */
  passages?: { of: number; by?: string; passages: Passage[] };
  calls?: ToolCall[];
  results?: ToolResult[];
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
  /** The id of the folder that it lies in. */
  folder?: string;
  /** Whether the server is writing an answer in it. */
  running?: boolean;
}

/** A conversation: all versions of all its messages, and the end of the line that is shown. */
export interface Conversation extends Summary {
  /** The assistant that it is held with. */
  assistant?: string;
  leaf: string | null;
  messages: Message[];
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
