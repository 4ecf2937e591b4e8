// What messages are made of, and how the events of an answer become parts.
import type { Passage } from "./passages.ts";

/** A part of a message. */
export type Part =
  | { type: "text"; text: string }
  /** `ms`: how long the model reasoned. */
  | { type: "reasoning"; text: string; ms?: number }
  /** A file as text; `notice` says what of it was left out. */
  | { type: "file"; name: string; mediaType: string; text: string; notice?: string }
  /**
   * Of an answer: what its model read of files that were too long, numbered from 1, out of how many passages; found by their
   * words and, where `by` names a model, by its vectors.
   */
  | { type: "passages"; of: number; by?: string; passages: readonly Passage[] }
  | { type: "tool-call"; id: string; name: string; arguments: string }
  | { type: "tool-result"; id: string; name: string; text: string };

export type PassagesPart = Extract<Part, { type: "passages" }>;

/** How an answer ended, as far as it is known. */
export interface Outcome {
  finish?: "stop" | "length" | "tool_calls";
  usage?: { promptTokens: number; completionTokens: number; cachedTokens: number };
  timings?: { promptMs: number; generationMs: number };
  seed?: number;
  problem?: { code: string | null; message: string };
}

export type Status = "done" | "running" | "stopped" | "interrupted" | "failed";

/** What an answer says, piece by piece. */
export type AnswerEvent =
  | { type: "text"; text: string }
  | { type: "reasoning"; text: string }
  | { type: "tool-call"; id: string; name: string }
  | { type: "tool-call-delta"; id: string; arguments: string }
  | ({ type: "end"; status: Status } & Outcome);

/** Adds what an event says, in place. */
export function addEvent(parts: Part[], event: AnswerEvent): void {
  const last = parts.at(-1);
  switch (event.type) {
    case "text":
    case "reasoning":
      if (last?.type === event.type) last.text += event.text;
      else parts.push({ type: event.type, text: event.text });
      break;
    case "tool-call":
      parts.push({ type: "tool-call", id: event.id, name: event.name, arguments: "" });
      break;
    case "tool-call-delta": {
      const call = parts.find((part) => part.type === "tool-call" && part.id === event.id);
      if (call?.type === "tool-call") call.arguments += event.arguments;
    }
  }
}

/** Adds an event to those before it in one step of time, where both can be one. */
export function mergeEvent(events: AnswerEvent[], event: AnswerEvent): void {
  const last = events.at(-1);
  if (last?.type === "text" && event.type === "text") last.text += event.text;
  else if (last?.type === "reasoning" && event.type === "reasoning") last.text += event.text;
  else if (last?.type === "tool-call-delta" && event.type === "tool-call-delta" && last.id === event.id)
    last.arguments += event.arguments;
  else events.push({ ...event });
}

/** What is said in words: reasoning and calls left out. */
export function textOf(parts: readonly Part[]): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
}
