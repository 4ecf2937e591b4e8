// Users, their sessions and their settings.
import { type Database, first, type Statement } from "./database.ts";
import { newId } from "./ids.ts";

export type UserRole = "admin" | "user";

/** A user as others see one. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly role: UserRole;
}

/** The same with what the store and the sign-in know. */
export interface StoredUser extends User {
  readonly key: number;
  /** As `passwords` hashed it; null for who signs in elsewhere, or not at all. */
  readonly password: string | null;
  readonly created: number;
}

/** Whoever sits at this machine, where nobody signs in. */
export const LOCAL = "local";

const COLUMNS = "SELECT u.key, u.id, u.name, u.role, u.password, u.created FROM users u";

/** Accounts. The local user has none and is in no list. */
export class Users {
  readonly #list: Statement;
  readonly #find: Statement;
  readonly #named: Statement;
  readonly #folded: Statement;
  readonly #identified: Statement;
  readonly #identify: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #unlink: Statement;
  readonly #delete: Statement;
  /** One for each table that has owners. */
  readonly #empty: readonly Statement[];
  readonly #settings: Statement;
  readonly #setSettings: Statement;
  readonly #session: Statement;
  readonly #addSession: Statement;
  readonly #endSession: Statement;
  readonly #endSessions: Statement;
  readonly #purge: Statement;

  constructor(database: Database) {
    this.#list = database.prepare(`${COLUMNS} WHERE u.key > 1 ORDER BY u.key`);
    this.#find = database.prepare(`${COLUMNS} WHERE u.id = ?`);
    this.#named = database.prepare(`${COLUMNS} WHERE u.name = ? AND u.key > 1`);
    this.#folded = database.prepare(`${COLUMNS} WHERE u.folded = ? AND u.key > 1`);
    this.#identified = database.prepare(
      `${COLUMNS} JOIN identities i ON i.user = u.key WHERE i.issuer = ? AND i.subject = ?`,
    );
    this.#identify = database.prepare("INSERT INTO identities (issuer, subject, user) VALUES (?, ?, ?)");
    this.#insert = database.prepare(
      "INSERT INTO users (id, name, folded, role, password, created) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#update = database.prepare(
      "UPDATE users SET name = ?, folded = ?, role = ?, password = ? WHERE key = ?",
    );
    this.#unlink = database.prepare(
      `UPDATE messages SET parent = NULL
       WHERE conversation IN (SELECT key FROM conversations WHERE owner = ?) AND parent IS NOT NULL`,
    );
    this.#delete = database.prepare("DELETE FROM users WHERE key = ?");
    this.#empty = OWNED.map((table) => database.prepare(`DELETE FROM ${table} WHERE owner = ?`));
    this.#settings = database.prepare("SELECT settings FROM users WHERE key = ?");
    this.#setSettings = database.prepare("UPDATE users SET settings = ? WHERE key = ?");
    this.#session = database.prepare(
      `SELECT u.key, u.id, u.name, u.role, u.password, u.created
       FROM sessions s JOIN users u ON u.key = s.user WHERE s.hash = ? AND s.expires > ?`,
    );
    this.#addSession = database.prepare(
      "INSERT INTO sessions (hash, user, created, expires) VALUES (?, ?, ?, ?)",
    );
    this.#endSession = database.prepare("DELETE FROM sessions WHERE hash = ?");
    this.#endSessions = database.prepare("DELETE FROM sessions WHERE user = ?");
    this.#purge = database.prepare("DELETE FROM sessions WHERE expires < ?");
    const fold = database.prepare("UPDATE users SET folded = ? WHERE key = ?");
    for (const { key, name } of database.prepare(`${COLUMNS} WHERE u.folded IS NULL`).all<StoredUser>())
      fold.run(foldName(name), key);
  }

  list(): StoredUser[] {
    return this.#list.all<StoredUser>();
  }

  find(id: string): StoredUser | undefined {
    return first(this.#find, id);
  }

  /** By the name that one signs in with, however its letters are written. */
  named(name: string): StoredUser | undefined {
    return first<StoredUser>(this.#named, name) ?? first<StoredUser>(this.#folded, foldName(name));
  }

  /** By who they are at a provider where they sign in. */
  identified(issuer: string, subject: string): StoredUser | undefined {
    return first(this.#identified, issuer, subject);
  }

  identify({ key }: StoredUser, issuer: string, subject: string): void {
    this.#identify.run(issuer, subject, key);
  }

  create({ name, role, password }: Pick<StoredUser, "name" | "role" | "password">): StoredUser {
    const id = newId();
    this.#insert.run(id, name, foldName(name), role, password, Date.now());
    return this.find(id)!;
  }

  /** Who has a new password signs in anew everywhere. */
  update(before: StoredUser, changes: Partial<Pick<StoredUser, "name" | "role" | "password">>): StoredUser {
    const { name, role, password } = { ...before, ...changes };
    this.#update.run(name, foldName(name), role, password, before.key);
    if (password !== before.password) this.#endSessions.run(before.key);
    return this.find(before.id)!;
  }

  /** Takes all along that is theirs, within a transaction of the caller's; messages go as in `Conversations.purge`. */
  delete({ key }: StoredUser): void {
    this.#unlink.run(key);
    this.#delete.run(key);
  }

  /** Takes all along that is theirs but the account itself, within a transaction of the caller's. */
  empty({ key }: StoredUser): void {
    this.#unlink.run(key);
    for (const statement of this.#empty) statement.run(key);
    this.setSettings(key, {});
  }

  settings(user: number): Record<string, unknown> {
    const row = first<{ settings: string }>(this.#settings, user);
    return JSON.parse(row?.settings ?? "{}") as Record<string, unknown>; // as it was written here
  }

  setSettings(user: number, values: Readonly<Record<string, unknown>>): void {
    this.#setSettings.run(JSON.stringify(values), user);
  }

  /** Who has a session of this hash that has not ended. */
  ofSession(hash: string, now = Date.now()): StoredUser | undefined {
    return first(this.#session, hash, now);
  }

  addSession(user: number, hash: string, expires: number): void {
    this.#addSession.run(hash, user, Date.now(), expires);
  }

  endSession(hash: string): void {
    this.#endSession.run(hash);
  }

  /** Forgets sessions that have ended. */
  purge(now = Date.now()): void {
    this.#purge.run(now);
  }
}

/** The tables whose rows are somebody's. */
const OWNED = [
  "conversations",
  "folders",
  "assistants",
  "usage",
  "comparisons",
  "tool_servers",
  "passage_vectors",
];

/** A name as names are compared: neither case nor width nor another way to write a letter tells two apart. */
export function foldName(name: string): string {
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}
