// Prompts as ids, and what constraints need: small ones at once, large ones in a thread.
import { startThread, type Thread } from "../backends/threads.ts";
import { BaimoError, type ErrorCode, throwIfAborted } from "../errors.ts";
import type { CheckpointInput } from "../formats/checkpoint.ts";
import { type ConstraintSpec, isDear, keyOf, type LanguageRecord } from "./constrain/constraint.ts";
import { type Language, type LanguageDescription, type Prompt, toIds } from "./language.ts";
import { fromPlainError } from "./plain-error.ts";
import type { GivenConstraint, PlainError } from "./protocol.ts";
import { type PackedVocabulary, packVocabulary } from "./vocabulary.ts";

/** To the thread; one at a time. */
export type ToPromptThread =
  | {
      readonly type: "open";
      readonly source: CheckpointInput;
      readonly description: LanguageDescription;
    }
  | { readonly type: "prompt"; readonly prompt: Prompt; readonly contextLength: number }
  | { readonly type: "vocabulary"; readonly config: LanguageDescription["config"] }
  | { readonly type: "constraint"; readonly spec: ConstraintSpec };

/** From it. */
export type FromPromptThread =
  | { readonly type: "ids"; readonly ids: Int32Array }
  | { readonly type: "vocabulary"; readonly vocabulary: PackedVocabulary }
  | { readonly type: "languages"; readonly languages: LanguageRecord }
  | { readonly type: "failed"; readonly error: PlainError };

/** Characters and values of a prompt that take a few milliseconds at most. */
const SMALL = 16_384;
/** Tokens of a vocabulary that is packed in a few milliseconds. */
const SMALL_VOCABULARY = 8192;
/** Constraints of which it is kept whether they are dear, and bytes of the languages of those that are. */
const KEPT = { constraints: 64, bytes: 64 << 20 };
/** The thread ends when it has had nothing to do for so long. */
const IDLE_MS = 60_000;
const ENDED = "the thread that makes prompts has ended";
const DISPOSED = "the model has been disposed";

