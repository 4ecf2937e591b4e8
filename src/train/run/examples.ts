// Examples of files: texts, conversations and pairs as tokens, each with where it came from.
import { nameOf, readDocuments, readRows, type TokenDocument } from "../../data/index.ts";
import { BaimoError } from "../../errors.ts";
import type { Language } from "../../generate/language.ts";
import { brief, isRecord, recordOf } from "../../json.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { type TaughtMessage, taughtChat } from "../chat-masks.ts";
import type { TaughtPair } from "../tasks/pairs.ts";

/** A conversation: for each token the one after it, where that is learned. */
export interface Example {
  readonly source: string;
  readonly tokens: Int32Array;
  readonly targets: Int32Array;
}

/** A pair, and where it came from. */
export interface PairExample extends TaughtPair {
  readonly source: string;
}

/** A prompt, and the row that it came from. */
export interface PromptExample {
  readonly source: string;
  readonly row: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly prompt: readonly number[];
}

/** What was read. */
export interface Examples<T> {
  readonly examples: readonly T[];
  /** Those that were longer than a row, and what was cut from them. */
  readonly cut: number;
}

/** The rows of files and folders that have these columns. @throws {BaimoError} `format` with the place for a row that is no object */
async function* readRecords(
  files: readonly string[],
  columns: readonly string[],
): AsyncGenerator<{ record: Record<string, unknown>; source: string; where: string }> {
  const wanted = { text: columns, id: "id" };
  for await (const { row, where } of readRows(files, wanted)) {
    const record = recordOf(row, where);
    yield { record, source: nameOf(record, wanted, where), where };
  }
}

/** Texts as tokens, each with `end` behind it. @throws {BaimoError} `format` for a row without a text */
export async function* readTexts(
  files: readonly string[],
  tokenizer: Tokenizer,
  end: number,
): AsyncGenerator<TokenDocument, void> {
  for await (const { id, text } of readDocuments(files)) {
    const tokens = tokenizer.encode(text);
    if (tokens.at(-1) !== end) tokens.push(end);
    if (tokens.length > 1) yield { id, tokens };
  }
}

/** Conversations with the masks of their answers. @throws {BaimoError} as `maskChat`, with the place */
export async function readChats(
  files: readonly string[],
  { tokenizer, chatTemplate: template }: Language,
  longest: number,
): Promise<Examples<Example>> {
  if (!template) throw noTemplate();
  const examples: Example[] = [];
  let cut = 0;
  for await (const { record, source, where } of readRecords(files, ["messages"])) {
    const messages = messagesOf(record.messages, where, "messages");
    const { tokens, targets, isCut } = at(where, () => taughtChat(template, tokenizer, messages, longest));
    if (isCut) cut++;
    if (targets.every((id) => id < 0)) continue;
    examples.push({ source, tokens, targets });
  }
  return { examples, cut };
}

/** Pairs; a prompt and its answers are texts as they are, or messages for the template. */
export async function readPairs(
  files: readonly string[],
  language: Language,
  longest: number,
): Promise<Examples<PairExample>> {
  const examples: PairExample[] = [];
  let cut = 0;
  for await (const { record, source, where } of readRecords(files, ["prompt", "chosen", "rejected"])) {
    const pair = at(where, () => readPair(record, where, language));
    const rest = longest - pair.prompt.length;
    if (rest < 1) {
      cut++;
      continue;
    }
    if (Math.max(pair.chosen.length, pair.rejected.length) > rest) cut++;
    const chosen = pair.chosen.slice(0, rest);
    const rejected = pair.rejected.slice(0, rest);
    examples.push({ source, prompt: pair.prompt, chosen, rejected });
  }
  return { examples, cut };
}

/**
 * Prompts that leave room for an answer: texts as they are, or messages for the template.
 *
 * promptOf  what a row asks
 */
export async function readPrompts(
  files: readonly string[],
  { tokenizer, chatTemplate: template }: Language,
  { longest, promptOf }: { longest: number; promptOf(row: Readonly<Record<string, unknown>>): unknown },
): Promise<Examples<PromptExample>> {
  const examples: PromptExample[] = [];
  let cut = 0;
  for await (const { record: row, source, where } of readRecords(files, ["prompt"])) {
    const asked = promptOf(row);
    if (typeof asked !== "string" && !template) throw noTemplate();
    const text =
      typeof asked === "string" || !template
        ? String(asked)
        : at(where, () =>
            template.render({ messages: messagesOf(asked, where, "prompt"), addGenerationPrompt: true }),
          );
    const prompt =
      typeof asked === "string"
        ? tokenizer.encode(text)
        : tokenizer.encode(text, { addSpecialTokens: false, parseSpecialTokens: true });
    if (prompt.length > longest) cut++;
    else examples.push({ source, row, text, prompt });
  }
  return { examples, cut };
}

function readPair(
  { prompt, chosen, rejected }: Record<string, unknown>,
  where: string,
  { tokenizer, chatTemplate: template }: Language,
): TaughtPair {
  const encode = (text: string) =>
    tokenizer.encode(text, { addSpecialTokens: false, parseSpecialTokens: true });
  if (typeof prompt === "string") {
    const answer = (value: unknown, name: string) => {
      if (typeof value !== "string") throw wrong(where, name, value, "a text, as the prompt is one");
      return [...tokenizer.encode(value, { addSpecialTokens: false }), ...tokenizer.eosTokenIds.slice(0, 1)];
    };
    return {
      prompt: tokenizer.encode(prompt),
      chosen: answer(chosen, "chosen"),
      rejected: answer(rejected, "rejected"),
    };
  }
  if (!template) throw noTemplate();
  const messages = messagesOf(prompt, where, "prompt");
  const begin = template.render({ messages, addGenerationPrompt: true });
  const answer = (value: unknown, name: string) => {
    const whole = template.render({
      messages: [...messages, ...messagesOf(value, where, name)],
      addGenerationPrompt: false,
    });
    if (!whole.startsWith(begin))
      throw new BaimoError("request", "the template changes the prompt when an answer is added");
    return encode(whole.slice(begin.length).trimEnd());
  };
  return { prompt: encode(begin), chosen: answer(chosen, "chosen"), rejected: answer(rejected, "rejected") };
}

function messagesOf(value: unknown, where: string, name: string): TaughtMessage[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(where, name, value, "a list of messages");
  return value.map((message: unknown, i) => {
    if (!isRecord(message) || typeof message.role !== "string")
      throw wrong(where, `${name}[${i}]`, message, 'a message such as {"role": "user", "content": "…"}');
    return { ...message, role: message.role, content: message.content };
  });
}

const wrong = (where: string, name: string, value: unknown, allowed: string) =>
  new BaimoError(
    "format",
    `${where}: "${name}" should be ${allowed}, found ${value === undefined ? "nothing" : brief(value)}`,
  );

const noTemplate = () =>
  new BaimoError(
    "request",
    "the model has no chat template, by which messages become text; give it chat_template.jinja",
  );

/** Says of an error where it came from. */
function at<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BaimoError) || error.message.startsWith(where)) throw error;
    throw new BaimoError(error.code, `${where}: ${error.message}`, { cause: error });
  }
}
