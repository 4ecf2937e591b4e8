// Greedy ids of a model, for comparison with stored ones.
import type { Model } from "../src/generate/types.ts";

/** The likeliest next ids, end tokens or not. With an encoder `prompt` is its text, and the decoder goes on. */
export async function greedyIds(
  model: Model,
  prompt: readonly number[],
  count: number,
  decoderTokens?: readonly number[],
): Promise<number[]> {
  const ids: number[] = [];
  const options = { temperature: 0, maxTokens: count, ignoreEos: true, decoderTokens };
  for await (const event of model.complete(prompt, options)) {
    if (event.type === "text-delta") ids.push(...event.tokens.map(({ id }) => id));
  }
  return ids;
}
