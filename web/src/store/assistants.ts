// Assistants: what a reader has a model be; where they are kept is the same as for conversations.
import type { Sampling } from "./sampling.ts";

/** A text that an assistant has read before every conversation. */
export interface AssistantFile {
  name: string;
  mediaType: string;
  text: string;
}

/** What an assistant is made of. */
export interface AssistantFields {
  name: string;
  description: string;
  /** A data: URL of an image, or "". */
  picture: string;
  /** "" for whatever there is. */
  model: string;
  /** Models in its place: the first that is there. */
  fallbacks: string[];
  system: string;
  /** Questions to begin with. */
  starters: string[];
  options: Sampling;
  tools: object[];
  files: AssistantFile[];
}

/** As lists show one. */
export interface AssistantSummary extends Omit<AssistantFields, "tools" | "files"> {
  id: string;
  files?: AssistantFile[];
}

export interface Assistant extends AssistantFields {
  id: string;
}

/** Where assistants are kept: in this browser, or on the server. */
export interface Assistants {
  /** The latest changed first. */
  list(): Promise<AssistantSummary[]>;
  open(id: string): Promise<Assistant | undefined>;
  /** Keeps one: a new one, a change of one that is there, or one that was deleted, under its id. */
  save(fields: AssistantFields, id?: string): Promise<Assistant>;
  remove(id: string): Promise<void>;
}

/** An assistant that nothing has been said of. */
export const blankAssistant = (): AssistantFields => ({
  name: "",
  description: "",
  picture: "",
  model: "",
  fallbacks: [],
  system: "",
  starters: [],
  options: {},
  tools: [],
  files: [],
});

/** What an assistant is made of, without its id. */
export function fieldsOf(assistant: AssistantFields): AssistantFields {
  const { name, description, picture, model, fallbacks, system, starters, options, tools, files } = assistant;
  return { name, description, picture, model, fallbacks, system, starters, options, tools, files };
}

/** The system prompt of an assistant with the files that stand before every conversation, as a server writes it. */
export function withFiles(given: { system: string; files?: readonly AssistantFile[] }): string {
  const { system, files = [] } = given;
  const texts = files.map(({ name, text }) => `<file name=${JSON.stringify(name)}>\n${text}\n</file>`);
  return [system, ...texts].filter((text) => text !== "").join("\n\n");
}
