// What the engine does not know: how text becomes tokens, and a conversation text.
import { BaimoError } from "../errors.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { grouped } from "../grouped.ts";
import { isRecord } from "../json.ts";
import type { ModelConfig } from "../models/config/config.ts";
import type { ChatTemplate } from "../tokenizers/chat-template/chat-template.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { createNoTokenizer } from "./no-tokenizer.ts";

/** A model's tokenizer and its chat template, where it has one. */
export interface Language {
  readonly tokenizer: Tokenizer;
  readonly chatTemplate?: ChatTemplate;
}

/** What an encoder reads of a conversation when its tokenizer brings no template: FLAN's models were tuned on plain requests. */
const PLAIN_REQUEST =
  "{% for message in messages %}{{ message.content }}{{ '' if loop.last else '\\n' }}{% endfor %}";

/** What must be known of a model to read them. */
export interface LanguageDescription {
  readonly name: string;
  readonly config: Pick<ModelConfig, "encoderLayers" | "vocabSize" | "eosTokenIds">;
  /** A chat template in place of the checkpoint's. */
  readonly chatTemplate?: string;
}

/** The ids that end an answer. */
export function endTokensOf(
  tokenizer: Pick<Tokenizer, "eosTokenIds">,
  config: Pick<ModelConfig, "eosTokenIds">,
): number[] {
  return [...new Set([...config.eosTokenIds, ...tokenizer.eosTokenIds])];
}

/** A text to go on with, or a conversation to answer. */
export type Prompt =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly addSpecialTokens?: boolean;
      readonly parseSpecialTokens?: boolean;
    }
  | {
      readonly kind: "chat";
      readonly messages: readonly unknown[];
      readonly tools?: readonly unknown[];
      readonly documents?: readonly unknown[];
      readonly variables?: Readonly<Record<string, unknown>>;
      /** The field of the last message to go on with. */
      readonly continued?: string;
      /** An encoder's plain request has no special tokens of its own, and ends with the tokenizer's. */
      readonly addSpecialTokens: boolean;
    };

/** Normalising shortens no text by more than this. */
const NORMALIZING = 4;
/** Texts shorter than this are tokenised unseen. */
const SHORT = 65_536;

/**
 * The ids of a prompt, no more than the context holds.
 * @throws {BaimoError} `request` when the template refuses, `context` for a text that does not fit, where it can be told
 *   before it is tokenised
 */
export function toIds(language: Language, prompt: Prompt, contextLength: number): readonly number[] {
  const ids = encode(language, prompt, contextLength);
  if (ids.length > contextLength) throw promptTooLong(ids.length, contextLength);
  return ids;
}

/** The failure of a prompt that leaves no room for an answer. */
export function promptTooLong(tokens: number, contextLength: number): BaimoError {
  return new BaimoError(
    "context",
    `the prompt has ${tokens} tokens, but the context holds ${contextLength} with the answer; ` +
      "shorten the prompt, or load the model with a larger contextLength (--context)",
  );
}

function encode(
  { tokenizer, chatTemplate }: Language,
  prompt: Prompt,
  contextLength: number,
): readonly number[] {
  if (prompt.kind === "text") {
    checkLength(tokenizer, prompt.text, contextLength);
    const { addSpecialTokens, parseSpecialTokens } = prompt;
    return tokenizer.encode(prompt.text, { addSpecialTokens, parseSpecialTokens });
  }
  const { messages, tools, documents, variables, continued, addSpecialTokens } = prompt;
  if (!chatTemplate) throw new BaimoError("request", "there is no chat template");
  const rendered = chatTemplate.render({
    messages,
    tools,
    documents,
    addGenerationPrompt: continued === undefined,
    continueFinalMessage: continued,
    variables,
  });
  checkLength(tokenizer, rendered, contextLength);
  // A template writes its special tokens itself.
  return tokenizer.encode(rendered, { addSpecialTokens, parseSpecialTokens: true });
}

/** Refuses what cannot fit whatever it says. Byte-level tokens stand for all bytes of a text; others may drop some. */
function checkLength(tokenizer: Tokenizer, text: string, contextLength: number): void {
  if (text.length < SHORT || tokenizer.kind !== "bpe") return;
  let longest = 1;
  for (let id = 0; id < tokenizer.vocabSize; id++)
    longest = Math.max(longest, tokenizer.tokenBytes(id).length);
  if (text.length <= NORMALIZING * longest * contextLength) return;
  throw new BaimoError(
    "context",
    `the prompt has ${grouped(text.length)} characters, but the context holds ${grouped(contextLength)} tokens of at most ` +
      `${longest} bytes; shorten the prompt, or load the model with a larger contextLength (--context)`,
  );
}

/** Reads both from a checkpoint. */
export async function readLanguage(
  checkpoint: Checkpoint,
  description: LanguageDescription,
): Promise<Language> {
  const tokenizer = await readTokenizer(checkpoint, description);
  return { tokenizer, chatTemplate: await readChatTemplate(tokenizer, description) };
}

/** The tokenizer inside a GGUF file or in the folder, or one that knows only ids. */
async function readTokenizer(
  checkpoint: Checkpoint,
  { config, name, chatTemplate }: LanguageDescription,
): Promise<Tokenizer> {
  const { folder, metadata } = checkpoint;
  const standard = config.encoderLayers > 0 ? PLAIN_REQUEST : undefined;
  if (checkpoint.format === "gguf" && (metadata.get("tokenizer.ggml.model") ?? "none") !== "none") {
    const given = withTemplate(metadata, chatTemplate, standard);
    return (await import("../tokenizers/files/gguf.ts")).tokenizerFromGguf(given);
  }
  const { readTokenizerFiles } = await import("../tokenizers/files/read-folder.ts");
  const read = async (file: string) => folder?.read(file);
  const files = await readTokenizerFiles({ name: checkpoint.name, read });
  const { tokenizerFromFiles } = await import("../tokenizers/files/from-files.ts");
  const hasTemplate = isRecord(files.config) && "chat_template" in files.config;
  if (!hasTemplate) files.chatTemplate ??= standard;
  if (chatTemplate !== undefined) {
    files.chatTemplate = chatTemplate;
    files.namedTemplates = undefined;
    if (isRecord(files.config)) files.config = { ...files.config, chat_template: undefined };
  }
  return tokenizerFromFiles(files) ?? createNoTokenizer(config.vocabSize, config.eosTokenIds, name);
}

/** GGUF's metadata with the template that counts: the one given, else the file's own, else a standard one. */
function withTemplate(
  metadata: Checkpoint["metadata"],
  given: string | undefined,
  standard: string | undefined,
): Checkpoint["metadata"] {
  const key = "tokenizer.chat_template";
  const template = given ?? (metadata.has(key) ? undefined : standard);
  if (template === undefined) return metadata;
  const others = [...metadata].filter(([name]) => given === undefined || !name.startsWith(key));
  return new Map([...others, [key, template] as const]);
}

/** The template engine is loaded for models that have a template. */
async function readChatTemplate(
  tokenizer: Tokenizer,
  { name, chatTemplate }: LanguageDescription,
): Promise<ChatTemplate | undefined> {
  if (tokenizer.chatTemplates.size === 0) return undefined;
  try {
    return (await import("../tokenizers/chat-template/template-of.ts")).chatTemplateOf(tokenizer);
  } catch (cause) {
    if (!(cause instanceof BaimoError)) throw cause;
    const where = chatTemplate === undefined ? name : "chatTemplate";
    const text = `${where}: ${cause.message}; give a mended one as the option chatTemplate (--chat-template FILE)`;
    throw new BaimoError(cause.code, text, { cause });
  }
}
