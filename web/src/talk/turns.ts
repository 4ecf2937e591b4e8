// What a model is told of a conversation: the line of messages as turns.
import { nameOnly, passagesText } from "../../../src/serve/app/fit-passages.ts";
import type { PassagesPart } from "../../../src/store/parts.ts";
import { type AssistantFile, withFiles } from "../store/assistants.ts";
import type { Attachment, Message } from "../store/conversation.ts";
import type { Turn } from "./client.ts";

/** A question with the files that go with it. */
export function withAttachments(text: string, attachments: readonly Attachment[] = []): string {
  const files = attachments.map(({ name, text }) => `${name}:\n${fence(text)}`);
  return [...files, text].filter(Boolean).join("\n\n");
}

/** A text between fences that are longer than any in it. */
function fence(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const marks = "`".repeat(longest + 1);
  return `${marks}\n${text.trimEnd()}\n${marks}`;
}

/** What stands before and among the messages of a line. */
interface Surroundings {
  readonly system?: string;
  /** An assistant's. */
  readonly files?: readonly AssistantFile[];
  /** Read with the last question, in place of all files. */
  readonly passages?: PassagesPart;
}

/**
 * The turns of a line of messages. Answers that failed without a word are left out, with the question where it was too
 * long; then the turns alternate, as many templates demand.
 */
export function toTurns(line: readonly Message[], around: Surroundings = {}): Turn[] {
  const { system = "", files = [], passages } = around;
  const turns: Turn[] = [];
  const before = withFiles({ system: system.trim(), files: passages ? [] : files });
  if (before) turns.push({ role: "system", content: before });
  const asked = line.findLastIndex(({ role }) => role === "user");
  const question = ({ text, attachments = [] }: Message, at: number) => {
    if (!passages) return withAttachments(text, attachments);
    const found = at === asked ? passagesText(passages) : "";
    return [found, ...attachments.map(nameOnly), text].filter(Boolean).join("\n\n");
  };
  for (const [at, message] of line.entries()) {
    const { role, text, failure } = message;
    if (role === "tool" || (role === "assistant" && text === "")) continue;
    const next = line[at + 1];
    const tooLong = next?.failure?.code === "context_length_exceeded" && next.text === "";
    if (role === "user" && tooLong && !failure) continue;
    const content = role === "user" ? question(message, at) : text;
    const last = turns.at(-1);
    if (last?.role === role) last.content += `\n\n${content}`;
    else turns.push({ role, content });
  }
  return turns;
}

/** The same turns without the earliest exchange; undefined where only the question is left. */
export function withoutEarliest(turns: readonly Turn[]): Turn[] | undefined {
  const first = turns[0]?.role === "system" ? 1 : 0;
  return turns.length - first > 2 ? [...turns.slice(0, first), ...turns.slice(first + 2)] : undefined;
}
