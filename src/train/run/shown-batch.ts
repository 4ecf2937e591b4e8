// What a step learns, as text: each document's tokens, parted where learning begins and ends.
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { AnswerBatch } from "../tasks/groups.ts";
import type { TaughtBatch } from "../tasks/next-tokens.ts";
import { answersOf, type PairBatch } from "../tasks/pairs.ts";
import type { TrainConfig } from "./config.ts";
import { openRun } from "./open-run.ts";

/** Neighbouring tokens that are all learned, or all only read. */
export interface ShownPart {
  readonly text: string;
  readonly learned: boolean;
}

/** A text of a batch; answers behind their prompts. */
export interface ShownText {
  readonly tokens: number;
  readonly learned: number;
  readonly answer?: "chosen" | "rejected" | "drawn";
  readonly parts: readonly ShownPart[];
}

/** A step's first micro-batch. */
export interface ShownBatch {
  readonly documents: readonly string[];
  readonly texts: readonly ShownText[];
}

/** What a run's first step learns. @throws {BaimoError} as `runTraining` */
export async function showBatch(config: TrainConfig): Promise<ShownBatch> {
  await using run = await openRun(config);
  const { tokenizer } = run.language;
  const { data } = run;
  // Of no account for what is learned, but for its size.
  const reference = data.pairs.flat().map(() => ({ chosen: 0, rejected: 0 }));
  const step = await data.source(reference).step(0);
  const [batch] = step.batches;
  const texts = "tokens" in batch ? ofTokens(tokenizer, batch) : ofAnswers(tokenizer, batch);
  return { documents: await step.documents(), texts };
}

function ofTokens(tokenizer: Tokenizer, { tokens, targets, documents }: TaughtBatch): ShownText[] {
  let first = 0;
  return documents.map((length) => {
    const isLearned = (i: number) => i > 0 && targets[first + i - 1] >= 0;
    const text = shown(tokenizer, tokens.subarray(first, first + length), isLearned);
    first += length;
    return text;
  });
}

function ofAnswers(tokenizer: Tokenizer, batch: PairBatch | AnswerBatch): ShownText[] {
  const answers = "pairs" in batch ? answersOf(batch.pairs) : batch.answers;
  return answers.map(({ prompt, answer }, i) => ({
    answer: "pairs" in batch ? (["chosen", "rejected"] as const)[i % 2] : "drawn",
    ...shown(tokenizer, Int32Array.from([...prompt, ...answer]), (at) => at >= prompt.length),
  }));
}

function shown(tokenizer: Tokenizer, ids: Int32Array, isLearned: (i: number) => boolean): ShownText {
  const parts: ShownPart[] = [];
  let learned = 0;
  for (let from = 0; from < ids.length; ) {
    const kind = isLearned(from);
    let to = from + 1;
    while (to < ids.length && isLearned(to) === kind) to++;
    const text = tokenizer.decode(ids.subarray(from, to), { skipSpecialTokens: false });
    parts.push({ text, learned: kind });
    if (kind) learned += to - from;
    from = to;
  }
  return { tokens: ids.length, learned, parts };
}
