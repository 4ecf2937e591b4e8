// What of its files a model reads: all where they fit, else the passages that match the question.
import { runsHere } from "../../generate/runs-here.ts";
import type { ChatMessage, ChatOptions, LanguageModel } from "../../generate/types.ts";
import { type PassagesPart, textOf } from "../../store/parts.ts";
import type { TextFile } from "../../store/passages.ts";
import { turned } from "../../turns.ts";
import type { Application } from "./application.ts";
import { fitPassages, searchedFor } from "./fit-passages.ts";
import { fuse } from "./near-passages.ts";
import { filesOf, type Said, toPrompt } from "./prompt.ts";

/** Of a model at an endpoint that does not say what it reads. */
const ASSUMED_CONTEXT = 32_768;
/** Characters that a token has at the least where nobody counts. */
const FEW = 2;

/** What is asked of a model, with the files that belong to it. */
interface Reading {
  readonly model: LanguageModel;
  readonly branch: readonly Said[];
  readonly system: string;
  /** The assistant's. */
  readonly files: readonly TextFile[];
  readonly options: ChatOptions;
  /** Whose it is. */
  readonly owner: number;
  /** Whether the question is only counted: then vectors are made for when it is asked. */
  readonly counted: boolean;
}

/**
 * The messages for a model, and the passages in them where its files are too long. What an answer to the last question was given
 * before, it is given again: a continued answer and one after calls of tools keep the numbers of their passages.
 */
export async function fitFiles(
  { store, near }: Pick<Application, "store" | "near">,
  reading: Reading,
  signal: AbortSignal,
): Promise<{ messages: ChatMessage[]; passages?: PassagesPart }> {
  const { model, branch, system, files: own, options, owner, counted } = reading;
  const toMessages = (passages?: PassagesPart) => toPrompt(branch, { system, files: own, passages });
  const last = branch.findLastIndex(({ role }) => role === "user");
  const [given] = branch
    .slice(last + 1)
    .flatMap(({ parts }) => parts.filter((part) => part.type === "passages"));
  const sizeOf = counterOf(model, options, signal);
  const files = [...own, ...filesOf(branch)];
  const { contextLength = ASSUMED_CONTEXT } = model;
  return fitPassages({
    contextLength,
    files,
    given,
    toMessages,
    sizeOf,
    sizeOfText: (content) => sizeOf([{ role: "user", content }]),
    async rank() {
      const asked = branch.filter(({ role }) => role === "user").map(({ parts }) => textOf(parts));
      const question = searchedFor(asked);
      const found = await store.passages.find(files, question, turned);
      const { passages, matching, beginnings } = found;
      const reader = { owner, answering: model };
      if (counted) void near.begin(found, reader).catch(() => {}); // the question itself will tell
      const nearest = counted ? undefined : await near.rank(found, question, reader);
      const best = nearest ? fuse([matching, nearest.ranked]) : matching;
      return { passages, ranked: [...new Set([...best, ...beginnings])], by: nearest?.model };
    },
  });
}

/** Counts the tokens of messages; of a model at an endpoint it says more than there can be. */
function counterOf(model: LanguageModel, { tools, templateVariables }: ChatOptions, signal: AbortSignal) {
  if (!runsHere(model)) {
    return async (messages: readonly ChatMessage[]) =>
      messages.reduce((sum, { content }) => sum + Math.ceil(String(content).length / FEW), 0);
  }
  return async (messages: readonly ChatMessage[]) =>
    (await model.encode(messages, { tools, templateVariables, signal })).length;
}
