// Examples from JSONL: texts, conversations and pairs as tokens, each with where it came from.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { BaimoError } from "../../errors.ts";
import type { Language } from "../../generate/language.ts";
import { isPlain } from "../../options.ts";
import { labelsOf, maskChat, type TaughtMessage } from "../chat-masks.ts";
import type { TaughtPair } from "../dpo-trainer.ts";

/** A text or a conversation: for each token the one after it, where that is learned. */
export interface Example {
  readonly source: string;
  readonly tokens: Int32Array;
  readonly targets: Int32Array;
}

/** A pair, and where it came from. */
export interface PairExample extends TaughtPair {
  readonly source: string;
}

/** What was read. */
export interface Examples<T> {
  readonly examples: readonly T[];
  /** Those that were longer than a row, and what was cut from them. */
  readonly cut: number;
}

/** Characters of a line; a document that is longer is no line of JSONL. */
const MOST_LINE = 1 << 26;

/** The records of JSONL files. @throws {BaimoError} `format` with the place for a line that is no object */
async function* readRecords(
  files: readonly string[],
): AsyncGenerator<{ record: Record<string, unknown>; source: string }> {
  for (const file of files) {
    const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
    let line = 0;
    try {
      for await (const text of lines) {
        line++;
        if (text.trim() === "") continue;
        const source = `${file}:${line}`;
        if (text.length > MOST_LINE)
          throw new BaimoError(
            "format",
            `${source}: a line of ${text.length} characters; at most ${MOST_LINE}`,
          );
        let record: unknown;
        try {
          record = JSON.parse(text);
        } catch (cause) {
          throw new BaimoError("format", `${source}: no JSON: ${(cause as Error).message}`, { cause });
        }
        if (!isPlain(record)) throw new BaimoError("format", `${source}: should be an object`);
        yield { record, source };
      }
    } catch (cause) {
      if (cause instanceof BaimoError) throw cause;
      throw new BaimoError("request", `${file} cannot be read: ${(cause as Error).message}`, { cause });
    }
  }
}

/**
 * Texts, each with its end token behind it; a text without one is refused.
 * @throws {BaimoError} `format` for a record without a text
 */
export async function readTexts(
  files: readonly string[],
  { tokenizer }: Language,
): Promise<Examples<Example>> {
  const examples: Example[] = [];
  const [end] = tokenizer.eosTokenIds;
  for await (const { record, source } of readRecords(files)) {
    const { text } = record;
    if (typeof text !== "string") throw wrong(source, "text", text, "a text");
    const ids = tokenizer.encode(text);
    if (end !== undefined && ids.at(-1) !== end) ids.push(end);
    if (ids.length < 2) continue;
    const tokens = Int32Array.from(ids);
    const targets = tokens.map((_, i) => tokens[i + 1] ?? -100);
    targets[targets.length - 1] = -100;
    examples.push({ source, tokens, targets });
  }
  return { examples, cut: 0 };
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
  for await (const { record, source } of readRecords(files)) {
    const messages = messagesOf(record.messages, source, "messages");
    const chat = at(source, () => maskChat(template, tokenizer, messages));
    const labels = labelsOf(chat);
    if (chat.tokens.length > longest) cut++;
    const tokens = chat.tokens.slice(0, longest);
    const targets = labels.slice(0, longest);
    if (tokens.length < chat.tokens.length) targets[targets.length - 1] = -100;
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
  for await (const { record, source } of readRecords(files)) {
    const pair = at(source, () => readPair(record, source, language));
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

function readPair(
  { prompt, chosen, rejected }: Record<string, unknown>,
  source: string,
  { tokenizer, chatTemplate: template }: Language,
): TaughtPair {
  const encode = (text: string) =>
    tokenizer.encode(text, { addSpecialTokens: false, parseSpecialTokens: true });
  if (typeof prompt === "string") {
    const answer = (value: unknown, name: string) => {
      if (typeof value !== "string") throw wrong(source, name, value, "a text, as the prompt is one");
      return [...tokenizer.encode(value, { addSpecialTokens: false }), ...tokenizer.eosTokenIds.slice(0, 1)];
    };
    return {
      prompt: tokenizer.encode(prompt),
      chosen: answer(chosen, "chosen"),
      rejected: answer(rejected, "rejected"),
    };
  }
  if (!template) throw noTemplate();
  const messages = messagesOf(prompt, source, "prompt");
  const begin = template.render({ messages, addGenerationPrompt: true });
  const answer = (value: unknown, name: string) => {
    const whole = template.render({
      messages: [...messages, ...messagesOf(value, source, name)],
      addGenerationPrompt: false,
    });
    if (!whole.startsWith(begin))
      throw new BaimoError("request", "the template changes the prompt when an answer is added");
    return encode(whole.slice(begin.length).trimEnd());
  };
  return { prompt: encode(begin), chosen: answer(chosen, "chosen"), rejected: answer(rejected, "rejected") };
}

function messagesOf(value: unknown, source: string, name: string): TaughtMessage[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(source, name, value, "a list of messages");
  return value.map((message: unknown, i) => {
    if (!isPlain(message) || typeof message.role !== "string")
      throw wrong(source, `${name}[${i}]`, message, 'a message such as {"role": "user", "content": "…"}');
    return { ...message, role: message.role, content: message.content };
  });
}

const wrong = (source: string, name: string, value: unknown, allowed: string) =>
  new BaimoError("format", `${source}: "${name}" should be ${allowed}, found ${brief(value)}`);

const brief = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60));

const noTemplate = () =>
  new BaimoError(
    "request",
    "the model has no chat template, by which messages become text; give it chat_template.jinja",
  );

/** Says of an error where it came from. */
function at<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BaimoError) || error.message.startsWith(source)) throw error;
    throw new BaimoError(error.code, `${source}: ${error.message}`, { cause: error });
  }
}
