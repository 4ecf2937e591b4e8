// Sums of usage: by model and assistant for a table, by day for a chart.

/** The answers of one day by one model, as one assistant ("" for none). */
export interface Used {
  /** In UTC: "2026-11-28". */
  day: string;
  model: string;
  assistant: string;
  answers: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  promptMs: number;
  generationMs: number;
}

/** Figures that add up. */
export type Figures = Omit<Used, "day" | "model" | "assistant">;

const none = (): Figures => ({
  answers: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  promptMs: 0,
  generationMs: 0,
});

const names = Object.keys(none()) as (keyof Figures)[];

function add(sum: Figures, used: Figures): void {
  for (const name of names) sum[name] += used[name];
}

/** All together. */
export function totalOf(usage: readonly Used[]): Figures {
  const total = none();
  for (const used of usage) add(total, used);
  return total;
}

/** By model and assistant, who wrote most first. */
export function byAnswerer(usage: readonly Used[]): ({ model: string; assistant: string } & Figures)[] {
  const sums = new Map<string, { model: string; assistant: string } & Figures>();
  for (const used of usage) {
    const { model, assistant } = used;
    const key = JSON.stringify([model, assistant]);
    const sum = sums.get(key) ?? { model, assistant, ...none() };
    add(sum, used);
    sums.set(key, sum);
  }
  return [...sums.values()].sort((one, other) => other.completionTokens - one.completionTokens);
}

const DAY_S = 86_400;

/** Tokens written a day by each of the models that wrote most: days in seconds since 1970, a row a model, 0 where none. */
export function byDay(
  usage: readonly Used[],
  { days, now, most }: { days: number; now: number; most: number },
): { days: number[]; models: { model: string; tokens: number[] }[] } {
  const today = Math.floor(now / 1000 / DAY_S) * DAY_S;
  const all = Array.from({ length: days }, (_, at) => today - (days - 1 - at) * DAY_S);
  const sums = new Map<string, number[]>();
  for (const { day, model, completionTokens } of usage) {
    const at = all.indexOf(Date.parse(`${day}T00:00:00Z`) / 1000);
    if (at < 0) continue;
    const tokens = sums.get(model) ?? all.map(() => 0);
    tokens[at]! += completionTokens;
    sums.set(model, tokens);
  }
  const total = (tokens: readonly number[]) => tokens.reduce((sum, count) => sum + count, 0);
  const models = Array.from(sums, ([model, tokens]) => ({ model, tokens }))
    .sort((one, other) => total(other.tokens) - total(one.tokens))
    .slice(0, most);
  return { days: all, models };
}
