// Full-text search over what was said, and over titles.
import type { Database, Statement } from "./database.ts";
import { wordsOf } from "./messages.ts";
import type { Part } from "./parts.ts";
import { type Excerpt, excerptOf, toQuery } from "./words.ts";

/** A place that was found. */
export interface SearchHit extends Excerpt {
  readonly conversation: { readonly id: string; readonly title: string; readonly updated: number };
  /** Null for a hit in the title. */
  readonly message: string | null;
}

interface Row {
  conversation: string;
  title: string;
  updated: number;
  message: string;
  parts: string;
}

/** Places that are looked at; conversations are shown once each. */
const LOOKED_AT = 400;

/** Searches the conversations of each owner. */
export class Search {
  readonly #messages: Statement;
  readonly #titles: Statement;

  constructor(database: Database) {
    this.#messages = database.prepare(
      `SELECT c.id AS conversation, c.title, c.updated, m.id AS message, m.parts
       FROM message_words w CROSS JOIN messages m ON m.key = w.rowid CROSS JOIN conversations c ON c.key = m.conversation
       WHERE w.words MATCH ? AND c.owner = ? AND c.deleted IS NULL ORDER BY w.rowid DESC LIMIT ?`,
    );
    this.#titles = database.prepare(
      `SELECT c.id AS conversation, c.title, c.updated
       FROM title_words w CROSS JOIN conversations c ON c.key = w.rowid
       WHERE w.words MATCH ? AND c.owner = ? AND c.deleted IS NULL ORDER BY w.rowid DESC LIMIT ?`,
    );
  }

  /** Where all words of a question stand: in titles first, then the latest messages, one a conversation. */
  find(owner: number, question: string, limit = 30): SearchHit[] {
    const query = toQuery(question);
    if (query === undefined) return [];
    const titled = this.#titles.all<Row>(query, owner, limit);
    const hits: SearchHit[] = titled.map((row) => toHit(row, null, row.title, question));
    const seen = new Set<string>();
    for (const row of this.#messages.all<Row>(query, owner, LOOKED_AT)) {
      if (hits.length >= limit) break;
      if (seen.has(row.conversation)) continue;
      seen.add(row.conversation);
      const parts = JSON.parse(row.parts) as Part[]; // as the store wrote them
      hits.push(toHit(row, row.message, wordsOf(parts), question));
    }
    return hits;
  }
}

function toHit(
  { conversation, title, updated }: Row,
  message: string | null,
  text: string,
  question: string,
) {
  const { before, match, after } = excerptOf(text, question);
  return { conversation: { id: conversation, title, updated }, message, before, match, after };
}
