// A thread that opens tokenizer and template, turns prompts into ids and packs the vocabulary.
import { ownThread } from "../backends/threads.ts";
import { BaimoError } from "../errors.ts";
import { openCheckpoint } from "../formats/checkpoint.ts";
import { type Language, readLanguage, toIds } from "./language.ts";
import type { FromPromptThread, ToPromptThread } from "./prompts.ts";
import { packVocabulary } from "./vocabulary.ts";

const thread = await ownThread();
const emit = (message: FromPromptThread) => thread.postMessage(message);
let language: Promise<Language> | undefined;

async function open({ source, description }: Extract<ToPromptThread, { type: "open" }>): Promise<Language> {
  const checkpoint = await openCheckpoint(source);
  try {
    return await readLanguage(checkpoint, description);
  } finally {
    await checkpoint.close();
  }
}

thread.listen((posted) => {
  const message = posted as ToPromptThread; // what prompts.ts posts
  if (message.type === "open") {
    language = open(message);
    language.catch(() => {}); // told with the first prompt
    return;
  }
  Promise.resolve(language)
    .then((known) => {
      if (!known) throw new BaimoError("device", "a prompt came before its tokenizer");
      if (message.type === "vocabulary") {
        return emit({ type: "vocabulary", vocabulary: packVocabulary(known, message.config) });
      }
      const ids = Int32Array.from(toIds(known, message.prompt, message.contextLength));
      return emit({ type: "ids", ids });
    })
    .catch((error: unknown) => {
      const code = error instanceof BaimoError ? error.code : "device";
      emit({ type: "failed", code, text: error instanceof Error ? error.message : String(error) });
    });
});
