// Rank 0's side of the engine: feeds the prompt in chunks, samples, and keeps what the KV cache holds.
import type { Bus } from "../backends/bus.ts";
import { BaimoError } from "../errors.ts";
import { forward, LOGIT_ROWS, logitsOf, type Transformer } from "../models/transformer.ts";
import type { EngineRequest, EngineResult, FromWorker, GenerateRequest, LogitsRequest } from "./protocol.ts";
import { createSampler } from "./sampler.ts";

/** Commands on the bus: the first word, then the arguments in order. */
const FORWARD = 1; // tokens, position
const LOGITS = 2; // first row, rows
const EXIT = 3;

type Emit = (message: FromWorker) => void;

/** Other ranks: follow rank 0's commands until it says goodbye. Blocks the thread. */
export function follow(model: Transformer, bus: Bus): void {
  for (;;) {
    const [command, first, second] = bus.receive();
    if (command === FORWARD) forward(model, bus.tokens.subarray(0, first), second);
    else if (command === LOGITS) logitsOf(model, first, second);
    else return;
  }
}

/** Rank 0's loop. It remembers which tokens the cache holds, so that a longer prompt with the same beginning is cheap. */
export class Session {
  readonly #model: Transformer;
  readonly #bus: Bus;
  readonly #emit: Emit;
  /** Ids whose keys and values lie in the cache, from position 0. */
  readonly #cached: number[] = [];
  /** Rows of the last forward pass. */
  #lastRows = 0;

  constructor(model: Transformer, bus: Bus, emit: Emit) {
    this.#model = model;
    this.#bus = bus;
    this.#emit = emit;
  }

  /** Runs one request to its end. Blocks the thread; a stop comes through the bus. */
  run(request: EngineRequest): EngineResult {
    return request.kind === "generate" ? this.#generate(request) : this.#logits(request);
  }

  /** Lets the other ranks go. */
  dispose(): void {
    this.#bus.send([EXIT]);
  }

  #generate(request: GenerateRequest): EngineResult {
    const { prompt, maxTokens, stopTokens } = request;
    const { config } = this.#model;
    const sampler = createSampler(request.sampler, config.vocabSize, prompt);
    const started = performance.now();
    // The last prompt token always runs, since its logits choose the first new one.
    const cachedTokens = Math.min(this.#commonPrefix(prompt), prompt.length - 1);
    const fed = this.#prefill(prompt, cachedTokens);
    const promptDone = performance.now();
    const finish = (reason: "stop" | "length" | "aborted", completionTokens: number, stopToken?: number) => ({
      ...{ kind: "generate" as const, reason, stopToken, completionTokens, cachedTokens },
      promptMs: promptDone - started,
      generationMs: performance.now() - promptDone,
    });
    if (!fed) return finish("aborted", 0);

    const stops = new Set(stopTokens);
    const room = this.#model.cache.contextLength - prompt.length;
    const limit = Math.min(maxTokens, room);
    for (let count = 0; count < limit; count++) {
      const token = sampler.sample(this.#logitRows(this.#lastRows - 1, 1));
      if (stops.has(token.id)) return finish("stop", count + 1, token.id);
      this.#emit({ type: "token", token });
      if (this.#bus.stopWanted) return finish("aborted", count + 1);
      if (count + 1 === limit) return finish("length", limit);
      if (!this.#step(Int32Array.of(token.id), prompt.length + count)) return finish("aborted", count + 1);
    }
    return finish("length", 0);
  }

  #logits({ tokens, positions, trace }: LogitsRequest): EngineResult {
    const { vocabSize, numLayers, hiddenSize } = this.#model.config;
    const rows = positions === "all" ? tokens.length : 1;
    const logits = new Float32Array(rows * vocabSize);
    const layers = trace ? numLayers + 1 : 0;
    const hidden = Array.from({ length: layers }, () => new Float32Array(tokens.length * hiddenSize));
    // Every position must run again: only the last chunk's hidden states are still there.
    this.#cached.length = 0;
    for (let start = 0; start < tokens.length; start += this.#model.backend.maxTokens) {
      const chunk = tokens.subarray(start, start + this.#model.backend.maxTokens);
      const keep = (first: number) => (layer: number, values: Float32Array) =>
        hidden[layer].set(values, (start + first) * hiddenSize);
      const onHidden = trace ? keep(0) : undefined;
      if (!this.#step(chunk, start, onHidden)) return { kind: "logits", aborted: true, logits, hidden };
      const last = start + chunk.length === tokens.length;
      const from = positions === "all" ? 0 : chunk.length - 1;
      if (positions === "last" && !last) continue;
      for (let row = from; row < chunk.length; row += LOGIT_ROWS) {
        const count = Math.min(LOGIT_ROWS, chunk.length - row);
        const part = this.#logitRows(row, count, trace ? keep(row) : undefined);
        logits.set(part, positions === "all" ? (start + row) * vocabSize : 0);
      }
    }
    return { kind: "logits", aborted: false, logits, hidden };
  }

  /** Length of the longest beginning of `tokens` that lies in the cache. */
  #commonPrefix(tokens: Int32Array): number {
    let length = 0;
    while (length < tokens.length && length < this.#cached.length && tokens[length] === this.#cached[length])
      length++;
    return length;
  }

  /** Runs the prompt from position `from` on, in chunks. False when stopped. */
  #prefill(prompt: Int32Array, from: number): boolean {
    const { maxTokens } = this.#model.backend;
    for (let done = from; done < prompt.length; done += maxTokens) {
      const chunk = prompt.subarray(done, done + maxTokens);
      if (!this.#step(chunk, done)) return false;
      this.#emit({ type: "prompt-progress", done: done + chunk.length, total: prompt.length });
    }
    return true;
  }

  /** One forward pass on all ranks. */
  #step(
    tokens: Int32Array,
    position: number,
    onHidden?: (layer: number, hidden: Float32Array) => void,
  ): boolean {
    this.#cached.length = position;
    this.#bus.tokens.set(tokens);
    this.#bus.send([FORWARD, tokens.length, position]);
    this.#lastRows = tokens.length;
    if (!forward(this.#model, this.#bus.tokens.subarray(0, tokens.length), position, { onHidden }))
      return false;
    for (const id of tokens) this.#cached.push(id);
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

/** Refuses token ids outside the vocabulary, before they reach the kernels. @throws {BaimoError} `request` */
export function checkTokens(tokens: ArrayLike<number>, vocabSize: number): void {
  for (let i = 0; i < tokens.length; i++) {
    const id = tokens[i];
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new BaimoError("request", `token ${i} is ${id}, but ids go from 0 to ${vocabSize - 1}`);
    }
  }
}
