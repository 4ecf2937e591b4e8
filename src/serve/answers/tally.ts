// What the answers to one request took, also where they end before their time.
import type { ChatEvent } from "../../generate/types.ts";
import type { TokenCounts } from "../../upstream/price.ts";

/** Counts the tokens of answers that are written side by side. */
export class Tally {
  readonly #answers: Required<Writable<TokenCounts>>[];
  readonly #each: number;
  /** Of all answers together. */
  readonly timings = { promptMs: 0, generationMs: 0 };

  /** `each`: how many answers there are to each prompt. */
  constructor(count: number, each: number) {
    this.#answers = Array.from({ length: count }, () => ({ prompt: 0, cached: 0, completion: 0 }));
    this.#each = each;
  }

  take(index: number, event: ChatEvent): void {
    const answer = this.#answers[index];
    switch (event.type) {
      case "prompt-progress":
        answer.prompt = event.done;
        break;
      case "text-delta":
      case "reasoning-delta":
        answer.completion += event.tokens.length;
        break;
      case "finish": {
        const { promptTokens, cachedTokens, completionTokens } = event.usage;
        // Of a prompt that was not read to its end, what was read.
        if (event.reason !== "aborted" || completionTokens > 0) answer.prompt = promptTokens;
        answer.cached = Math.min(cachedTokens, answer.prompt);
        answer.completion = completionTokens;
        this.timings.promptMs += event.timings.promptMs;
        this.timings.generationMs += event.timings.generationMs;
      }
    }
  }

  /** Each prompt once, as `toUsage` counts it: what was new for the answer that found least of it in the cache. */
  get counts(): Required<TokenCounts> {
    const sum = { prompt: 0, cached: 0, completion: 0 };
    for (let at = 0; at < this.#answers.length; at += this.#each) {
      const answers = this.#answers.slice(at, at + this.#each);
      const begun = answers.filter(({ prompt }) => prompt > 0);
      if (begun.length > 0) {
        sum.prompt += Math.max(...begun.map(({ prompt }) => prompt));
        sum.cached += Math.min(...begun.map(({ cached }) => cached));
      }
      for (const { completion } of answers) sum.completion += completion;
    }
    return sum;
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
