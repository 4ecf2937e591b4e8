// Comparisons: who answered one question side by side, and whose answer somebody chose.
import type { Database, Statement } from "./database.ts";
import type { Answerer } from "./usage.ts";

/** A comparison; one a question. */
export interface Comparison {
  /** The id of the message that was answered. */
  readonly question: string;
  readonly contestants: readonly Answerer[];
  /** The place of the chosen one among them; null where none was better. */
  readonly winner: number | null;
  readonly created: number;
}

interface Row extends Omit<Comparison, "contestants"> {
  readonly contestants: string;
}

/** The comparisons of each owner. */
export class Comparisons {
  readonly #list: Statement;
  readonly #set: Statement;

  constructor(database: Database) {
    this.#list = database.prepare(
      "SELECT question, contestants, winner, created FROM comparisons WHERE owner = ? ORDER BY question",
    );
    this.#set = database.prepare(
      `INSERT INTO comparisons (owner, question, contestants, winner, created) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET contestants = excluded.contestants, winner = excluded.winner`,
    );
  }

  list(owner: number): Comparison[] {
    return this.#list.all<Row>(owner).map(({ contestants, ...row }) => ({
      ...row,
      contestants: JSON.parse(contestants) as Answerer[], // as it was written here
    }));
  }

  /** Writes a choice down; one of the same question takes the place of the earlier. */
  set(owner: number, { question, contestants, winner }: Omit<Comparison, "created">): void {
    this.#set.run(owner, question, JSON.stringify(contestants), winner, Date.now());
  }
}
