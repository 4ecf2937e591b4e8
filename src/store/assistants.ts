// Assistants: what somebody has a model be, under a name and a picture.
import { type Database, first, type Statement } from "./database.ts";
import { newId } from "./ids.ts";
import type { TextFile } from "./passages.ts";

/** What an assistant is made of. */
export interface AssistantFields {
  readonly name: string;
  readonly description: string;
  /** A data: URL of an image, or "". */
  readonly picture: string;
  /** "" for whatever the server has. */
  readonly model: string;
  /** Models in its place, the first that is there. */
  readonly fallbacks: readonly string[];
  readonly system: string;
  /** Questions to begin with. */
  readonly starters: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly tools: readonly Readonly<Record<string, unknown>>[];
  /** Read before every conversation, or searched where they are too long. */
  readonly files: readonly TextFile[];
}

/** As a list shows one. */
export interface AssistantSummary extends Omit<AssistantFields, "tools" | "files"> {
  readonly id: string;
  readonly created: number;
  readonly updated: number;
}

export interface Assistant extends AssistantSummary, Pick<AssistantFields, "tools" | "files"> {}

interface Row {
  id: string;
  summary: string;
  attachments: string;
  created: number;
  updated: number;
}

/** The assistants of each owner. */
export class Assistants {
  readonly #list: Statement;
  readonly #find: Statement;
  readonly #taken: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #delete: Statement;

  constructor(database: Database) {
    this.#list = database.prepare(
      "SELECT id, summary, created, updated FROM assistants WHERE owner = ? ORDER BY updated DESC LIMIT ?",
    );
    this.#find = database.prepare(
      "SELECT id, summary, attachments, created, updated FROM assistants WHERE id = ? AND owner = ?",
    );
    this.#taken = database.prepare("SELECT key FROM assistants WHERE id = ?");
    this.#insert = database.prepare(
      "INSERT INTO assistants (id, owner, summary, attachments, created, updated) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#update = database.prepare(
      "UPDATE assistants SET summary = ?, attachments = ?, updated = ? WHERE id = ? AND owner = ?",
    );
    this.#delete = database.prepare("DELETE FROM assistants WHERE id = ? AND owner = ?");
  }

  list(owner: number, limit = 1000): AssistantSummary[] {
    return this.#list.all<Row>(owner, limit).map(toSummary);
  }

  find(owner: number, id: string): Assistant | undefined {
    const row = first<Row>(this.#find, id, owner);
    if (!row) return undefined;
    const attachments = JSON.parse(row.attachments) as Pick<AssistantFields, "tools" | "files">; // as `split` wrote it
    return { ...toSummary(row), ...attachments };
  }

  /** Whether nobody has an assistant of this id. */
  isFree(id: string): boolean {
    return first(this.#taken, id) === undefined;
  }

  create(owner: number, fields: AssistantFields, id = newId()): Assistant {
    const now = Date.now();
    const { summary, attachments } = split(fields);
    this.#insert.run(id, owner, summary, attachments, now, now);
    return this.find(owner, id)!;
  }

  update(owner: number, id: string, fields: AssistantFields): Assistant {
    const { summary, attachments } = split(fields);
    this.#update.run(summary, attachments, Date.now(), id, owner);
    return this.find(owner, id)!;
  }

  delete(owner: number, id: string): boolean {
    return this.#delete.run(id, owner) > 0;
  }
}

/** What an assistant is made of, without its id and times. */
export function fieldsOf(assistant: AssistantFields): AssistantFields {
  const { name, description, picture, model, fallbacks, system, starters, options, tools, files } = assistant;
  return { name, description, picture, model, fallbacks, system, starters, options, tools, files };
}

function split(fields: AssistantFields): { summary: string; attachments: string } {
  const { tools, files, ...summary } = fieldsOf(fields);
  return { summary: JSON.stringify(summary), attachments: JSON.stringify({ tools, files }) };
}

function toSummary({ id, summary, created, updated }: Row): AssistantSummary {
  const fields = JSON.parse(summary) as Omit<AssistantFields, "tools" | "files">; // as `split` wrote it
  return { id, ...fields, created, updated };
}
