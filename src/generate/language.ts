// What the engine does not know: how text becomes tokens, and a conversation text.
import type { Checkpoint } from "../formats/checkpoint.ts";
import { isRecord } from "../json.ts";
import type { ModelDescription } from "../models/open-model.ts";
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

/** Reads both from a checkpoint. */
export async function readLanguage(checkpoint: Checkpoint, description: ModelDescription): Promise<Language> {
  const tokenizer = await readTokenizer(checkpoint, description);
  return { tokenizer, chatTemplate: await readChatTemplate(tokenizer) };
}

/** The tokenizer inside a GGUF file or in the folder, or one that knows only ids. */
async function readTokenizer(checkpoint: Checkpoint, { config, name }: ModelDescription): Promise<Tokenizer> {
  const { folder, metadata } = checkpoint;
  const standard = config.encoderLayers > 0 ? PLAIN_REQUEST : undefined;
  if (checkpoint.format === "gguf" && (metadata.get("tokenizer.ggml.model") ?? "none") !== "none") {
    const key = "tokenizer.chat_template";
    const given =
      standard && !metadata.has(key) ? new Map([...metadata, [key, standard] as const]) : metadata;
    return (await import("../tokenizers/files/gguf.ts")).tokenizerFromGguf(given);
  }
  const { readTokenizerFiles } = await import("../tokenizers/files/read-folder.ts");
  const read = async (file: string) => folder?.read(file);
  const files = await readTokenizerFiles({ name: checkpoint.name, read });
  const { tokenizerFromFiles } = await import("../tokenizers/files/from-files.ts");
  const hasTemplate = isRecord(files.config) && "chat_template" in files.config;
  if (!hasTemplate) files.chatTemplate ??= standard;
  return tokenizerFromFiles(files) ?? createNoTokenizer(config.vocabSize, config.eosTokenIds, name);
}

/** The template engine is loaded for models that have a template. */
async function readChatTemplate(tokenizer: Tokenizer): Promise<ChatTemplate | undefined> {
  if (!tokenizer.chatTemplate) return undefined;
  const { createChatTemplate } = await import("../tokenizers/chat-template/chat-template.ts");
  const text = (id: number | undefined) => (id === undefined ? undefined : tokenizer.idToToken(id));
  return createChatTemplate(tokenizer.chatTemplate, {
    bosToken: text(tokenizer.bosTokenId),
    eosToken: text(tokenizer.eosTokenIds[0]),
  });
}
