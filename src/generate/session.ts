// Generation on rank 0: prefill in chunks, sampling, and reuse of the KV cache's prefix.
import type { Bus } from "../backends/bus.ts";
import { BaimoError } from "../errors.ts";
import type { RopeConfig } from "../models/config/config.ts";
import { startInputMeter } from "../models/forward/input-meter.ts";
import type { Transformer } from "../models/forward/model.ts";
import { dependsOnLength, ropeFrequencies } from "../models/forward/rope.ts";
import { encode, type ForwardOptions, forward, headOf, logitsOf } from "../models/forward/transformer.ts";
import { LOGIT_ROWS } from "../models/forward/workspace.ts";
import type { WeightPlan } from "../models/weights/tensor-plan.ts";
import { receiveCommand, sendCommand } from "./commands.ts";
import { logSumExp } from "./exponential.ts";
import type {
  EngineRequest,
  EngineResult,
  FromWorker,
  GenerateRequest,
  LogitsRequest,
  MeasureRequest,
} from "./protocol.ts";
import { createSampler, type SampledToken } from "./sampler.ts";

/**
 * Milliseconds between messages with tokens. A message costs both threads tens of microseconds, which a small model
 * would pay for every token.
 */
const SEND_EVERY = 8;

type Emit = (message: FromWorker) => void;

/** A generation that was stopped before its prompt. */
const abortedGeneration: EngineResult = {
  kind: "generate",
  reason: "aborted",
  completionTokens: 0,
  cachedTokens: 0,
  promptMs: 0,
  generationMs: 0,
};

/** Other ranks: follow rank 0's commands, until the bus is poisoned. Blocks the thread. */
export function follow(model: Transformer, bus: Bus): never {
  for (;;) {
    const command = receiveCommand(bus);
    if (command.kind === "forward") forward(model, command.tokens, command.runs);
    else if (command.kind === "logits") headOf(model, command.rows);
    else encode(model, command.tokens);
  }
}

/** Rank 0's loop. It remembers which tokens the cache holds, so that a longer prompt with the same beginning is cheap. */
export class Session {
  readonly #model: Transformer;
  readonly #plan: WeightPlan;
  readonly #bus: Bus;
  readonly #emit: Emit;
  /** Between chunks and tokens, where stops come as messages. */
  readonly #pause: (() => Promise<void>) | undefined;
  /** Ids whose keys and values lie in the cache, from position 0. */
  readonly #cached: number[] = [];
  /** RoPEs whose angles depend on the length of a sequence. */
  readonly #lengthRopes: readonly RopeConfig[];
  /** With which of their angles the cached keys were turned, each from a position on. */
  readonly #angles: { from: number; key: string }[] = [];
  /** The text that the encoder has read. */
  #encoded: Int32Array | undefined;
  /** Rows of the last forward pass. */
  #lastRows = 0;
  /** Whether other ranks have been told to do what has not been done yet. */
  inCommand = false;

  constructor(model: Transformer, plan: WeightPlan, bus: Bus, emit: Emit, pause?: () => Promise<void>) {
    this.#model = model;
    this.#lengthRopes = model.config.ropes.filter(dependsOnLength);
    this.#plan = plan;
    this.#bus = bus;
    this.#emit = emit;
    this.#pause = pause;
  }

  /** Runs one request to its end. Blocks the thread but for pauses; a stop comes through the bus. */
  async run(request: EngineRequest): Promise<EngineResult> {
    if (request.kind === "measure") return this.#measure(request);
    return request.kind === "generate" ? this.#generate(request) : this.#logits(request);
  }

