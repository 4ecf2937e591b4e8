// Messages as a tree: those of one parent are versions of each other.
import { ARRIVING } from "./conversations.ts";
import { type Database, first, type Statement } from "./database.ts";
import { newId } from "./ids.ts";
import { type AnswerEvent, addEvent, type Outcome, type Part, type Status } from "./parts.ts";
import { toWords } from "./words.ts";

export type Role = "user" | "assistant" | "tool";

/** A message as the application shows it. */
export interface Message {
  readonly id: string;
  readonly parent: string | null;
  readonly role: Role;
  readonly parts: Part[];
  readonly model: string | null;
  readonly assistant: string | null;
  readonly status: Status;
  readonly finish: Outcome["finish"] | null;
  readonly usage: Outcome["usage"] | null;
  readonly timings: Outcome["timings"] | null;
  readonly seed: number | null;
  readonly problem: Outcome["problem"] | null;
  /** `parts` holds the events of its log up to this one. */
  readonly events: number;
  readonly created: number;
}

/** The same with the keys by which the store finds things. */
export interface StoredMessage extends Message {
  readonly key: number;
  readonly conversation: number;
  readonly parentKey: number | null;
}

/** What a message begins as. */
export interface NewMessage {
  readonly id?: string;
  readonly conversation: number;
  readonly parent: number | null;
  readonly role: Role;
  readonly parts: readonly Part[];
  readonly model?: string | null;
  readonly assistant?: string | null;
  readonly status?: Status;
  readonly outcome?: Outcome;
  readonly created?: number;
}

interface Row {
  key: number;
  id: string;
  conversation: number;
  parentKey: number | null;
  parent: string | null;
  role: Role;
  parts: string;
  model: string | null;
  assistant: string | null;
  status: Status;
  outcome: string;
  events: number;
  created: number;
}

const COLUMNS = `SELECT m.key, m.id, m.conversation, m.parent AS parentKey, p.id AS parent, m.role, m.parts, m.model,
  m.assistant, m.status, m.outcome, m.events, m.created
  FROM messages m LEFT JOIN messages p ON p.key = m.parent`;

/** The messages of conversations, and the log of those that are being written. */
export class Messages {
  readonly #list: Statement;
  readonly #page: Statement;
  readonly #find: Statement;
  readonly #get: Statement;
  readonly #status: Statement;
  readonly #taken: Statement;
  readonly #running: Statement;
  readonly #insert: Statement;
  readonly #write: Statement;
  readonly #dropWords: Statement;
  readonly #addWords: Statement;
  readonly #log: Statement;
  readonly #addEvent: Statement;
  readonly #dropLogs: Statement;

