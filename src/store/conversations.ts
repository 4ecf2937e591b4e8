// Conversations: listed by pages, changed, deleted and restored. Their messages are in messages.ts.
import { type Database, first, type Statement } from "./database.ts";
import { newId } from "./ids.ts";
import { toWords } from "./words.ts";

/** A conversation as the application shows it. */
export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly pinned: boolean;
  readonly folder: string | null;
  readonly model: string | null;
  readonly assistant: string | null;
  readonly settings: ConversationSettings;
  readonly draft: string;
  readonly leaf: string | null;
  readonly running: boolean;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number | null;
}

/** What answers in a conversation are made with. */
export interface ConversationSettings {
  readonly system?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** The same with the keys by which the store finds things. */
export interface StoredConversation extends Conversation {
  readonly key: number;
  readonly leafKey: number | null;
}

/** What can be changed; "" takes a folder, a model or an assistant away. */
export interface ConversationChanges {
  readonly title?: string;
  readonly pinned?: boolean;
  readonly folder?: string;
  readonly model?: string;
  readonly assistant?: string;
  readonly settings?: ConversationSettings;
  readonly draft?: string;
}

/** What is new may come with its id and times, as imports do. */
export interface NewConversation extends ConversationChanges {
  readonly id?: string;
  readonly created?: number;
  readonly updated?: number;
}

/** A page of a list. */
export interface ConversationPage {
  readonly conversations: readonly StoredConversation[];
  /** Where the next page begins. */
  readonly next: string | null;
}

interface Row {
  key: number;
  id: string;
  title: string;
  pinned: number;
  folder: string | null;
  model: string | null;
  assistant: string | null;
  settings: string;
  draft: string;
  leaf: string | null;
  leafKey: number | null;
  running: number;
  created: number;
  updated: number;
  deleted: number | null;
}

/**
 * When what is coming in was "deleted": nobody sees it until all of it is there, and where that never happens it is forgotten
 * with what was deleted long ago.
 */
export const ARRIVING = 0;

const COLUMNS = `SELECT c.key, c.id, c.title, c.pinned, f.id AS folder, c.model, c.assistant, c.settings, c.draft,
  l.id AS leaf, c.leaf AS leafKey, c.created, c.updated, c.deleted,
  EXISTS (SELECT 1 FROM messages r WHERE r.conversation = c.key AND r.status = 'running') AS running
  FROM conversations c LEFT JOIN folders f ON f.key = c.folder LEFT JOIN messages l ON l.key = c.leaf`;
const PAGE = `c.deleted IS NULL AND (c.pinned, c.updated, c.key) < (?, ?, ?)
  ORDER BY c.pinned DESC, c.updated DESC, c.key DESC LIMIT ?`;

/** The conversations of each owner. */
export class Conversations {
  readonly #list: Statement;
  readonly #listFolder: Statement;
  readonly #listDeleted: Statement;
  readonly #find: Statement;
  readonly #findByKey: Statement;
  readonly #taken: Statement;
  readonly #folderKey: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #delete: Statement;
  readonly #leaf: Statement;
  readonly #unlink: Statement;
  readonly #purge: Statement;
  readonly #unlinkOne: Statement;
  readonly #remove: Statement;
  readonly #publish: Statement;
  readonly #dropTitle: Statement;
  readonly #addTitle: Statement;

