// A model at one or several OpenAI-compatible endpoints, asked like one that runs here.
import { BaimoError } from "../errors.ts";
import type { Capabilities } from "../generate/capabilities.ts";
import type { QueueState } from "../generate/queue.ts";
import type {
  ChatEvent,
  ChatMessage,
  ChatOptions,
  Embedding,
  EmbedOptions,
  Finish,
  FinishReason,
  GenerateOptions,
  LanguageModel,
  Ranked,
  RerankOptions,
  Score,
  ScoredText,
  ScoreOptions,
  Usage,
} from "../generate/types.ts";
import { chatBody, embedBody, rerankBody, samplingBody, scoreBody, textOf } from "./bodies.ts";
import { echoedScore, type Reply } from "./echo.ts";
import type { Limits } from "./endpoint.ts";
import type { Endpoints, Reader } from "./endpoints.ts";
import type { Capability } from "./probe.ts";
import { guessedUsage, readAnswer, type UpstreamEvent } from "./read-answer.ts";
import { readStream, readWhole } from "./read-stream.ts";
import { readRanks, readVectors } from "./read-whole.ts";

/** What endpoints can do, or why not. */
export type Found = Readonly<
  Record<"chat" | "tools" | "completions" | "echo" | "embeddings" | "rerank", Capability>
>;

/** What is known of it once it is open. */
interface Known {
  /** As the endpoints call it. */
  readonly model: string;
  readonly limits: Limits;
  readonly found: Found;
  readonly contextLength?: number;
  /** Answers under way at once. */
  readonly maxActive: number;
}

export class Upstream implements LanguageModel {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly contextLength?: number;
  readonly status = "ready";
  readonly #endpoints: Endpoints;
  readonly #limits: Limits;
  readonly #found: Found;
  readonly #maxActive: number;

  constructor(endpoints: Endpoints, { model, limits, found, contextLength, maxActive }: Known) {
    this.name = model;
    this.contextLength = contextLength;
    this.#endpoints = endpoints;
    this.#limits = limits;
    this.#found = found;
    this.#maxActive = maxActive;
    this.capabilities = {
      chat: found.chat.can,
      tools: found.tools.can,
      completions: found.completions.can,
      logprobs: false,
      score: found.echo.can,
      embeddings: found.embeddings.can,
      rerank: found.rerank.can,
      tokenizer: false,
    };
  }

  /** Answers under way at each endpoint. */
  get load() {
    return this.#endpoints.load;
  }

  get queue(): QueueState {
    const active = this.load.reduce((sum, endpoint) => sum + endpoint.active, 0);
    return { active, waiting: 0, limit: 0 };
  }

  /** @throws {BaimoError} `request` for what it cannot do, before anything is sent; `upstream`; `busy` */
  async *chat(
    messages: readonly ChatMessage[],
    options: ChatOptions = {},
  ): AsyncGenerator<ChatEvent, Finish> {
    this.#need("chat", "messages");
    if (options.tools && options.tools.length > 0) this.#need("tools", "tools");
    return yield* this.#answer("/chat/completions", chatBody(messages, options), options);
  }

  /** @throws {BaimoError} as `chat` */
  async *complete(
    prompt: string | readonly number[],
    options: GenerateOptions = {},
  ): AsyncGenerator<ChatEvent, Finish> {
    this.#need("completions", "prompt");
    if (options.constraint) throw missing("constraint", "constraints of plain texts");
    const body = { ...samplingBody(options), prompt };
    return yield* this.#answer("/completions", body, options);
  }

