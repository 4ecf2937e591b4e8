// A model at one or several OpenAI-compatible endpoints: chat, completions, embeddings.
import { BaimoError } from "../errors.ts";
import type { ChatMessage, ChatOptions, GenerateOptions } from "../generate/types.ts";
import { isRecord } from "../json.ts";
import { fields, list, number, required, signal, text, whole } from "../option-kinds.ts";
import { call, readOptions, type TableOf } from "../options.ts";
import { type Capabilities, common, probe } from "./capabilities.ts";
import { chatBody, samplingBody } from "./chat-body.ts";
import { type Endpoint, LIMITS, type Limits } from "./endpoint.ts";
import { Endpoints, PATIENCE, type Patience } from "./endpoints.ts";
import { readAnswer, type UpstreamEvent } from "./read-answer.ts";
import { readStream, readWhole } from "./read-stream.ts";

/** What is asked, and where. */
export interface UpstreamOptions {
  /** Each serves the same model. */
  readonly endpoints: readonly Endpoint[];
  /** Its name there. */
  readonly model: string;
  readonly limits?: Partial<Limits>;
  readonly patience?: Partial<Patience>;
  readonly signal?: AbortSignal;
}

const seconds = number({ min: 0, max: 2_147_483 });
const bytes = whole({ min: 1 });

/** The same, declared. */
export const upstreamTable = {
  endpoints: required(list(fields({ url: required(text()), key: text() }), { least: 1, most: 256 })),
  model: required(text({ most: 1024 })),
  limits: fields({
    firstByteSeconds: seconds,
    gapSeconds: seconds,
    maxBodyBytes: bytes,
    maxLineBytes: bytes,
  }),
  patience: fields({
    attempts: whole({ min: 1, max: 100 }),
    firstWaitSeconds: seconds,
    longestWaitSeconds: seconds,
    restSeconds: seconds,
    longestRestSeconds: seconds,
  }),
  signal,
} satisfies TableOf<UpstreamOptions>;

/**
 * Finds out what the endpoints can do. Those that do not answer now may be back later; one must.
 * @throws {BaimoError} `config` for a wrong address; `upstream` where none answers; `aborted`
 */
export async function openUpstream(asked: UpstreamOptions): Promise<Upstream> {
  const options = readOptions(asked, upstreamTable, call("openUpstream"));
  const limits = { ...LIMITS, ...options.limits };
  const { endpoints: given, model, signal } = options;
  const endpoints = new Endpoints(given, { ...PATIENCE, ...options.patience });
  const found = await Promise.allSettled(given.map((endpoint) => probe(endpoint, { model, limits, signal })));
  const able = found.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  if (able.length === 0) {
    const first = found.find((each) => each.status === "rejected");
    throw first?.reason;
  }
  return new Upstream(endpoints, { model, limits, capabilities: common(able) });
}

/** What is known of it once it is open. */
interface Known {
  readonly model: string;
  readonly limits: Limits;
  readonly capabilities: Capabilities;
}

export class Upstream {
  readonly capabilities: Capabilities;
  readonly #endpoints: Endpoints;
  readonly #model: string;
  readonly #limits: Limits;

  constructor(endpoints: Endpoints, { model, limits, capabilities }: Known) {
    this.#endpoints = endpoints;
    this.#model = model;
    this.#limits = limits;
    this.capabilities = capabilities;
  }

  /** Answers under way at each endpoint. */
  get load() {
    return this.#endpoints.load;
  }

  /** @throws {BaimoError} `request` for what it cannot do, before anything is sent; `upstream`; `aborted` */
  chat(messages: readonly ChatMessage[], options: ChatOptions = {}): AsyncGenerator<UpstreamEvent> {
    this.#need("chat", "messages");
    if (options.tools && options.tools.length > 0) this.#need("tools", "tools");
    return this.#stream("/chat/completions", chatBody(messages, options), options.signal);
  }

  /** @throws {BaimoError} as `chat` */
  complete(prompt: string, options: GenerateOptions = {}): AsyncGenerator<UpstreamEvent> {
    this.#need("completions", "prompt");
    if (options.constraint) throw missing("constraint", "constraints of plain texts");
    const body = { ...samplingBody(options), prompt };
    return this.#stream("/completions", body, options.signal);
  }

  /** A vector for each text. @throws {BaimoError} as `chat` */
  async embed(texts: readonly string[], { signal }: { signal?: AbortSignal } = {}): Promise<Float32Array[]> {
    this.#need("embeddings", "input");
    const body = { model: this.#model, input: texts, encoding_format: "float" };
    const asked = { path: "/embeddings", body, limits: this.#limits, signal };
    let vectors: Float32Array[] = [];
    for await (const found of this.#endpoints.ask(asked, toVectorsOf(texts.length))) vectors = found;
    return vectors;
  }

  #need(capability: keyof Capabilities, option: string): void {
    if (!this.capabilities[capability]) throw missing(option, capability);
  }

  #stream(path: string, body: object, signal: AbortSignal | undefined): AsyncGenerator<UpstreamEvent> {
    const limits = this.#limits;
    const asked = { path, body: { model: this.#model, ...body }, limits, signal };
    return this.#endpoints.ask(asked, (bytes) => readAnswer(readStream(bytes, limits)));
  }
}

const toVectorsOf = (count: number) =>
  async function* (bytes: AsyncGenerator<Uint8Array>) {
    yield toVectors((await readWhole(bytes)).data, count);
  };

const missing = (option: string, what: string): BaimoError =>
  new BaimoError("request", `${option}: this model's endpoint does not do ${what}`, { option });

function toVectors(data: unknown, count: number): Float32Array[] {
  const wrong = (text: string) => new BaimoError("upstream", `upstream: expected ${count} vectors; ${text}`);
  if (!Array.isArray(data) || data.length !== count) throw wrong("another number came");
  const vectors: Float32Array[] = [];
  for (const [i, each] of data.entries()) {
    const { index = i, embedding } = isRecord(each) ? each : {};
    const isVector = Array.isArray(embedding) && embedding.every((value) => Number.isFinite(value));
    if (typeof index !== "number" || !(index in data) || vectors[index]) throw wrong("an index is wrong");
    if (!isVector) throw wrong("one holds what is no number");
    vectors[index] = Float32Array.from(embedding);
  }
  return vectors;
}
