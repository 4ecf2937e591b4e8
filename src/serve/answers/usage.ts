// What answers took: OpenAI's counts of tokens, and the milliseconds.
import type { Finish } from "../../generate/types.ts";
import type { JsonSchema } from "../../json.ts";
import { COUNT } from "../schema-parts.ts";

/** One answer's end, and how many of its tokens were reasoning. */
export interface Spent {
  readonly finish: Finish;
  readonly reasoningTokens: number;
}

/** A prompt counts once, however many answers there are to it: `answers` are those of each prompt. */
export function toUsage(answers: readonly (readonly Spent[])[]) {
  let [prompt, completion, cached, reasoning] = [0, 0, 0, 0];
  for (const toOne of answers) {
    prompt += toOne[0].finish.usage.promptTokens;
    cached += Math.min(...toOne.map(({ finish }) => finish.usage.cachedTokens));
    for (const { finish, reasoningTokens } of toOne) {
      completion += finish.usage.completionTokens;
      reasoning += finish.usage.reasoningTokens ?? reasoningTokens;
    }
  }
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

export const usageSchema: JsonSchema = {
  type: "object",
  properties: {
    prompt_tokens: COUNT,
    completion_tokens: COUNT,
    total_tokens: COUNT,
    prompt_tokens_details: {
      type: "object",
      properties: { cached_tokens: COUNT },
      required: ["cached_tokens"],
    },
    completion_tokens_details: {
      type: "object",
      properties: { reasoning_tokens: COUNT },
      required: ["reasoning_tokens"],
    },
  },
  required: ["prompt_tokens", "completion_tokens", "total_tokens"],
};

/** How long answers took that were written side by side. */
export function toTimings(finishes: readonly Finish[]) {
  const most = (of: (finish: Finish) => number) => Math.max(...finishes.map(of));
  const { usage } = finishes[0];
  return {
    prompt_ms: most(({ timings }) => timings.promptMs),
    generation_ms: most(({ timings }) => timings.generationMs),
    prompt_tokens: usage.promptTokens - usage.cachedTokens,
    generation_tokens: finishes.reduce((sum, each) => sum + each.usage.completionTokens, 0),
  };
}

export const timingsSchema: JsonSchema = {
  type: "object",
  properties: {
    prompt_ms: { type: "number" },
    generation_ms: { type: "number" },
    prompt_tokens: { type: "integer" },
    generation_tokens: COUNT,
  },
  required: ["prompt_ms", "generation_ms", "prompt_tokens", "generation_tokens"],
};
