// A model without an engine that says what a script has, read as a real answer is.
import { createAnswerStream, schemasOf } from "../src/generate/answers/answer-stream.ts";
import type { AnswerFormat } from "../src/generate/answers/format.ts";
import type { ChatEvent, ChatOptions, Finish, GenerateEvent, Model } from "../src/generate/types.ts";

/** What the model says: its answer in pieces, one a token. */
export interface Script {
  readonly format: AnswerFormat;
  readonly pieces: readonly string[];
  /** Texts of the special tokens. */
  readonly special?: readonly string[];
  /** The end of the prompt: reasoning may have begun there. */
  readonly promptTail?: string;
  readonly reason: "stop" | "length";
}

/** A model whose answers are those of `next`. */
export function scriptedModel(next: () => Script): Model {
  const parts = {
    name: "scripted",
    contextLength: 4096,
    status: "ready",
    queue: { active: 0, waiting: 0, limit: 1 },
    capabilities: { chat: true, tools: true },
    engine: { device: "reference", kernels: "none" },
    tokenizer: { chatTemplates: new Map(), tokenBytes: () => new Uint8Array() },
    chat: (_: unknown, options: ChatOptions = {}): AsyncGenerator<ChatEvent, Finish> => {
      const script = next();
      const { format, special = [], promptTail = "" } = script;
      const tokenizer = {
        vocabSize: script.pieces.length,
        decode: () => promptTail,
        idToToken: (id: number) => script.pieces[id],
        isSpecial: (id: number) => special.includes(script.pieces[id]),
      };
      const reading = { format, tokenizer, special, reasons: false };
      const stream = createAnswerStream(reading, schemasOf(options.tools ?? []));
      stream.begin([0]);
      return stream.read(say(script, stream.placeOf));
    },
  };
  const complete = () => {
    throw new Error("a scripted model answers conversations alone");
  };
  return { ...parts, complete } as unknown as Model; // what the server asks of a model for a chat
}

async function* say(
  { pieces, special = [], reason }: Script,
  placeOf: (id: number) => string,
): AsyncGenerator<GenerateEvent, Finish> {
  for (const [id, piece] of pieces.entries()) {
    const text = special.includes(piece) ? placeOf(id) : piece;
    yield { type: "text-delta", text, tokens: [{ id }] };
  }
  const finish: Finish = {
    reason,
    usage: { promptTokens: 3, completionTokens: pieces.length, cachedTokens: 1 },
    timings: { promptMs: 1, generationMs: 1 },
    seed: 1,
  };
  yield { type: "finish", ...finish };
  return finish;
}
