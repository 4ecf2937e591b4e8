// A tiny model that can chat, for tests: golden weights, a chat template, a longer context.
import { openByteSource, openCheckpoint, writeGguf } from "../src/formats/index.ts";
import type { LoadOptions } from "../src/generate/load.ts";
import type { Model } from "../src/generate/types.ts";
import { load } from "../src/index.ts";
import { golden } from "./places.ts";

const template =
  "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";

/** Loads the golden Llama of random weights, given a template and room for 1,024 tokens. */
export async function loadChatModel(options: LoadOptions = {}, chatTemplate = template): Promise<Model> {
  return load(await writeChatModel(chatTemplate), { threads: 1, ...options });
}

/** Its GGUF file. */
export async function writeChatModel(chatTemplate = template): Promise<Uint8Array> {
  const file = golden("gguf", "llama-q8_0.gguf");
  const checkpoint = await openCheckpoint(file);
  const source = await openByteSource(file);
  const metadata = new Map(checkpoint.metadata);
  metadata.set("tokenizer.chat_template", chatTemplate);
  metadata.set("llama.context_length", 1024);
  metadata.set("general.name", "tiny");
  const tensors = Array.from(checkpoint.tensors.values(), ({ name, dtype, shape, offset, byteLength }) => ({
    name,
    dtype,
    shape,
    async *data() {
      yield await source.read(offset, byteLength);
    },
  }));
  const chunks: Uint8Array[] = [];
  await writeGguf((chunk) => void chunks.push(chunk.slice()), { metadata, tensors });
  await Promise.all([checkpoint.close(), source.close()]);
  return new Uint8Array(Buffer.concat(chunks));
}

/** What `watch` has seen of the model's answers. */
export interface Watched {
  model: Model;
  /** Tokens that came, over all answers. */
  tokens: number;
  /** Tokens that came after the signal of their own answer had fired. */
  tokensAfterAbort: number;
  /** Answers that were aborted, and answers that ended, however. */
  aborted: number;
  ended: number;
}

/**
 * The same model, watched, that goes on past its end tokens (random weights choose them at any time) and, where asked,
 * waits before each token, so that there is time to interrupt it.
 */
export function watch(model: Model, { delayMs = 0 }: { delayMs?: number } = {}): Watched {
  const watched: Watched = { model, tokens: 0, tokensAfterAbort: 0, aborted: 0, ended: 0 };
  watched.model = {
    ...model,
    async *chat(messages, options = {}) {
      const signal = options.signal!;
      signal.addEventListener("abort", () => watched.aborted++);
      const events = model.chat(messages, { ...options, ignoreEos: true });
      try {
        for (;;) {
          const next = await events.next();
          if (next.done) return next.value;
          if (next.value.type === "text-delta") {
            watched.tokens += next.value.tokens.length;
            if (signal.aborted) watched.tokensAfterAbort += next.value.tokens.length;
            if (delayMs > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, delayMs));
          }
          yield next.value;
        }
      } finally {
        await events.return(undefined as never);
        watched.ended++;
      }
    },
  };
  return watched;
}