  async #generate(request: GenerateRequest): Promise<EngineResult> {
    const { prompt, maxTokens, stopTokens } = request;
    const { config } = this.#model;
    const sampler = createSampler(request.sampler, config.vocabSize, prompt);
    const started = performance.now();
    const { pages } = this.#model.backend;
    const before = { ...pages };
    if (!this.#encode(request.encoderTokens)) return abortedGeneration;
    // The last prompt token always runs, since its logits choose the first new one.
    const cachedTokens = this.#reusable(prompt);
    const fed = await this.#prefill(prompt, cachedTokens);
    const promptDone = performance.now();
    let unsent: SampledToken[] = [];
    let sentAt = Number.NEGATIVE_INFINITY;
    const send = () => {
      if (unsent.length > 0) this.#emit({ type: "tokens", tokens: unsent });
      unsent = [];
      sentAt = performance.now();
    };
    const finish = (reason: "stop" | "length" | "aborted", completionTokens: number, stopToken?: number) => {
      send();
      return {
        kind: "generate" as const,
        reason,
        stopToken,
        completionTokens,
        cachedTokens,
        promptMs: promptDone - started,
        generationMs: performance.now() - promptDone,
        pages: pages && {
          hits: pages.hits - (before.hits ?? 0),
          misses: pages.misses - (before.misses ?? 0),
          readAhead: pages.readAhead - (before.readAhead ?? 0),
        },
      };
    };
    if (!fed) return finish("aborted", 0);

    const stops = new Set(stopTokens);
    const room = this.#model.caches.decoder.contextLength - prompt.length;
    const limit = Math.min(maxTokens, room);
    for (let count = 0; count < limit; count++) {
      const token = sampler.sample(await this.#logitRows(this.#lastRows - 1, 1));
      if (stops.has(token.id)) return finish("stop", count + 1, token.id);
      unsent.push(token);
      if (performance.now() - sentAt >= SEND_EVERY) send();
      if (this.#pause) await this.#pause();
      if (this.#bus.stopWanted) return finish("aborted", count + 1);
      if (count + 1 === limit) return finish("length", limit);
      const position = prompt.length + count;
      if (!this.#step(Int32Array.of(token.id), position, position + 1)) return finish("aborted", count + 1);
    }
    return finish("length", 0);
  }

  async #logits({ tokens, positions, trace, encoderTokens }: LogitsRequest): Promise<EngineResult> {
    const { vocabSize, numLayers, hiddenSize, embeddingSize } = this.#model.config;
    const encoderHidden: Float32Array[] = [];
    // Hidden states are asked for as they are computed.
    if (trace) this.#encoded = undefined;
    const traced: Promise<void>[] = [];
    /** Keeps hidden states when they are there. */
    const keep = (put: (layer: number, values: Float32Array) => void): ForwardOptions["onHidden"] =>
      trace
        ? (layer, values) => traced.push(Promise.resolve(values).then((states) => put(layer, states)))
        : undefined;
    const encoded = this.#encode(
      encoderTokens,
      keep((layer, values) => (encoderHidden[layer] = values)),
    );
    const rows = positions === "all" ? tokens.length : 1;
    const logits = new Float32Array(rows * vocabSize);
    const layers = trace ? numLayers + 1 : 0;
    const widthOf = (layer: number) => (layer === numLayers ? embeddingSize : hiddenSize);
    const hidden = Array.from(
      { length: layers },
      (_, layer) => new Float32Array(tokens.length * widthOf(layer)),
    );
    const result = (aborted: boolean) =>
      ({ kind: "logits", aborted, logits, hidden, encoderHidden }) as const;
    if (!encoded) return result(true);
    // Every position must run again: only the last chunk's hidden states are still there.
    this.#forget(0);
    for (let start = 0; start < tokens.length; start += this.#model.backend.maxTokens) {
      if (this.#pause) await this.#pause();
      const chunk = tokens.subarray(start, start + this.#model.backend.maxTokens);
      const keepFrom = (first: number) =>
        keep((layer, values) => hidden[layer].set(values, (start + first) * widthOf(layer)));
      if (!this.#step(chunk, start, tokens.length, keepFrom(0))) return result(true);
      const last = start + chunk.length === tokens.length;
      const from = positions === "all" ? 0 : chunk.length - 1;
      if (positions === "last" && !last) continue;
      for (let row = from; row < chunk.length; row += LOGIT_ROWS) {
        const count = Math.min(LOGIT_ROWS, chunk.length - row);
        const part = await this.#logitRows(row, count, keepFrom(row));
        logits.set(part, positions === "all" ? (start + row) * vocabSize : 0);
      }
    }
    await Promise.all(traced);
    return result(false);
  }

  /** Runs a text and scores its tokens; the products' inputs are measured on the way where that is asked. */
  async #measure({ tokens, from, columnSums }: MeasureRequest): Promise<EngineResult> {
    const { backend, weights } = this.#model;
    const meter = columnSums ? startInputMeter(backend, this.#plan, weights) : undefined;
    try {
      const logprobs = new Float32Array(tokens.length - from);
      const aborted = !(await this.#score(tokens, from, logprobs));
      return { kind: "measure", aborted, logprobs, columns: (await meter?.take()) ?? new Map() };
    } finally {
      backend.observeProducts(undefined);
    }
  }

  /** The log-probabilities of the tokens from `from` on. False when stopped. */
  async #score(tokens: Int32Array, from: number, logprobs: Float32Array): Promise<boolean> {
    const { maxTokens } = this.#model.backend;
    const { vocabSize } = this.#model.config;
    this.#forget(0);
    for (let start = 0; start < tokens.length; start += maxTokens) {
      if (this.#pause) await this.#pause();
      const chunk = tokens.subarray(start, start + maxTokens);
      if (!this.#step(chunk, start, tokens.length)) return false;
      // Row r tells of token start + r + 1.
      const last = Math.min(chunk.length, tokens.length - 1 - start);
      for (let row = Math.max(0, from - 1 - start); row < last; row += LOGIT_ROWS) {
        const count = Math.min(LOGIT_ROWS, last - row);
        const logits = await this.#logitRows(row, count);
        for (let i = 0; i < count; i++) {
          const next = start + row + i + 1;
          logprobs[next - from] = logprobOf(
            logits.subarray(i * vocabSize, (i + 1) * vocabSize),
            tokens[next],
          );
        }
      }
    }
    return true;
  }

  /** Has the encoder read a text, unless it has just read the same. False when stopped. */
  #encode(tokens: Int32Array | undefined, onHidden?: ForwardOptions["onHidden"]): boolean {
    if (!tokens) return true;
    const known = this.#encoded;
    if (known?.length === tokens.length && known.every((id, i) => id === tokens[i])) return true;
    this.#encoded = undefined;
    this.#forget(0);
    this.inCommand = true;
    sendCommand(this.#bus, { kind: "encode", tokens });
    const done = encode(this.#model, tokens, { onHidden });
    this.inCommand = false;
    if (!done) return false;
    this.#encoded = tokens;
    return true;
  }

  /** How many tokens of a prompt need not run again. The last one always does: its logits choose the next. */
  #reusable(prompt: Int32Array): number {
    const common = Math.min(this.#commonPrefix(prompt), prompt.length - 1);
    // A recurrent state stands behind its last token and cannot go back.
    const { delta } = this.#model.config;
    return delta && common !== this.#cached.length ? 0 : common;
  }

  /** The angles of a sequence of this length, as far as they depend on it. */
  #anglesAt(length: number): string {
    return this.#lengthRopes.map((rope) => ropeFrequencies(rope, length).inverse.join()).join(";");
  }

  /** Length of the longest beginning of `tokens` that lies in the cache. */
  #commonPrefix(tokens: Int32Array): number {
    const key = this.#anglesAt(tokens.length);
    const turned = this.#angles.find((angles) => angles.key !== key)?.from ?? this.#cached.length;
    const most = Math.min(tokens.length, turned);
    let length = 0;
    while (length < most && tokens[length] === this.#cached[length]) length++;
    return length;
  }

  /** Notes that the cache holds nothing from this position on. */
  #forget(position: number): void {
    this.#cached.length = Math.min(this.#cached.length, position);
    while ((this.#angles.at(-1)?.from ?? -1) >= position) this.#angles.pop();
  }

  /** Runs the prompt from position `from` on, in chunks. False when stopped. */
  async #prefill(prompt: Int32Array, from: number): Promise<boolean> {
    const { maxTokens } = this.#model.backend;
    for (let done = from; done < prompt.length; done += maxTokens) {
      if (this.#pause) await this.#pause();
      const chunk = prompt.subarray(done, done + maxTokens);
      if (!this.#step(chunk, done, prompt.length)) return false;
      this.#emit({ type: "prompt-progress", done: done + chunk.length, total: prompt.length });
    }
    return true;
  }

  /** One forward pass on all ranks. */
  #step(
    tokens: Int32Array,
    position: number,
    length: number,
    onHidden?: ForwardOptions["onHidden"],
  ): boolean {
    this.#forget(position);
    const runs = [{ sequence: { slot: 0 }, first: 0, rows: tokens.length, position, length }];
    this.inCommand = true;
    sendCommand(this.#bus, { kind: "forward", tokens, runs });
    this.#lastRows = tokens.length;
    const done = forward(this.#model, tokens, runs, { onHidden });
    this.inCommand = false;
    if (!done) {
      // What lies behind a recurrent state is lost when the state has gone on.
      if (this.#model.config.delta) this.#forget(0);
      return false;
    }
    const key = this.#anglesAt(length);
    if (this.#angles.at(-1)?.key !== key) this.#angles.push({ from: position, key });
    for (const id of tokens) this.#cached.push(id);
    return true;
  }
  async #logitRows(
    first: number,
    count: number,
    onHidden?: ForwardOptions["onHidden"],
  ): Promise<Float32Array> {
    const rows = Int32Array.from({ length: count }, (_, row) => first + row);
    this.inCommand = true;
    sendCommand(this.#bus, { kind: "logits", rows });
    const logits = await logitsOf(this.#model, rows, { onHidden });
    this.inCommand = false;
    return logits;
  }
}

/** The log-probability of one token. */
function logprobOf(logits: Float32Array, id: number): number {
  let max = logits[0];
  for (let i = 1; i < logits.length; i++) if (logits[i] > max) max = logits[i];
  return logits[id] - logSumExp(logits, max);
}

/** Refuses token ids outside the vocabulary, before they reach the kernels. @throws {BaimoError} `request` */
export function checkTokens(tokens: ArrayLike<number>, vocabSize: number): void {
  for (let i = 0; i < tokens.length; i++) {
    const id = tokens[i];
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new BaimoError("request", `token ${i} is ${id}, but ids go from 0 to ${vocabSize - 1}`);
    }
  }
}
