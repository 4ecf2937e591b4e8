// Which tokens end an answer, found by their text as llama.cpp does.
//
// Source: the list of end-of-generation tokens in src/llama-vocab.cpp of llama.cpp (commit 00ad355).

// llama.cpp, src/llama-vocab.cpp (commit 00ad355), the list of end-of-generation tokens.
const ENDS: ReadonlySet<string> = new Set([
  "<|eot_id|>",
  "<|im_end|>",
  "<|end|>",
  "<|return|>",
  "<|call|>",
  "<|flush|>",
  "<|calls|>",
  "<end_of_turn>",
  "<|endoftext|>",
  "</s>",
  "<|eom_id|>",
  "<EOT>",
  "_<EOT>",
  "[EOT]",
  "[EOS]",
  "<|end_of_text|>",
  "<end_of_utterance>",
  "<eos>",
  "<turn|>",
  "<|tool_response>",
  "<｜end▁of▁sentence｜>",
  "[e~[",
]);

/** Whether a token of this text ends an answer wherever it is a control token. */
export function isEndOfGeneration(text: string): boolean {
  return ENDS.has(text);
}

/**
 * Every id that ends an answer: the declared ones first, then those known by their text among the candidates.
 *
 * declared    from the file: EOS, end of turn, end of message
 * candidates  control tokens
 */
export function endOfGenerationIds(
  declared: readonly (number | undefined)[],
  candidates: Iterable<readonly [text: string, id: number]>,
): number[] {
  const byText = new Map<string, number>();
  for (const [text, id] of candidates) if (ENDS.has(text)) byText.set(text, id);
  const found = new Set(byText.values());
  const drop = (text: string) => {
    const id = byText.get(text);
    if (id !== undefined && !declared.includes(id)) found.delete(id);
  };
  // Harmony and Solar end messages, not answers, with <|end|>; Gemma 4 has </s> among its ordinary tokens.
  const calls = byText.has("<|call|>") || byText.has("<|calls|>");
  if (calls && (byText.has("<|return|>") || byText.has("<|flush|>"))) drop("<|end|>");
  if (byText.has("<|tool_response>")) drop("</s>");
  const first = new Set(declared.filter((id) => id !== undefined));
  return [...first, ...[...found].filter((id) => !first.has(id)).sort((a, b) => a - b)];
}
