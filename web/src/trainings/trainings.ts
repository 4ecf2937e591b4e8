// What the server tells of trainings, and curves of several runs laid over one another.
import { ask } from "../store/ask.ts";
import type { Handle } from "../talk/client.ts";

/** A run, and where it stands. */
export interface Run {
  name: string;
  stage: string;
  model: string;
  steps: number;
  done: number;
  loss: number | null;
  heldOut: number | null;
  tokensPerSecond: number | null;
}

export const seriesNames = ["loss", "heldOut", "rate", "gradNorm", "tokensPerSecond", "reward"] as const;
export type SeriesName = (typeof seriesNames)[number];

/** The curves of a run, and answers that it drew. */
export interface Curves {
  series: Record<SeriesName, { steps: number[]; values: number[] }>;
  samples: { step: number; prompt: string; answer: string; reward: number | null }[];
}

/** The routes. */
export const trainingsOf = (handle: Handle) => ({
  list: () => ask<{ runs: Run[] }>(handle, "GET", "trainings"),
  curves: (run: string) => ask<Curves>(handle, "GET", `trainings/curves?${new URLSearchParams({ run })}`),
});

/** One curve of several runs over all of their steps. */
export function overlay(runs: readonly { name: string; curves: Curves }[], series: SeriesName) {
  const drawn = runs.filter(({ curves }) => curves.series[series].steps.length > 0);
  const x = [...new Set(drawn.flatMap(({ curves }) => curves.series[series].steps))].sort((a, b) => a - b);
  const lines = drawn.map(({ name, curves }) => {
    const { steps, values } = curves.series[series];
    const at = new Map(steps.map((step, i) => [step, values[i] ?? null]));
    return { name, values: x.map((step) => at.get(step) ?? null) };
  });
  return { x, lines };
}
