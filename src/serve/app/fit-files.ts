// What of its files a model reads: all where they fit, else the passages that match the question.
import { runsHere } from "../../generate/runs-here.ts";
import type { ChatMessage, ChatOptions, LanguageModel } from "../../generate/types.ts";
import { type PassagesPart, textOf } from "../../store/parts.ts";
import type { Passage, TextFile } from "../../store/passages.ts";
import { turned } from "../../turns.ts";
import type { Application } from "./application.ts";
import { fuse } from "./near-passages.ts";
import { filesOf, placeOf, type Said, toPrompt } from "./prompt.ts";

/** Of a model at an endpoint that does not say what it reads. */
const ASSUMED_CONTEXT = 32_768;
/** Characters that a token has at the least where nobody counts, and at the most where a whole text need not be counted. */
const [FEW, MANY] = [2, 6];
/** Passages of one question. */
const MOST_PASSAGES = 24;

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
  const whole = toPrompt(branch, { system, files: own });
  const files = [...own, ...filesOf(branch)];
  if (files.length === 0) return { messages: whole };
  const sizeOf = counterOf(model, options, signal);
  const { contextLength = ASSUMED_CONTEXT } = model;
  const most = contextLength - Math.min(1024, Math.ceil(contextLength / 4)); // room for an answer
  const characters = files.reduce((sum, { text }) => sum + text.length, 0);
  if (characters < most * MANY && (await sizeOf(whole)) <= most) return { messages: whole };

  const withPassages = (part: PassagesPart) => toPrompt(branch, { system, files: own, passages: part });
  const last = branch.findLastIndex(({ role }) => role === "user");
  const given = branch
    .slice(last + 1)
    .flatMap(({ parts }) => parts.filter((part) => part.type === "passages"));
  if (given.length > 0) return { messages: withPassages(given[0]), passages: given[0] };

  const question = questionIn(branch);
  const found = await store.passages.find(files, question, turned);
  const { passages, matching, beginnings } = found;
  const reader = { owner, answering: model };
  if (counted) void near.begin(found, reader).catch(() => {}); // the question itself will tell
  const nearest = counted ? undefined : await near.rank(found, question, reader);
  const best = nearest ? fuse([matching, nearest.ranked]) : matching;
  const none: PassagesPart = { type: "passages", of: passages.length, by: nearest?.model, passages: [] };
  let room = most - (await sizeOf(withPassages(none)));
  const chosen = new Set<Passage>();
  for (const passage of [...new Set([...best, ...beginnings])].slice(0, MOST_PASSAGES)) {
    room -= await sizeOf([{ role: "user", content: `[00] ${placeOf(passage)}\n${passage.text}` }]);
    if (room < 0) break;
    chosen.add(passage);
  }
  const part = { ...none, passages: passages.filter((passage) => chosen.has(passage)) };
  return { messages: withPassages(part), passages: part };
}

/** The last two questions, the last first: a question such as "and the second?" says little by itself. */
function questionIn(branch: readonly Said[]): string {
  const asked = branch.filter(({ role }) => role === "user").slice(-2);
  return asked
    .map(({ parts }) => textOf(parts).slice(0, 1000))
    .reverse()
    .join("\n");
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
