// Perplexity and bits per byte of a model on a text, in windows of the context.
import { BaimoError } from "../errors.ts";
import type { TraceableModel } from "./model.ts";

/** Options of `measurePerplexity`. */
export interface PerplexityOptions {
  /** Tokens of one window, at most the model's context. Default 512. */
  windowTokens?: number;
  onProgress?: (progress: { done: number; total: number }) => void;
  signal?: AbortSignal;
}

/** What a text costs a model. */
export interface Perplexity {
  /** e to the power of the mean negative log-likelihood of a token. */
  readonly perplexity: number;
  /** Its standard error. */
  readonly error: number;
  /** Bits that a perfect coder would take for a byte of the text; comparable across vocabularies. */
  readonly bitsPerByte: number;
  readonly tokens: number;
  /** Tokens that were scored: all, but for the first of a model without BOS. */
  readonly scored: number;
  readonly bytes: number;
  readonly windowTokens: number;
}

/**
 * Scores every token of a text once. Windows overlap by half, so that all but the first half window have at least half a
 * window before them.
 *
 * @throws {BaimoError} `request` when the text or the window is too short
 */
export async function measurePerplexity(
  model: TraceableModel,
  text: string,
  options: PerplexityOptions = {},
): Promise<Perplexity> {
  const { onProgress, signal } = options;
  const windowTokens = Math.min(options.windowTokens ?? 512, model.contextLength);
  const { tokenizer } = model;
  const tokens = tokenizer.encode(text, { addSpecialTokens: false });
  const first = tokenizer.encode("", { addSpecialTokens: true })[0];
  const prefix = first !== undefined && first === tokenizer.bosTokenId ? [first] : [];
  const room = windowTokens - prefix.length;
  const unscored = 1 - prefix.length;
  if (room < 2 || tokens.length <= unscored) {
    throw new BaimoError(
      "request",
      `a text of ${tokens.length} tokens in windows of ${windowTokens} has nothing to predict; give a longer one`,
    );
  }
  let sum = 0;
  let squares = 0;
  for (let done = 0; done < tokens.length; ) {
    const start = Math.max(0, done - Math.floor(room / 2));
    const end = Math.min(tokens.length, start + room);
    const from = Math.max(1, prefix.length + done - start);
    const { logprobs } = await model.measure([...prefix, ...tokens.slice(start, end)], { from, signal });
    for (const logprob of logprobs) {
      sum -= logprob;
      squares += logprob * logprob;
    }
    done = end;
    onProgress?.({ done, total: tokens.length });
  }
  const scored = tokens.length - unscored;
  const mean = sum / scored;
  const perplexity = Math.exp(mean);
  const variance = Math.max(0, squares / scored - mean * mean);
  const encoder = new TextEncoder();
  const bytes =
    encoder.encode(text).length -
    (unscored > 0 ? encoder.encode(tokenizer.decode(tokens.slice(0, unscored))).length : 0);
  return {
    perplexity,
    error: perplexity * Math.sqrt(variance / Math.max(1, scored - 1)),
    bitsPerByte: sum / Math.LN2 / bytes,
    tokens: tokens.length,
    scored,
    bytes,
    windowTokens,
  };
}
