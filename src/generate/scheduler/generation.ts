// A generation: the prompt, then token after token until one ends it.

import type { PageCounts } from "../../tensor/backend.ts";
import type { LogitSummary, SummaryWish } from "../logit-summary.ts";
import type { GenerateRequest, GenerateResult } from "../protocol.ts";
import { createSampler, type SampledToken, type Sampler } from "../sampler.ts";
import type { AnswerConstraint } from "./answer-constraint.ts";
import type { GuessRoom } from "./guess-room.ts";
import { Guesses, type GuessSource, type Pays } from "./guesses.ts";
import type { Job } from "./job.ts";

/** What a generation tells while it runs. */
export interface GenerationEvents {
  onToken(token: SampledToken): void;
  onProgress(done: number, total: number): void;
}

/** What a generation needs to know of the engine. */
export interface GenerationSetting {
  readonly vocabSize: number;
  /** Most tokens of prompt and answer together. */
  readonly contextLength: number;
  /** Counts of experts that were read, which go on. */
  readonly pages?: Readonly<PageCounts>;
  /** What the answer must be. */
  readonly constraint?: AnswerConstraint;
  /** What guesses; undefined where no token may run before it is known that it comes. */
  guessSource(by: "lookup" | "draft"): GuessSource | undefined;
}

/** Most guesses behind one token. */
const MOST_GUESSES = 15;

export class Generation implements Job {
  readonly kind = "generate";
  readonly tokens: number[];
  promptLength: number;
  readonly encoderTokens?: Int32Array;
  readonly alone: boolean;
  isWhole = false;
  readonly #sampler: Sampler;
  readonly #events: GenerationEvents;
  readonly #setting: GenerationSetting;
  readonly #stops: ReadonlySet<number>;
  readonly #limit: number;
  /** The first tokens, which stay when the context is full; undefined: the answer ends then. */
  readonly #keep: number | undefined;
  #dropped = 0;
  readonly #guesses: Guesses | undefined;
  /** So many guesses, whether they pay or not. */
  readonly #guessTokens: number | undefined;
  readonly #started = performance.now();
  readonly #pagesBefore: PageCounts | undefined;
  #promptDone: number | undefined;
  #cached: number | undefined;
  #count = 0;
  #stopToken: number | undefined;
  readonly #constraint: AnswerConstraint | undefined;
  /** Whether nothing may follow by the constraint. */
  #isComplete = false;

  constructor(request: GenerateRequest, setting: GenerationSetting, events: GenerationEvents) {
    const { prompt, encoderTokens, maxTokens, stopTokens, sampler, keep, speculation } = request;
    this.tokens = Array.from(prompt);
    this.promptLength = prompt.length;
    this.encoderTokens = encoderTokens;
    this.alone = encoderTokens !== undefined;
    this.#sampler = createSampler(sampler, setting.vocabSize, prompt);
    this.#events = events;
    this.#constraint = setting.constraint;
    this.#setting = setting;
    this.#stops = new Set(stopTokens);
    this.#keep = keep;
    this.#limit = keep === undefined ? Math.min(maxTokens, setting.contextLength - prompt.length) : maxTokens;
    const source = speculation && setting.guessSource(speculation.by);
    this.#guesses = source && new Guesses(source);
    this.#guessTokens = speculation?.tokens;
    this.#pagesBefore = setting.pages && { ...setting.pages };
  }

  get reusable(): number {
    return this.tokens.length - 1;
  }

  wants(position: number): boolean {
    return position === this.tokens.length - 1;
  }

  onPrompt(done: number, cached: number): void {
    // Where it has begun again, less of the prompt is new, and the answer may have begun.
    this.#cached ??= cached;
    if (done > cached && this.#promptDone === undefined) this.#events.onProgress(done, this.promptLength);
  }

  guess(room: GuessRoom): Promise<readonly number[]> | undefined {
    // Its last token need not run, and none has a place beyond the context.
    const left = Math.min(this.#limit - this.#count, this.#setting.contextLength - this.tokens.length) - 1;
    const fixed = this.#guessTokens;
    const pays: Pays =
      fixed === undefined ? (chance, cost) => room.add(chance, cost) : () => room.addAnyway();
    return this.#guesses?.after(this.tokens, Math.min(left, fixed ?? MOST_GUESSES), pays);
  }

  get wish(): SummaryWish | undefined {
    return this.#constraint ? undefined : this.#sampler.wish;
  }

  take(_position: number, logits: Float32Array): void {
    this.#take(() => this.#sampler.sample(logits, this.#constraint?.allowed()));
  }

  takeSummary(_position: number, summary: LogitSummary): void {
    this.#take(() => this.#sampler.sampleFrom(summary));
  }

  #take(sample: () => SampledToken): void {
    this.#promptDone ??= performance.now();
    if (this.#limit < 1) {
      this.isWhole = true;
      return;
    }
    const token = sample();
    this.#guesses?.note(this.tokens.length, token.id);
    this.#count++;
    if (this.#stops.has(token.id)) {
      this.#stopToken = token.id;
      this.isWhole = true;
      return;
    }
    this.#events.onToken(token);
    this.#isComplete = this.#constraint?.endsWith(token.id) ?? false;
    if (this.#isComplete || this.#count === this.#limit) this.isWhole = true;
    else this.#goOn(token.id);
  }

  /** A token that more follow. Where the context is full, the older half of what is not kept goes. */
  #goOn(id: number): void {
    this.tokens.push(id);
    if (this.#keep === undefined || this.tokens.length < this.#setting.contextLength) return;
    const drop = Math.ceil((this.tokens.length - this.#keep) / 2);
    this.tokens.splice(this.#keep, drop);
    this.#dropped += drop;
    this.promptLength = this.tokens.length;
    this.#guesses?.clear();
  }

  finish(aborted: boolean): GenerateResult {
    const { pages } = this.#setting;
    const before = this.#pagesBefore;
    const now = performance.now();
    const promptDone = this.#promptDone ?? now;
    const reason = this.#stopToken === undefined && !this.#isComplete ? "length" : "stop";
    return {
      kind: "generate",
      reason: aborted ? "aborted" : reason,
      stopToken: this.#stopToken,
      completionTokens: this.#count,
      cachedTokens: this.#cached ?? 0,
      promptMs: promptDone - this.#started,
      generationMs: now - promptDone,
      droppedTokens: this.#keep === undefined ? undefined : this.#dropped,
      speculation: this.#guesses?.counts,
      pages: pages &&
        before && {
          hits: pages.hits - before.hits,
          misses: pages.misses - before.misses,
          readAhead: pages.readAhead - before.readAhead,
        },
    };
  }
}
