// A thread that makes prompts and packs the vocabulary, and compiles dear constraints.
import { ownThread } from "../backends/threads.ts";
import { BaimoError } from "../errors.ts";
import { openCheckpoint } from "../formats/checkpoint.ts";
import { recordLanguages } from "./constrain/constraint.ts";
import { type Language, readLanguage, toIds } from "./language.ts";
import { plainError } from "./plain-error.ts";
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
  Promise.resolve(message.type === "constraint" ? undefined : language)
    .then((known) => {
      if (message.type === "constraint")
        return emit({ type: "languages", languages: recordLanguages(message.spec) });
      if (!known) throw new BaimoError("device", "a prompt came before its tokenizer");
      if (message.type === "vocabulary") {
        return emit({ type: "vocabulary", vocabulary: packVocabulary(known, message.config) });
      }
      const ids = Int32Array.from(toIds(known, message.prompt, message.contextLength));
      return emit({ type: "ids", ids });
    })
    .catch((error: unknown) => emit({ type: "failed", error: plainError(error) }));
});
