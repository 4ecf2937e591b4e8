// What answers took: tokens and time by day, model and assistant.
import type { Database, Statement } from "./database.ts";
import type { Outcome } from "./parts.ts";

/** The answers of one day by one model, as one assistant ("" for none). */
export interface UsageRow {
  /** In UTC: "2026-11-28". */
  readonly day: string;
  readonly model: string;
  readonly assistant: string;
  readonly answers: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly promptMs: number;
  readonly generationMs: number;
}

/** Who answered. */
export interface Answerer {
  readonly model: string | null;
  readonly assistant: string | null;
}

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** The usage of each owner. */
export class UsageLog {
  readonly #add: Statement;
  readonly #list: Statement;

  constructor(database: Database) {
    this.#add = database.prepare(
      `INSERT INTO usage (owner, day, model, assistant, answers, promptTokens, cachedTokens, completionTokens, promptMs, generationMs)
       SELECT c.owner, ?, ?, ?, 1, ?, ?, ?, ?, ? FROM conversations c WHERE c.key = ?
       ON CONFLICT DO UPDATE SET answers = answers + 1, promptTokens = promptTokens + excluded.promptTokens,
         cachedTokens = cachedTokens + excluded.cachedTokens, completionTokens = completionTokens + excluded.completionTokens,
         promptMs = promptMs + excluded.promptMs, generationMs = generationMs + excluded.generationMs`,
    );
    this.#list = database.prepare(
      `SELECT day, model, assistant, answers, promptTokens, cachedTokens, completionTokens, promptMs, generationMs
       FROM usage WHERE owner = ? AND day >= ? ORDER BY day, model, assistant`,
    );
  }

  /** Counts an answer of a conversation to its owner. */
  add(
    conversation: number,
    { model, assistant }: Answerer,
    { usage, timings }: Outcome,
    now = Date.now(),
  ): void {
    if (!usage || !timings) return;
    const { promptTokens, cachedTokens, completionTokens } = usage;
    const { promptMs, generationMs } = timings;
    this.#add.run(
      dayOf(now),
      model ?? "",
      assistant ?? "",
      promptTokens,
      cachedTokens,
      completionTokens,
      promptMs,
      generationMs,
      conversation,
    );
  }

  /** From a day on. */
  list(owner: number, since: number): UsageRow[] {
    return this.#list.all<UsageRow>(owner, dayOf(since)).map((row) => ({ ...row }));
  }
}
