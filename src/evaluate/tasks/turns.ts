// The turns of a prompt: questions, answers, and how they are joined as text or as a conversation.
import { isSpace } from "../../tokenizers/chat-template/jinja/text.ts";

/** One turn; the delimiter follows it where turns are joined as text. */
export interface Turn {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
  readonly delimiter: string;
}

/** A message of a conversation. */
export interface ChatTurn {
  readonly role: string;
  readonly content: string;
}

/** Renders a conversation; with `continued`, the last message is gone on with. */
export type ChatRenderer = (messages: readonly ChatTurn[], continued: boolean) => string;

export const endsWithSpace = (text: string): boolean => text !== "" && isSpace(text.slice(-1));
const startsWithSpace = (text: string): boolean => text !== "" && isSpace(text[0]);

/** Two texts with a delimiter where neither has white space at the seam; an empty one adds nothing. */
export function delimited(before: string | null, after: string | null, delimiter: string): string {
  if (!before || !after) return before || after || "";
  return endsWithSpace(before) || startsWithSpace(after) ? before + after : before + delimiter + after;
}

/** Whether a seam has no white space on either side. */
const needsDelimiter = (before: string, after: string): boolean =>
  before !== "" && !endsWithSpace(before) && !startsWithSpace(after);

/** A question with the delimiters around its answer. */
export interface Question {
  readonly question: string;
  /** What the answer begins with, given to the model. */
  readonly prefix: string | null;
  readonly targetDelimiter: string;
  readonly fewshotDelimiter: string;
}

/** A question, and its answer where there is one. */
export function turnsOf(
  { question, prefix, targetDelimiter, fewshotDelimiter }: Question,
  answer: string | null,
): Turn[] {
  const delimiter = prefix
    ? needsDelimiter(question, prefix)
      ? targetDelimiter
      : ""
    : answer !== null
      ? targetDelimiter
      : "";
  const asked: Turn = { role: "user", content: question, delimiter };
  if (answer !== null) {
    return [
      asked,
      { role: "assistant", content: delimited(prefix, answer, " "), delimiter: fewshotDelimiter },
    ];
  }
  return prefix ? [asked, { role: "assistant", content: prefix, delimiter: "" }] : [asked];
}

/** The turns as one text. */
export const joinTurns = (turns: readonly Turn[]): string =>
  turns.map(({ content, delimiter }) => content + delimiter).join("");

/** The turns as a conversation, each for itself. */
export const toConversation = (turns: readonly Turn[]): ChatTurn[] =>
  turns.map(({ role, content }) => ({ role, content }));

/** The turns as one message of the user, between the system's and the beginning of the answer. */
export function toOneTurn(turns: readonly Turn[]): ChatTurn[] {
  const system = turns[0]?.role === "system" ? turns.slice(0, 1) : [];
  const others = turns.slice(system.length);
  const last = others.at(-1);
  const answer = last?.role === "assistant" ? [last] : [];
  const asked = others.slice(0, others.length - answer.length);
  const open = asked.map((turn, i) => (i === asked.length - 1 ? { ...turn, delimiter: "" } : turn));
  const user: Turn = { role: "user", content: joinTurns(open), delimiter: "" };
  return toConversation([...system, user, ...answer]);
}
