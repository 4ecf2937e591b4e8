// A model without an engine that says what it is told to: for tests of the page.
import type { ChatEvent, ChatMessage, ChatOptions, Finish, Model } from "../src/generate/types.ts";

/** What to say to a conversation. */
export interface Said {
  readonly text: string;
  readonly reasoning?: string;
  /** Calls of tools, after the text. */
  readonly calls?: readonly { name: string; arguments: string }[];
  /** Between two pieces. Default none. */
  readonly waitMs?: number;
}

/** What was asked, and with which options. */
export type Answer = (messages: readonly ChatMessage[], options: ChatOptions) => Said;

const pieceLength = 4;
const pieces = (text: string) => text.match(new RegExp(`[^]{1,${pieceLength}}`, "gu")) ?? [];

/** The model; four characters are a token. */
export function speakingModel(name: string, answer: Answer, contextLength = 4096): Model {
  async function* chat(
    messages: readonly ChatMessage[],
    options: ChatOptions = {},
  ): AsyncGenerator<ChatEvent, Finish> {
    const { text, reasoning = "", calls = [], waitMs = 0 } = answer(messages, options);
    const token = [{ id: 0 }];
    let completionTokens = 0;
    for (const [type, whole] of [
      ["reasoning-delta", reasoning],
      ["text-delta", text],
    ] as const) {
      for (const piece of pieces(whole)) {
        if (options.signal?.aborted) break;
        yield { type, text: piece, tokens: token };
        completionTokens++;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
    for (const [index, call] of calls.entries()) {
      const id = `call-${messages.length}-${index}`;
      yield { type: "tool-call-start", index, id, name: call.name };
      yield { type: "tool-call-delta", index, arguments: call.arguments };
    }
    const promptTokens = (await encode(messages)).length;
    const reason = options.signal?.aborted ? "aborted" : calls.length > 0 ? "tool_calls" : "stop";
    const finish: Finish = {
      reason,
      usage: { promptTokens, completionTokens, cachedTokens: 0 },
      timings: { promptMs: 1, generationMs: Math.max(1, completionTokens) },
      seed: 1,
    };
    yield { type: "finish", ...finish };
    return finish;
  }
  const encode = async (messages: readonly ChatMessage[]) =>
    Array.from(
      { length: Math.ceil(messages.reduce((sum, { content }) => sum + String(content).length + 8, 0) / 4) },
      () => 0,
    );
  const parts = {
    name,
    contextLength,
    status: "ready",
    capabilities: { chat: true, tools: true },
    queue: { active: 0, waiting: 0, limit: 1 },
    engine: { device: "reference", kernels: "none", weightBytes: 5_000_000 },
    config: { architecture: "speaking" },
    adapters: [],
    tokenizer: { chatTemplates: new Map() },
    encode,
    chat,
    complete: chat,
    dispose: async () => {},
  };
  return parts as unknown as Model; // what the application asks of a model
}
