// Groups of answers to a step's prompts: drawn by the model as it is, rewarded, compared.
import { BaimoError } from "../../errors.ts";
import { type AdvantageScale, advantagesOf } from "../preference.ts";
import type { TrainingSession } from "../session.ts";
import type { PromptExample } from "./examples.ts";
import type { DrawnGroups, Judge } from "./judge.ts";
import type { LiveModel } from "./live-model.ts";

export interface DrawOptions {
  /** Answers to each prompt. */
  readonly groupSize: number;
  /** Most tokens of an answer. */
  readonly answerTokens: number;
  /** Answers of a pass. */
  readonly microBatch: number;
  readonly scale: AdvantageScale;
  /** Whether the reference is asked. */
  readonly hasReference: boolean;
  /** Of the first answer; the others have those behind it. */
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** @throws {BaimoError} `request` for a reward that is no number */
export async function drawGroups(
  prompts: readonly PromptExample[],
  { live, session, judge }: { live: LiveModel; session: TrainingSession; judge: Judge },
  { groupSize, answerTokens, microBatch, scale, hasReference, seed, signal }: DrawOptions,
): Promise<DrawnGroups> {
  await live.refresh();
  const asked = prompts.flatMap((prompt) => Array.from({ length: groupSize }, () => prompt));
  const drawn = await Promise.all(
    asked.map(({ prompt }, i) => live.draw(prompt, { seed: seed + i, maxTokens: answerTokens, signal })),
  );
  const rewards: number[] = [];
  for (const [i, { text }] of drawn.entries()) {
    const reward = await judge.reward(asked[i].row, text);
    if (!Number.isFinite(reward))
      throw new BaimoError(
        "request",
        `${asked[i].source}: a reward should be a finite number, found ${String(reward)}`,
      );
    rewards.push(reward);
  }
  const passes = Array.from({ length: Math.ceil(drawn.length / microBatch) }, (_, i) =>
    drawn.slice(i * microBatch, (i + 1) * microBatch).map(({ prompt, answer }) => ({ prompt, answer })),
  );
  const old = await session.score(passes);
  const reference = hasReference ? await live.reference(drawn, signal) : [];
  const advantages = advantagesOf(rewards, groupSize, scale);
  const answers = drawn.map(({ prompt, answer }, i) => ({
    prompt,
    answer,
    advantage: advantages[i],
    old: old[i],
    reference: reference[i] ?? [],
  }));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const about = {
    "train/reward": mean(rewards),
    "train/answer_tokens": mean(drawn.map(({ answer }) => answer.length)),
    "train/whole_answers": mean(drawn.map(({ isWhole }) => Number(isWhole))),
    "sample/prompt": asked[0].text,
    "sample/answer": drawn[0].text,
    "sample/reward": rewards[0],
  };
  return { answers, about };
}
