// Sums of usage: by model and assistant for a table, by day for a chart.

/** The answers of one day by one model, as one assistant ("" for none), of which the same is known. */
export interface Used extends Record<Amount, number> {
  /** In UTC: "2026-11-28". */
  day: string;
  model: string;
  assistant: string;
  /** Whence `joules` are known; "" where they are not. */
  energyFrom: "measured" | "stated" | "";
  /** Of `cost`; "" where no price was known. */
  currency: string;
  cost: number;
}

/** What is the same in whatever row it stands. */
const amounts = [
  "answers",
  "promptTokens",
  "cachedTokens",
  "completionTokens",
  "promptMs",
  "generationMs",
  "joules",
] as const;
type Amount = (typeof amounts)[number];

/** Sums. */
export interface Figures extends Record<Amount, number> {
  /** Answers whose energy is known, and those whose cost is. */
  metered: number;
  priced: number;
  /** By currency. */
  costs: Map<string, number>;
}

/** Who answered. */
export interface Answerer {
  model: string;
  assistant: string;
}

const none = (): Figures => ({
  ...(Object.fromEntries(amounts.map((name) => [name, 0])) as Record<Amount, number>),
  metered: 0,
  priced: 0,
  costs: new Map(),
});

function add(sum: Figures, used: Used): void {
  const { energyFrom, currency, cost, answers } = used;
  for (const name of amounts) sum[name] += used[name];
  if (energyFrom !== "") sum.metered += answers;
  if (currency === "") return;
  sum.priced += answers;
  sum.costs.set(currency, (sum.costs.get(currency) ?? 0) + cost);
}

/** All together. */
export function totalOf(usage: readonly Used[]): Figures {
  const total = none();
  for (const used of usage) add(total, used);
  return total;
}

/** By model and assistant, who wrote most first. */
export function byAnswerer(usage: readonly Used[]): (Answerer & Figures)[] {
  const sums = new Map<string, Answerer & Figures>();
  for (const used of usage) {
    const { model, assistant } = used;
    const key = JSON.stringify([model, assistant]);
    const sum = sums.get(key) ?? { model, assistant, ...none() };
    add(sum, used);
    sums.set(key, sum);
  }
  return [...sums.values()].sort((one, other) => other.completionTokens - one.completionTokens);
}

/** What a row has of what is drawn; undefined where nobody knows. */
export type Measure = (used: Used) => number | undefined;

/** What can be drawn: a cost in its currency, since no rate of exchange is known. */
export type Shown = "tokens" | "time" | "energy" | `cost ${string}`;

/** What there is to draw of some usage. */
export function shownOf(usage: readonly Used[]): Shown[] {
  const currencies = new Set(usage.map(({ currency }) => currency).filter((currency) => currency !== ""));
  return [
    "tokens",
    "time",
    ...(usage.some(({ energyFrom }) => energyFrom !== "") ? (["energy"] as const) : []),
    ...[...currencies].sort().map((currency): Shown => `cost ${currency}`),
  ];
}

/** Tokens written, seconds, joules, or money. */
export function measureOf(shown: Shown): Measure {
  if (shown === "tokens") return ({ completionTokens }) => completionTokens;
  if (shown === "time") return ({ promptMs, generationMs }) => (promptMs + generationMs) / 1000;
  if (shown === "energy") return ({ energyFrom, joules }) => (energyFrom === "" ? undefined : joules);
  return ({ currency, cost }) => (shown === `cost ${currency}` ? cost : undefined);
}

const DAY_S = 86_400;

/** What is drawn of each day. */
export interface Drawing {
  days: number;
  now: number;
  /** Lines: those that have most. */
  most: number;
  by: keyof Answerer;
  measure: Measure;
}

/** A line for each model or assistant: days in seconds since 1970, 0 where there was nothing. */
export function byDay(
  usage: readonly Used[],
  { days, now, most, by, measure }: Drawing,
): { days: number[]; lines: { name: string; values: number[] }[] } {
  const today = Math.floor(now / 1000 / DAY_S) * DAY_S;
  const all = Array.from({ length: days }, (_, at) => today - (days - 1 - at) * DAY_S);
  const sums = new Map<string, number[]>();
  for (const used of usage) {
    const at = all.indexOf(Date.parse(`${used.day}T00:00:00Z`) / 1000);
    const value = measure(used);
    if (at < 0 || value === undefined) continue;
    const values = sums.get(used[by]) ?? all.map(() => 0);
    values[at]! += value;
    sums.set(used[by], values);
  }
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const lines = Array.from(sums, ([name, values]) => ({ name, values }))
    .sort((one, other) => total(other.values) - total(one.values))
    .slice(0, most);
  return { days: all, lines };
}
