// What answers took: tokens, time, energy and money by day, model and assistant.
import type { Database, Statement } from "./database.ts";

/** What one answer took; energy and cost where somebody knows them. */
export interface Taken {
  readonly tokens: { readonly prompt: number; readonly cached: number; readonly completion: number };
  readonly timings: { readonly promptMs: number; readonly generationMs: number };
  readonly energy?: { readonly joules: number; readonly from: "measured" | "stated" };
  readonly cost?: { readonly amount: number; readonly currency: string };
}

/**
 * The answers of one day by one model, as one assistant ("" for none), of which the same is known: `joules` where `energyFrom` is
 * not "", `cost` where `currency` is not "".
 */
export interface UsageRow {
  /** In UTC: "2026-11-28". */
  readonly day: string;
  readonly model: string;
  readonly assistant: string;
  readonly energyFrom: "measured" | "stated" | "";
  readonly currency: string;
  readonly answers: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly promptMs: number;
  readonly generationMs: number;
  readonly joules: number;
  readonly cost: number;
}

/** Who answered. */
export interface Answerer {
  readonly model: string | null;
  readonly assistant: string | null;
}

const KEYS = ["day", "model", "assistant", "energyFrom", "currency"];
const SUMS = [
  "promptTokens",
  "cachedTokens",
  "completionTokens",
  "promptMs",
  "generationMs",
  "joules",
  "cost",
];

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** The usage of each owner. */
export class UsageLog {
  readonly #add: Statement;
  readonly #list: Statement;

  constructor(database: Database) {
    const all = [...KEYS, ...SUMS];
    this.#add = database.prepare(
      `INSERT INTO usage (owner, ${all.join()}, answers)
       SELECT c.owner, ${all.map(() => "?").join()}, 1 FROM conversations c WHERE c.key = ?
       ON CONFLICT DO UPDATE SET answers = answers + 1, ${SUMS.map((sum) => `${sum} = ${sum} + excluded.${sum}`).join()}`,
    );
    this.#list = database.prepare(
      `SELECT ${all.join()}, answers FROM usage WHERE owner = ? AND day >= ? ORDER BY ${KEYS.join()}`,
    );
  }

  /** Counts an answer of a conversation to its owner; one that never began does not count. */
  add(conversation: number, { model, assistant }: Answerer, taken: Taken, now = Date.now()): void {
    const { tokens, timings, energy, cost } = taken;
    if (tokens.prompt + tokens.completion === 0) return;
    this.#add.run(
      dayOf(now),
      model ?? "",
      assistant ?? "",
      energy?.from ?? "",
      cost?.currency ?? "",
      tokens.prompt,
      tokens.cached,
      tokens.completion,
      timings.promptMs,
      timings.generationMs,
      energy?.joules ?? 0,
      cost?.amount ?? 0,
      conversation,
    );
  }

  /** From a day on. */
  list(owner: number, since: number): UsageRow[] {
    return this.#list.all<UsageRow>(owner, dayOf(since)).map((row) => ({ ...row }));
  }
}
