// How often each who answered was chosen, with Wilson's interval of 95%.
import { wilson } from "../../evaluate/statistics/intervals.ts";
import type { Comparison } from "../../store/comparisons.ts";
import type { Answerer } from "../../store/usage.ts";

/** The record of one who answered. */
export interface WinRate extends Answerer {
  readonly wins: number;
  /** Where none was better. */
  readonly ties: number;
  readonly losses: number;
  /** The share of wins, a tie being half of one, and its interval. */
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/** The records of all, the best first. */
export function winRates(comparisons: readonly Comparison[]): WinRate[] {
  const tallies = new Map<string, Answerer & { wins: number; ties: number; losses: number }>();
  for (const { contestants, winner } of comparisons) {
    for (const [at, { model, assistant }] of contestants.entries()) {
      const key = JSON.stringify([model, assistant]);
      const tally = tallies.get(key) ?? { model, assistant, wins: 0, ties: 0, losses: 0 };
      if (winner === null) tally.ties++;
      else if (winner === at) tally.wins++;
      else tally.losses++;
      tallies.set(key, tally);
    }
  }
  const rates = Array.from(tallies.values(), ({ model, assistant, wins, ties, losses }) => {
    const [points, count] = [wins + ties / 2, wins + ties + losses];
    const [low, high] = wilson(points, count);
    return { model, assistant, wins, ties, losses, rate: points / count, low, high };
  });
  return rates.sort((one, other) => other.rate - one.rate || other.wins - one.wins);
}