  constructor(database: Database) {
    this.#list = database.prepare(`${COLUMNS} WHERE c.owner = ? AND ${PAGE}`);
    this.#listFolder = database.prepare(`${COLUMNS} WHERE c.folder = ? AND ${PAGE}`);
    this.#listDeleted = database.prepare(
      `${COLUMNS} WHERE c.owner = ? AND c.deleted > ${ARRIVING} ORDER BY c.deleted DESC LIMIT ?`,
    );
    this.#find = database.prepare(
      `${COLUMNS} WHERE c.id = ? AND c.owner = ? AND c.deleted IS NOT ${ARRIVING}`,
    );
    this.#taken = database.prepare("SELECT key FROM conversations WHERE id = ?");
    this.#findByKey = database.prepare(
      `${COLUMNS} WHERE c.key = ? AND c.owner = ? AND c.deleted IS NOT ${ARRIVING}`,
    );
    this.#folderKey = database.prepare("SELECT key FROM folders WHERE id = ? AND owner = ?");
    this.#insert = database.prepare(
      `INSERT INTO conversations (id, owner, folder, title, pinned, model, assistant, settings, draft, created, updated)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = database.prepare(
      `UPDATE conversations SET folder = ?, title = ?, pinned = ?, model = ?, assistant = ?, settings = ?, draft = ?
       WHERE key = ?`,
    );
    this.#delete = database.prepare("UPDATE conversations SET deleted = ? WHERE key = ?");
    this.#leaf = database.prepare("UPDATE conversations SET leaf = ?, updated = ? WHERE key = ?");
    this.#unlink = database.prepare(
      `UPDATE messages SET parent = NULL
       WHERE conversation IN (SELECT key FROM conversations WHERE deleted < ?) AND parent IS NOT NULL`,
    );
    this.#purge = database.prepare("DELETE FROM conversations WHERE deleted < ?");
    this.#unlinkOne = database.prepare(
      "UPDATE messages SET parent = NULL WHERE conversation = ? AND parent IS NOT NULL",
    );
    this.#remove = database.prepare("DELETE FROM conversations WHERE key = ?");
    this.#publish = database.prepare("UPDATE conversations SET deleted = NULL, folder = ? WHERE key = ?");
    this.#dropTitle = database.prepare("DELETE FROM title_words WHERE rowid = ?");
    this.#addTitle = database.prepare("INSERT INTO title_words (rowid, words) VALUES (?, ?)");
  }

  /** A page of those that are not deleted, pinned ones first, then the latest. */
  list(owner: number, { limit = 50, cursor, folder }: ListOptions = {}): ConversationPage {
    const after = cursorOf(cursor);
    const within = folder === undefined ? undefined : this.#keyOfFolder(owner, folder);
    if (within === null) return { conversations: [], next: null };
    const rows =
      within === undefined
        ? this.#list.all<Row>(owner, ...after, limit + 1)
        : this.#listFolder.all<Row>(within, ...after, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const next = rows.length > limit && last ? `${last.pinned}.${last.updated}.${last.key}` : null;
    return { conversations: page.map(toConversation), next };
  }

  /** The deleted ones that can still be restored, the latest first. */
  listDeleted(owner: number, limit = 200): StoredConversation[] {
    return this.#listDeleted.all<Row>(owner, limit).map(toConversation);
  }

  /** One, deleted or not. */
  find(owner: number, id: string): StoredConversation | undefined {
    const row = first<Row>(this.#find, id, owner);
    return row && toConversation(row);
  }

  /** Whether nobody has a conversation of this id. */
  isFree(id: string): boolean {
    return first(this.#taken, id) === undefined;
  }

  findByKey(owner: number, key: number): StoredConversation | undefined {
    const row = first<Row>(this.#findByKey, key, owner);
    return row && toConversation(row);
  }

  create(owner: number, given: NewConversation = {}): StoredConversation {
    const { id = newId(), created = Date.now(), updated = created } = given;
    const { title = "", pinned = false, settings = {}, draft = "" } = given;
    const folder = this.#keyOfFolder(owner, given.folder);
    const [model, assistant] = [given.model || null, given.assistant || null];
    this.#insert.run(
      id,
      owner,
      folder,
      plainTitle(title),
      Number(pinned),
      model,
      assistant,
      JSON.stringify(settings),
      draft,
      created,
      updated,
    );
    const made = this.find(owner, id)!;
    this.#index(made.key, made.title);
    return made;
  }

  update(owner: number, before: StoredConversation, changes: ConversationChanges): StoredConversation {
    const after = { ...before, ...changes };
    const title = plainTitle(after.title);
    this.#update.run(
      this.#keyOfFolder(owner, after.folder ?? undefined),
      title,
      Number(after.pinned),
      after.model || null,
      after.assistant || null,
      JSON.stringify(after.settings),
      after.draft,
      before.key,
    );
    if (title !== before.title) this.#index(before.key, title);
    return this.find(owner, before.id)!;
  }

  /** Shows a branch by its last message. */
  setLeaf(conversation: number, message: number | null, updated = Date.now()): void {
    this.#leaf.run(message, updated, conversation);
  }

  /** Takes it out of all lists, or back in. */
  setDeleted({ key }: StoredConversation, at: number | null): void {
    this.#delete.run(at, key);
  }

  /** Makes one that nobody sees before it is published. */
  createArriving(owner: number, given: NewConversation): StoredConversation {
    const made = this.create(owner, given);
    this.setDeleted(made, ARRIVING);
    return made;
  }

  /** Shows what was arriving, in a folder. */
  publish(owner: number, { key }: StoredConversation, folder: string | undefined): void {
    this.#publish.run(this.#keyOfFolder(owner, folder), key);
  }

  /** Forgets one at once. */
  remove({ key }: StoredConversation): void {
    this.#unlinkOne.run(key);
    this.#remove.run(key);
  }

  /**
   * Forgets what was deleted before a time, within a transaction of the caller's. Messages let go of their parents first: a
   * cascade from parent to child would go one level deeper with each message, and SQLite has 1,000 levels.
   */
  purge(before: number): number {
    this.#unlink.run(before);
    return this.#purge.run(before);
  }

  #index(key: number, title: string): void {
    this.#dropTitle.run(key);
    this.#addTitle.run(key, toWords(title));
  }

  /** Null for none, and for one that is not the owner's. */
  #keyOfFolder(owner: number, id: string | undefined): number | null {
    return id ? (first<{ key: number }>(this.#folderKey, id, owner)?.key ?? null) : null;
  }
}

/** Options of `list`. */
export interface ListOptions {
  readonly limit?: number;
  readonly cursor?: string;
  readonly folder?: string;
}

/** What a cursor may be. */
export const CURSOR = /^([01])\.(\d{1,15})\.(\d{1,15})$/;

function cursorOf(cursor: string | undefined): readonly [number, number, number] {
  const [, pinned, updated, key] = CURSOR.exec(cursor ?? "") ?? [];
  return pinned === undefined ? [2, 0, 0] : [Number(pinned), Number(updated), Number(key)];
}

/** One line; no control characters, of which not every driver keeps all. */
const plainTitle = (title: string) => title.replace(/[\p{Cc}\s]+/gu, " ").trim();

function toConversation(row: Row): StoredConversation {
  return {
    ...row,
    pinned: row.pinned === 1,
    settings: JSON.parse(row.settings) as ConversationSettings, // as it was written here
    running: row.running === 1,
  };
}