  constructor(database: Database) {
    this.#list = database.prepare(`${COLUMNS} WHERE m.conversation = ? ORDER BY m.key`);
    this.#page = database.prepare(`${COLUMNS} WHERE m.conversation = ? AND m.key > ? ORDER BY m.key LIMIT ?`);
    this.#find = database.prepare(
      `${COLUMNS} JOIN conversations c ON c.key = m.conversation
       WHERE m.id = ? AND c.owner = ? AND c.deleted IS NOT ${ARRIVING}`,
    );
    this.#get = database.prepare(`${COLUMNS} WHERE m.key = ?`);
    this.#taken = database.prepare("SELECT key FROM messages WHERE id = ?");
    this.#status = database.prepare("SELECT status FROM messages WHERE key = ?");
    this.#running = database.prepare(`${COLUMNS} WHERE m.status = 'running'`);
    this.#insert = database.prepare(
      `INSERT INTO messages (id, conversation, parent, role, parts, model, assistant, status, outcome, created)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING key`,
    );
    this.#write = database.prepare(
      "UPDATE messages SET parts = ?, status = ?, outcome = ?, events = ? WHERE key = ?",
    );
    this.#dropWords = database.prepare("DELETE FROM message_words WHERE rowid = ?");
    this.#addWords = database.prepare("INSERT INTO message_words (rowid, words) VALUES (?, ?)");
    this.#log = database.prepare(
      "SELECT n, event FROM answer_events WHERE answer = ? AND n > ? ORDER BY n LIMIT ?",
    );
    this.#addEvent = database.prepare("INSERT INTO answer_events (answer, n, event) VALUES (?, ?, ?)");
    this.#dropLogs = database.prepare(
      "DELETE FROM answer_events WHERE answer IN (SELECT key FROM messages WHERE conversation = ? AND status <> 'running')",
    );
  }

  /** The whole tree of a conversation, parents before children; what is being written as far as it has come. */
  list(conversation: number): StoredMessage[] {
    return this.#list.all<Row>(conversation).map((row) => this.#toMessage(row));
  }

  /** The same, some at a time. */
  *pages(conversation: number, limit = 32): Generator<StoredMessage[], void> {
    for (let after = 0; ; ) {
      const page = this.#page.all<Row>(conversation, after, limit).map((row) => this.#toMessage(row));
      if (page.length === 0) return;
      yield page;
      after = page[page.length - 1].key;
    }
  }

  /** A message of this owner. */
  find(owner: number, id: string): StoredMessage | undefined {
    const row = first<Row>(this.#find, id, owner);
    return row && this.#toMessage(row);
  }

  get(key: number): StoredMessage {
    return this.#toMessage(first<Row>(this.#get, key)!);
  }

  /** Whether nobody has a message of this id. */
  isFree(id: string): boolean {
    return first(this.#taken, id) === undefined;
  }

  /** Whether an answer is being written. */
  isRunning(key: number): boolean {
    return first<{ status: Status }>(this.#status, key)?.status === "running";
  }

  /** Answers that are being written, or were when the process ended. */
  running(): StoredMessage[] {
    return this.#running.all<Row>().map((row) => this.#toMessage(row));
  }

  add(given: NewMessage): StoredMessage {
    return this.get(this.insert(given));
  }

  /** Adds a message, and returns its key alone. */
  insert(given: NewMessage): number {
    const { id = newId(), status = "done", outcome = {}, created = Date.now() } = given;
    const { conversation, parent, role, parts, model = null, assistant = null } = given;
    const [{ key }] = this.#insert.all<{ key: number }>(
      id,
      conversation,
      parent,
      role,
      JSON.stringify(parts),
      model,
      assistant,
      status,
      JSON.stringify(outcome),
      created,
    );
    if (status !== "running") this.#index(key, parts);
    return key;
  }

  /** Adds to the log of an answer, after its `n`th event; returns the number of the last. */
  addEvents(answer: number, n: number, events: readonly AnswerEvent[]): number {
    for (const [i, event] of events.entries()) this.#addEvent.run(answer, n + 1 + i, JSON.stringify(event));
    return n + events.length;
  }

  /** Events after the `n`th, and their numbers. */
  eventsAfter(answer: number, n: number, limit = 256): { n: number; event: AnswerEvent }[] {
    const rows = this.#log.all<{ n: number; event: string }>(answer, n, limit);
    return rows.map((row) => ({ n: row.n, event: JSON.parse(row.event) as AnswerEvent })); // as it was written here
  }

  /** Writes what an answer is, its log up to `events` within. */
  write(key: number, { parts, status, outcome, events }: Written): StoredMessage {
    this.#write.run(JSON.stringify(parts), status, JSON.stringify(outcome), events, key);
    if (status !== "running") {
      this.#dropWords.run(key);
      this.#index(key, parts);
    }
    return this.get(key);
  }

  /** Forgets the logs of a conversation's answers that have ended. */
  dropLogs(conversation: number): void {
    this.#dropLogs.run(conversation);
  }

  #index(key: number, parts: readonly Part[]): void {
    const words = toWords(wordsOf(parts));
    if (words !== "") this.#addWords.run(key, words);
  }

  #toMessage(row: Row): StoredMessage {
    const outcome = JSON.parse(row.outcome) as Outcome; // both as they were written here
    const parts = JSON.parse(row.parts) as Part[];
    let { events } = row;
    if (row.status === "running") {
      for (let more = true; more; ) {
        const added = this.eventsAfter(row.key, events);
        for (const { event } of added) addEvent(parts, event);
        events = added.at(-1)?.n ?? events;
        more = added.length > 0;
      }
    }
    const { finish = null, usage = null, timings = null, seed = null, problem = null } = outcome;
    const { key, id, conversation, parent, parentKey, role, model, assistant, status, created } = row;
    return {
      key,
      id,
      conversation,
      parent,
      parentKey,
      role,
      parts,
      model,
      assistant,
      status,
      finish,
      usage,
      timings,
      seed,
      problem,
      events,
      created,
    };
  }
}

/** What of an answer is written when it has come to an end, or goes on. */
export interface Written {
  readonly parts: readonly Part[];
  readonly status: Status;
  readonly outcome: Outcome;
  readonly events: number;
}

/** What search finds: what was said and what is in files, not what a model thought before it spoke. */
export function wordsOf(parts: readonly Part[]): string {
  const texts = parts.map((part) => {
    if (part.type === "text" || part.type === "tool-result") return part.text;
    return part.type === "file" ? `${part.name}\n${part.text}` : "";
  });
  return texts.filter((text) => text !== "").join("\n");
}