/** What makes the prompts of a model. */
export class Prompts {
  readonly #language: Language;
  readonly #source: CheckpointInput;
  readonly #description: LanguageDescription;
  readonly #contextLength: number;
  #vocabulary: PackedVocabulary | undefined;
  /** Languages of the constraints that are dear, undefined for others, by what they are known by; the oldest first. */
  readonly #constraints = new Map<string, LanguageRecord | undefined>();
  /** Settles when the large prompt before has been made. */
  #turn: Promise<unknown> = Promise.resolve();
  #thread: Thread | undefined;
  #disposed = false;
  #settle: ((message: FromPromptThread) => void) | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    language: Language,
    source: CheckpointInput,
    description: LanguageDescription,
    contextLength: number,
  ) {
    this.#language = language;
    this.#source = source;
    this.#description = description;
    this.#contextLength = contextLength;
  }

  /**
   * The ids of a prompt, no more than the context holds or `mostTokens`. The signal takes it out of the queue, or ends the thread
   * that works on it.
   * @throws {BaimoError} `request` when the template refuses, `context` for a text that cannot fit
   */
  async encode(
    prompt: Prompt,
    signal?: AbortSignal,
    mostTokens: number = this.#contextLength,
  ): Promise<ArrayLike<number>> {
    const contextLength = mostTokens;
    if (isSmall(prompt)) return toIds(this.#language, prompt, contextLength);
    const answer = await this.#inTurn({ type: "prompt", prompt, contextLength }, signal);
    if (answer.type !== "ids") throw new Error(`the thread answered a prompt with ${answer.type}`);
    return answer.ids;
  }

  /**
   * A constraint as the engine takes it: compiled as far as that takes long.
   * @throws {BaimoError} `request` for what cannot be enforced
   */
  async constraint(spec: ConstraintSpec, signal?: AbortSignal): Promise<GivenConstraint> {
    const vocabulary = await this.vocabulary(signal);
    const key = keyOf(spec);
    if (!this.#constraints.has(key)) this.#keep(key, await this.#languagesOf(spec, signal));
    return { spec, vocabulary, languages: this.#constraints.get(key) };
  }

  async #languagesOf(spec: ConstraintSpec, signal?: AbortSignal): Promise<LanguageRecord | undefined> {
    if (!isDear(spec)) return undefined;
    const answer = await this.#inTurn({ type: "constraint", spec }, signal);
    if (answer.type !== "languages") throw new Error(`the thread answered a constraint with ${answer.type}`);
    return answer.languages;
  }

  /** Keeps what is known of a constraint, and of others what there is room for. */
  #keep(key: string, languages: LanguageRecord | undefined): void {
    this.#constraints.set(key, languages);
    let bytes = 0;
    let count = 0;
    for (const [one, kept] of [...this.#constraints].reverse()) {
      bytes += bytesOf(kept);
      count++;
      if (one !== key && (count > KEPT.constraints || bytes > KEPT.bytes)) this.#constraints.delete(one);
    }
  }

  /** The vocabulary as constraints need it, packed when it is first asked for. */
  async vocabulary(signal?: AbortSignal): Promise<PackedVocabulary> {
    const { config } = this.#description;
    if (config.vocabSize <= SMALL_VOCABULARY) this.#vocabulary ??= packVocabulary(this.#language, config);
    if (this.#vocabulary) return this.#vocabulary;
    const answer = await this.#inTurn({ type: "vocabulary", config }, signal);
    if (answer.type !== "vocabulary") throw new Error(`the thread answered with ${answer.type}`);
    // Another request may have asked at the same time: one of both is kept.
    this.#vocabulary ??= answer.vocabulary;
    return this.#vocabulary;
  }

  /** The thread's answer, after what was asked before. */
  async #inTurn(question: ToPromptThread, signal?: AbortSignal): Promise<FromPromptThread> {
    const before = this.#turn;
    let release: () => void = () => {};
    this.#turn = new Promise<void>((resolve) => (release = resolve));
    try {
      await before;
      throwIfAborted(signal, "the request");
      return await this.#ask(question, signal);
    } finally {
      release();
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#idle);
    await this.#end("request", DISPOSED);
  }

  async #ask(question: ToPromptThread, signal: AbortSignal | undefined): Promise<FromPromptThread> {
    clearTimeout(this.#idle);
    const thread = await this.#start();
    if (this.#disposed) {
      await this.#end("request", DISPOSED);
      throw new BaimoError("request", DISPOSED);
    }
    const abort = () => void this.#end("aborted", "the request was aborted");
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const answer = await new Promise<FromPromptThread>((resolve) => {
        this.#settle = resolve;
        thread.ref();
        thread.postMessage(question);
        if (signal?.aborted) abort();
      });
      if (answer.type === "failed") {
        const { code, message, option } = fromPlainError(answer.error);
        throw new BaimoError(code, message, { option, cause: signal?.reason });
      }
      return answer;
    } finally {
      this.#settle = undefined;
      signal?.removeEventListener("abort", abort);
      thread.unref();
      clearTimeout(this.#idle);
      if (!this.#disposed) this.#idle = setTimeout(() => void this.#end("device", ENDED), IDLE_MS);
      (this.#idle as { unref?: () => void } | undefined)?.unref?.();
    }
  }

  async #start(): Promise<Thread> {
    if (this.#thread) return this.#thread;
    const thread = await startThread(new URL("./prompt-worker.js", import.meta.url), {
      name: "baimo prompts",
    });
    thread.on("message", (message) => this.#settle?.(message as FromPromptThread)); // what prompt-worker.ts posts
    const lost = (text: string) => {
      if (this.#thread === thread) void this.#end("device", text);
    };
    thread.on("error", (error) => lost(`the thread that makes prompts failed: ${error.message}`));
    thread.on("exit", () => lost(ENDED));
    thread.postMessage({
      type: "open",
      source: this.#source,
      description: this.#description,
    } satisfies ToPromptThread);
    this.#thread = thread;
    return thread;
  }

  /** Ends the thread; the next large prompt starts another. */
  async #end(code: ErrorCode, text: string): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#settle?.({ type: "failed", error: { code, message: text } });
    await thread?.terminate();
  }
}

function bytesOf(languages: LanguageRecord | undefined): number {
  if (!languages) return 0;
  const { accepts, starts, edges, answers } = languages;
  return accepts.byteLength + starts.byteLength + edges.byteLength + answers.byteLength;
}

/** Whether a prompt is so small that nobody waits for it. Looks no further than it has to. */
function isSmall(prompt: Prompt): boolean {
  let left = SMALL;
  const weigh = (value: unknown): void => {
    if (typeof value === "string") left -= value.length;
    else if (value instanceof Map) {
      for (const item of value.values()) {
        left -= 16;
        if (left < 0) return;
        weigh(item);
      }
    } else if (typeof value === "object" && value !== null) {
      for (const key in value) {
        left -= 16;
        if (left < 0) return;
        weigh((value as Record<string, unknown>)[key]);
      }
    }
  };
  weigh(prompt);
  return left >= 0;
}
