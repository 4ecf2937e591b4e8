// A model that writes what it is told to, some characters a token: for tests of what shows answers.
import type { ChatEvent, ChatMessage, ChatOptions, Finish, Model } from "../src/generate/types.ts";

/** What to write to a conversation, and how fast. */
export interface Script {
  reasoning?: string;
  text: string;
  tokensPerSecond: number;
  charactersPerToken?: number;
}

/** The model with another voice: prompts are counted by its tokenizer, answers come from the script. */
export function writing(model: Model, name: string, write: (last: string) => Script): Model {
  async function* chat(
    messages: readonly ChatMessage[],
    options: ChatOptions = {},
  ): AsyncGenerator<ChatEvent, Finish> {
    const {
      reasoning = "",
      text,
      tokensPerSecond,
      charactersPerToken = 4,
    } = write(String(messages.at(-1)?.content));
    const { length: promptTokens } = await model.encode(messages);
    const started = performance.now();
    let completionTokens = 0;
    const token = [{ id: 0 }];
    for (const [type, whole] of [
      ["reasoning-delta", reasoning],
      ["text-delta", text],
    ] as const) {
      const characters = [...whole];
      for (let at = 0; at < characters.length; at += charactersPerToken) {
        if (options.signal?.aborted) break;
        yield { type, text: characters.slice(at, at + charactersPerToken).join(""), tokens: token };
        completionTokens++;
        const due = started + (completionTokens * 1000) / tokensPerSecond - performance.now();
        if (due > 2) await new Promise((resolve) => setTimeout(resolve, due));
      }
    }
    const finish: Finish = {
      reason: options.signal?.aborted ? "aborted" : "stop",
      usage: { promptTokens, completionTokens, cachedTokens: 0 },
      timings: { promptMs: 1, generationMs: performance.now() - started },
      seed: 1,
    };
    yield { type: "finish", ...finish };
    return finish;
  }
  return { ...model, name, chat } as Model;
}