  /** By completions that repeat their prompts. @throws {BaimoError} as `chat` */
  async score(texts: readonly ScoredText[], options: ScoreOptions = {}): Promise<Score[]> {
    this.#need("echo", "texts");
    const scores: Score[] = [];
    for (const [i, text] of texts.entries()) {
      const body = scoreBody(text, options);
      const read = (reply: Reply): Score[] => {
        const found = echoedScore(
          reply,
          textOf(text.context, "context"),
          textOf(text.continuation, "continuation"),
        );
        if (found) return [found];
        throw new BaimoError(
          "upstream",
          `upstream: the answer tells no likelihood of texts[${i}].continuation`,
        );
      };
      scores.push(...(await this.#whole("/completions", body, options, read)));
    }
    return scores;
  }

  /** @throws {BaimoError} as `chat` */
  async embed(
    texts: readonly (string | readonly number[])[],
    options: EmbedOptions = {},
  ): Promise<Embedding[]> {
    this.#need("embeddings", "input");
    const lengths = texts.map(({ length }) => length);
    return this.#whole("/embeddings", embedBody(texts, options), options, (reply) =>
      readVectors(reply, lengths),
    );
  }

  /** @throws {BaimoError} as `chat` */
  async rerank(query: string, texts: readonly string[], options: RerankOptions = {}): Promise<Ranked[]> {
    this.#need("rerank", "query");
    const lengths = texts.map(({ length }) => length);
    return this.#whole("/rerank", rerankBody(query, texts, options), options, (reply) =>
      readRanks(reply, lengths),
    );
  }

  /** It holds nothing: answers under way end with their readers. */
  async dispose(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #need(capability: keyof Found, option: string): void {
    const found = this.#found[capability];
    if (!found.can) throw missing(option, capability, found.why);
  }

  /** @throws {BaimoError} `busy` where as many answers are under way as may be */
  #ask<T>(path: string, body: object, signal: AbortSignal | undefined, read: Reader<T>): AsyncGenerator<T> {
    if (this.queue.active >= this.#maxActive) {
      const text = `${this.#maxActive} answers of ${this.name} are under way; ask again when one has ended`;
      throw new BaimoError("busy", text);
    }
    const asked = { path, body: { model: this.name, ...body }, limits: this.#limits, signal };
    return this.#endpoints.ask(asked, read);
  }

  /** An answer as it comes. One that the caller aborts ends with what is known of it, as a local one does. */
  async *#answer(
    path: string,
    body: object,
    { signal, seed, constraint }: GenerateOptions,
  ): AsyncGenerator<ChatEvent, Finish> {
    const limits = this.#limits;
    const read: Reader<UpstreamEvent> = (bytes, hide) => readAnswer(readStream(bytes, limits, hide));
    const events = this.#ask(path, body, signal, read);
    const text: string[] = [];
    const begun = performance.now();
    let first: number | undefined;
    let pieces = 0;
    let end: { reason: FinishReason; usage: Usage } | undefined;
    try {
      for await (const event of events) {
        if (event.type === "finish") {
          end = event;
          continue;
        }
        first ??= performance.now();
        pieces++;
        if (constraint && event.type === "text-delta") text.push(event.text);
        yield event;
      }
      if (constraint && end?.reason === "stop") checkJson(text.join(""));
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
    const { reason, usage } = end ?? { reason: "aborted", usage: guessedUsage(pieces) };
    const now = performance.now();
    const timings = { promptMs: (first ?? now) - begun, generationMs: now - (first ?? now) };
    const finish: Finish = { reason, usage, timings, seed };
    yield { type: "finish", ...finish };
    return finish;
  }

  /** An answer that comes whole. */
  async #whole<T>(
    path: string,
    body: object,
    { signal }: { signal?: AbortSignal },
    read: (reply: Reply) => T[],
  ): Promise<T[]> {
    let found: T[] = [];
    const reading = async function* (bytes: AsyncGenerator<Uint8Array>) {
      yield read(await readWhole(bytes));
    };
    for await (const values of this.#ask(path, body, signal, reading)) found = values;
    return found;
  }
}

/** Some endpoints take a schema and do not hold the answer to it. */
function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    const message =
      "upstream: the answer was to be JSON of a schema, and is no JSON; this endpoint holds no answers to schemas";
    throw new BaimoError("upstream", message);
  }
}

const missing = (option: string, what: string, why?: string): BaimoError => {
  const found = why === undefined ? "" : ` (${why})`;
  return new BaimoError("request", `${option}: this model's endpoint does not do ${what}${found}`, {
    option,
  });
};
