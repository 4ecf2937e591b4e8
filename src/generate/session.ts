// Generation on rank 0: prefill in chunks, sampling, and reuse of the KV cache's prefix.
import type { Bus } from "../backends/bus.ts";
import { BaimoError } from "../errors.ts";
import { createInputMeter } from "../models/forward/input-meter.ts";
import { dependsOnLength, ropeFrequencies } from "../models/forward/rope.ts";
import { encode, forward, logitsOf, type Transformer } from "../models/forward/transformer.ts";
import { LOGIT_ROWS } from "../models/forward/workspace.ts";
import type { WeightPlan } from "../models/weights/weight-plan.ts";
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

/** Commands on the bus: the first word, then the arguments in order. */
const FORWARD = 1; // tokens, position, tokens of the whole sequence
const LOGITS = 2; // first row, rows
const ENCODE = 3; // tokens

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
    const [command, first, second, totalLength] = bus.receive();
    if (command === FORWARD) forward(model, bus.tokens.subarray(0, first), second, { totalLength });
    else if (command === LOGITS) logitsOf(model, first, second);
    else if (command === ENCODE) encode(model, bus.tokens.slice(0, first));
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
  /** For each of them the angles with which its key was turned, where those depend on a sequence's length. */
  readonly #angles: string[] = [];
  /** The text that the encoder has read. */
  #encoded: Int32Array | undefined;
  /** Rows of the last forward pass. */
  #lastRows = 0;

  constructor(model: Transformer, plan: WeightPlan, bus: Bus, emit: Emit, pause?: () => Promise<void>) {
    this.#model = model;
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
      const token = sampler.sample(this.#logitRows(this.#lastRows - 1, 1));
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
    const keepEncoded = trace ? (_: number, values: Float32Array) => encoderHidden.push(values) : undefined;
    const encoded = this.#encode(encoderTokens, keepEncoded);
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
    this.#cached.length = 0;
    for (let start = 0; start < tokens.length; start += this.#model.backend.maxTokens) {
      if (this.#pause) await this.#pause();
      const chunk = tokens.subarray(start, start + this.#model.backend.maxTokens);
      const keep = (first: number) => (layer: number, values: Float32Array) =>
        hidden[layer].set(values, (start + first) * widthOf(layer));
      const onHidden = trace ? keep(0) : undefined;
      if (!this.#step(chunk, start, tokens.length, onHidden)) return result(true);
      const last = start + chunk.length === tokens.length;
      const from = positions === "all" ? 0 : chunk.length - 1;
      if (positions === "last" && !last) continue;
      for (let row = from; row < chunk.length; row += LOGIT_ROWS) {
        const count = Math.min(LOGIT_ROWS, chunk.length - row);
        const part = this.#logitRows(row, count, trace ? keep(row) : undefined);
        logits.set(part, positions === "all" ? (start + row) * vocabSize : 0);
      }
    }
    return result(false);
  }

  /** Runs a text and scores its tokens; the products' inputs are measured on the way where that is asked. */
  async #measure({ tokens, from, columnSums }: MeasureRequest): Promise<EngineResult> {
    const meter = columnSums
      ? createInputMeter(this.#model.backend, this.#plan, this.#model.weights)
      : undefined;
    const model = meter ? { ...this.#model, backend: meter.backend } : this.#model;
    const { maxTokens } = model.backend;
    const { vocabSize } = model.config;
    const logprobs = new Float32Array(tokens.length - from);
    const result = (aborted: boolean) =>
      ({ kind: "measure", aborted, logprobs, columns: meter?.columns() ?? new Map() }) as const;
    this.#cached.length = 0;
    for (let start = 0; start < tokens.length; start += maxTokens) {
      if (this.#pause) await this.#pause();
      const chunk = tokens.subarray(start, start + maxTokens);
      if (!this.#step(chunk, start, tokens.length, undefined, model)) return result(true);
      // Row r tells of token start + r + 1.
      const last = Math.min(chunk.length, tokens.length - 1 - start);
      for (let row = Math.max(0, from - 1 - start); row < last; row += LOGIT_ROWS) {
        const count = Math.min(LOGIT_ROWS, last - row);
        const logits = this.#logitRows(row, count);
        for (let i = 0; i < count; i++) {
          const next = start + row + i + 1;
          logprobs[next - from] = logprobOf(
            logits.subarray(i * vocabSize, (i + 1) * vocabSize),
            tokens[next],
          );
        }
      }
    }
    return result(false);
  }

  /** Has the encoder read a text, unless it has just read the same. False when stopped. */
  #encode(tokens: Int32Array | undefined, onHidden?: (layer: number, hidden: Float32Array) => void): boolean {
    if (!tokens) return true;
    const known = this.#encoded;
    if (known?.length === tokens.length && known.every((id, i) => id === tokens[i])) return true;
    this.#encoded = undefined;
    this.#cached.length = 0;
    this.#bus.tokens.set(tokens);
    this.#bus.send([ENCODE, tokens.length]);
    if (!encode(this.#model, tokens, { onHidden })) return false;
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

  /** The angles of a sequence's tokens, as far as they depend on its length. */
  #anglesAt(totalLength: number): string {
    const { ropes } = this.#model.config;
    return ropes
      .filter(dependsOnLength)
      .map((rope) => ropeFrequencies(rope, totalLength).inverse.join())
      .join(";");
  }

  /** Length of the longest beginning of `tokens` that lies in the cache. */
  #commonPrefix(tokens: Int32Array): number {
    const angles = this.#anglesAt(tokens.length);
    const most = Math.min(tokens.length, this.#cached.length);
    const differs = (i: number) => tokens[i] !== this.#cached[i] || this.#angles[i] !== angles;
    let length = 0;
    while (length < most && !differs(length)) length++;
    return length;
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
    totalLength: number,
    onHidden?: (layer: number, hidden: Float32Array) => void,
    model = this.#model,
  ): boolean {
    this.#cached.length = position;
    this.#angles.length = position;
    this.#bus.tokens.set(tokens);
    this.#bus.send([FORWARD, tokens.length, position, totalLength]);
    this.#lastRows = tokens.length;
    const ids = this.#bus.tokens.subarray(0, tokens.length);
    if (!forward(model, ids, position, { totalLength, onHidden })) {
      // What lies behind a recurrent state is lost when the state has gone on.
      if (this.#model.config.delta) this.#cached.length = 0;
      return false;
    }
    const angles = this.#anglesAt(totalLength);
    for (const id of tokens) {
      this.#cached.push(id);
      this.#angles.push(angles);
    }
    return true;
  }

  #logitRows(
    first: number,
    rows: number,
    onHidden?: (layer: number, hidden: Float32Array) => void,
  ): Float32Array {
    this.#bus.send([LOGITS, first, rows]);
    return logitsOf(this.#model, first, rows, { onHidden });
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
