// A branch of a conversation as the messages that a model reads.
import type { ChatMessage } from "../../generate/types.ts";
import type { StoredMessage } from "../../store/messages.ts";
import { type Part, type PassagesPart, textOf } from "../../store/parts.ts";
import type { TextFile } from "../../store/passages.ts";
import { nameOnly, passagesText } from "./fit-passages.ts";

/** What of a message a model reads. */
export interface Said {
  readonly role: StoredMessage["role"];
  readonly parts: readonly Part[];
}

/** The messages from the first to this one. */
export function branchTo(messages: readonly StoredMessage[], last: number | null): StoredMessage[] {
  const byKey = new Map(messages.map((message) => [message.key, message]));
  const branch: StoredMessage[] = [];
  for (let at = last; at !== null; ) {
    const message = byKey.get(at);
    if (!message) break;
    branch.push(message);
    at = message.parentKey;
  }
  return branch.reverse();
}

/** The last of what was said after a message, the newest version each time. */
export function lastAfter(messages: readonly StoredMessage[], key: number): StoredMessage | undefined {
  const newest = new Map<number | null, StoredMessage>();
  for (const message of messages) newest.set(message.parentKey, message); // in the order in which they were made
  let last = messages.find((message) => message.key === key);
  for (let next = last; next; next = newest.get(next.key)) last = next;
  return last;
}

/** What stands before and among the messages of a branch. */
export interface Surroundings {
  readonly system?: string;
  /** The assistant's files. */
  readonly files?: readonly TextFile[];
  /** Read with the last question, in place of all files. */
  readonly passages?: PassagesPart;
}

/** The messages for a chat template, with what always stands before them. */
export function toPrompt(
  branch: readonly Said[],
  { system = "", files = [], passages }: Surroundings,
): ChatMessage[] {
  const before = [system, ...(passages ? [] : files.map(fileText))]
    .filter((text) => text !== "")
    .join("\n\n");
  const messages: ChatMessage[] = before === "" ? [] : [{ role: "system", content: before }];
  const last = branch.findLastIndex(({ role }) => role === "user");
  for (const [i, { role, parts }] of branch.entries()) {
    if (role === "tool") messages.push(...toolMessages(parts));
    else if (role === "assistant") messages.push(assistantMessage(parts, branch[i + 1]));
    else if (!passages) messages.push({ role, content: userText(parts, fileText) });
    else {
      const texts = [i === last ? passagesText(passages) : "", userText(parts, nameOnly)];
      messages.push({ role, content: texts.filter((text) => text !== "").join("\n\n") });
    }
  }
  return messages;
}

/** The files of a branch. */
export const filesOf = (branch: readonly Said[]): TextFile[] =>
  branch.flatMap(({ parts }) => parts.filter((part) => part.type === "file"));

const fileText = ({ name, text }: TextFile) => `<file name=${JSON.stringify(name)}>\n${text}\n</file>`;

function userText(parts: readonly Part[], toText: (file: TextFile) => string): string {
  const texts = parts.flatMap((part) => {
    if (part.type === "file") return [toText(part)];
    return part.type === "text" ? [part.text] : [];
  });
  return texts.join("\n\n");
}

function toolMessages(parts: readonly Part[]): ChatMessage[] {
  return parts.flatMap((part) =>
    part.type === "tool-result"
      ? [{ role: "tool", content: part.text, tool_call_id: part.id, name: part.name }]
      : [],
  );
}

/** A call that nobody answered was never made, as far as a template is concerned. */
function assistantMessage(parts: readonly Part[], next: Said | undefined): ChatMessage {
  const results = next?.role === "tool" ? next.parts : [];
  const answered = new Set(results.flatMap((part) => (part.type === "tool-result" ? [part.id] : [])));
  const calls = parts.flatMap((part) =>
    part.type === "tool-call" && answered.has(part.id)
      ? [{ id: part.id, type: "function", function: { name: part.name, arguments: part.arguments } }]
      : [],
  );
  const reasoning = parts.flatMap((part) => (part.type === "reasoning" ? [part.text] : [])).join("\n");
  const message: ChatMessage = { role: "assistant", content: textOf(parts) };
  if (reasoning !== "") message.reasoning_content = reasoning;
  if (calls.length > 0) message.tool_calls = calls;
  return message;
}
