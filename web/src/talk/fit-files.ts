// What of files a model reads where the page asks it: all, or the passages that match the question.
import { type Asked, fitPassages, searchedFor } from "../../../src/serve/app/fit-passages.ts";
import type { PassageSearch } from "../../../src/store/passage-search.ts";
import type { AssistantFile } from "../store/assistants.ts";
import type { Message } from "../store/conversation.ts";
import { AnswerError, countTokens, type Handle, type Turn } from "./client.ts";
import { toTurns } from "./turns.ts";

/** A line of messages with what stands before it. */
export interface Said {
  readonly line: readonly Message[];
  readonly system: string;
  /** An assistant's. */
  readonly files?: readonly AssistantFile[];
}

/** What a model is told, and which passages of long files are in it. */
export interface Fitted {
  readonly turns: readonly Turn[];
  readonly passages?: Message["passages"];
}

let searching: Promise<PassageSearch> | undefined;
/** Where files are long, and not before. */
async function search(): Promise<PassageSearch> {
  const { PassageSearch } = await import("../../../src/store/passage-search.ts");
  const { plainIndex } = await import("../../../src/store/plain-index.ts");
  return new PassageSearch(plainIndex);
}

/** Between two pieces of work the page has its turn. */
const turned = () => new Promise<void>((resolve) => setTimeout(resolve));

/** The turns of a line; with a model that cannot count its tokens, files are whole. */
export async function fitFiles(
  handle: Handle,
  model: string,
  { line, system, files: own = [] }: Said,
  signal?: AbortSignal,
): Promise<Fitted> {
  const toMessages: Asked<Turn>["toMessages"] = (passages) => toTurns(line, { system, files: own, passages });
  const attached = line.flatMap(({ attachments = [] }) => attachments);
  if (own.length + attached.length === 0) return { turns: toMessages() };
  const files = [...own, ...attached].map(({ name, mediaType = "text/plain", text }) => ({
    name,
    mediaType,
    text,
  }));
  const count = async (turns: readonly Turn[]) => (await countTokens(handle, { model, turns }, signal)).count;
  try {
    const short: Turn[] = [{ role: "user", content: "…" }];
    const { most: contextLength } = await countTokens(handle, { model, turns: short }, signal);
    const { messages, passages } = await fitPassages<Turn>({
      contextLength,
      files,
      toMessages,
      sizeOf: count,
      sizeOfText: (content) => count([{ role: "user", content }]),
      async rank() {
        searching ??= search();
        const asked = line.filter(({ role }) => role === "user").map(({ text }) => text);
        const found = await (await searching).find(files, searchedFor(asked), turned);
        return { passages: found.passages, ranked: [...new Set([...found.matching, ...found.beginnings])] };
      },
    });
    return { turns: messages, passages: passages && { of: passages.of, passages: [...passages.passages] } };
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    return { turns: toMessages() };
  }
}
