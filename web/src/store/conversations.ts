// Where conversations are kept, and who writes their answers: the interface of both.
import type { AnswerEvent } from "../talk/client.ts";
import type { Fullness } from "../talk/context.ts";
import type { AssistantFile } from "./assistants.ts";
import type { Conversation, Message, Summary } from "./conversation.ts";
import type { Sampling } from "./sampling.ts";

/** A conversation in which a text was found, and the words around it. */
export interface Found {
  id: string;
  title: string;
  excerpt: string;
}

/** A folder of conversations. */
export interface Folder {
  id: string;
  name: string;
}

/** Folders, and what lies in them. */
export interface Folders {
  /** By their names. */
  list(): Promise<Folder[]>;
  make(name: string): Promise<Folder>;
  rename(id: string, name: string): Promise<void>;
  /** Removes a folder; its conversations stay, in none. */
  remove(id: string): Promise<void>;
  /** Lays a conversation into a folder; undefined takes it out. */
  move(conversation: string, folder: string | undefined): Promise<void>;
}

/** How an answer is made. */
export interface Choice {
  model: string;
  sampling: Sampling;
  system: string;
  /** The assistant's, where no server knows it. */
  files?: readonly AssistantFile[];
  /** Whose instructions, files and sampling stand before these. */
  assistant?: string;
  /** Ids of servers whose tools the model may ask for. */
  tools?: string[];
}

/** Answers that are written where the conversations are kept, whether somebody reads them or not. */
export interface Answers {
  /** Keeps a message and begins its answer, or neither. The conversation is kept with its first one. */
  say(conversation: Conversation, message: Message, choice: Choice): Promise<Message>;
  /** How much of the context a question would take, with what was said before it; without one, what was said. */
  count(id: string | undefined, question: Message | undefined, choice: Choice): Promise<Fullness>;
  /** Begins an answer to a question that is kept already; its first words may be in it. */
  begin(id: string, question: string, choice: Choice): Promise<Message>;
  /** Runs the calls of an answer that are allowed; what they gave, and the answer that goes on from there. */
  call(answer: string, allowed: string[], choice: Choice): Promise<{ given: Message; answer: Message }>;
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
  folders: Folders;
  /** Saves all there is as one file; left out, the page writes it. */
  exportAddress?: string;
  /** Pinned ones first, then the latest changed: so many at most, of one folder or of all. */
  list(most: number, folder?: string): Promise<Summary[]>;
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
