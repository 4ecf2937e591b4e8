// The store: everything that the application keeps, over one open database.
import { Assistants } from "./assistants.ts";
import { Comparisons } from "./comparisons.ts";
import { Conversations } from "./conversations.ts";
import { type Database, type TransactionOptions, transaction } from "./database.ts";
import { Folders } from "./folders.ts";
import { fts5Indexes } from "./fts5-index.ts";
import { checkIntegrity } from "./integrity.ts";
import { Messages } from "./messages.ts";
import { migrate } from "./migrate.ts";
import { PassageSearch } from "./passage-search.ts";
import { PassageVectors } from "./passage-vectors.ts";
import { Search } from "./search.ts";
import { ToolServers } from "./tool-servers.ts";
import { UsageLog } from "./usage.ts";
import { Users } from "./users.ts";

/** How long what was deleted can be restored. */
const KEPT_MS = 30 * 24 * 3600 * 1000;

/** What the application keeps. */
export class Store {
  readonly driver: string;
  readonly users: Users;
  readonly folders: Folders;
  readonly conversations: Conversations;
  readonly messages: Messages;
  readonly search: Search;
  readonly passages: PassageSearch;
  readonly vectors: PassageVectors;
  readonly assistants: Assistants;
  readonly comparisons: Comparisons;
  readonly toolServers: ToolServers;
  readonly usage: UsageLog;
  readonly #database: Database;
  readonly #where: string;
  readonly #release: () => void;
  readonly #work = new Set<Promise<unknown>>();

  /**
   * Brings the schema up to date. `where` names the database in messages; `release` is called when it has been closed.
   * @throws {BaimoError} `format` for a database of a later version
   */
  constructor(database: Database, { where = "the database", release = () => {} }: StoreOptions = {}) {
    migrate(database, where);
    for (const table of ["users", "conversations"]) checkIntegrity(database, where, table);
    this.#database = database;
    this.#where = where;
    this.#release = release;
    this.driver = database.driver;
    this.users = new Users(database);
    this.folders = new Folders(database);
    this.conversations = new Conversations(database);
    this.messages = new Messages(database);
    this.search = new Search(database);
    this.passages = new PassageSearch(fts5Indexes(database));
    this.vectors = new PassageVectors(database);
    this.assistants = new Assistants(database);
    this.comparisons = new Comparisons(database);
    this.toolServers = new ToolServers(database);
    this.usage = new UsageLog(database);
  }

  /**
   * What a server does first with a store that is its own: marks answers that were being written when the process before
   * ended, and forgets what is not needed any more. What cannot be forgotten stays, with a warning, until the next start.
   */
  recover(): void {
    transaction(this.#database, () => {
      for (const message of this.messages.running()) {
        const { key, parts } = message;
        const status = "interrupted";
        const events = this.messages.addEvents(key, message.events, [{ type: "end", status }]);
        this.messages.write(key, { parts, status, outcome: {}, events });
      }
      this.#database.exec("DELETE FROM answer_events");
    });
    try {
      transaction(this.#database, () => {
        this.conversations.purge(Date.now() - KEPT_MS);
        this.users.purge();
        this.vectors.purge(Date.now() - KEPT_MS);
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      process.emitWarning(`${this.#where}: what was deleted long ago could not be removed: ${reason}`);
    }
  }

  /** Does all or nothing. */
  transaction<T>(run: () => T, options?: TransactionOptions): T {
    return transaction(this.#database, run, options);
  }

  /** Reads the whole file. @throws {BaimoError} `format` where it is damaged */
  check(): void {
    checkIntegrity(this.#database, this.#where);
  }

  /** Writes a copy that is whole, whoever writes at the same time. */
  backup(path: string): void {
    this.#database.prepare("VACUUM INTO ?").run(path);
  }

  /** Work that must find the store open: it is closed when this has settled. */
  during(work: Promise<unknown>): void {
    const settled = work.catch(() => {}).finally(() => this.#work.delete(settled));
    this.#work.add(settled);
  }

  /** Waits for the work under way, and closes the database. */
  async close(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
    // One file is left, whatever the driver does by itself; another process that reads may keep the log.
    this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#database.close();
    this.#release();
  }
}

/** Options of a `Store`. */
export interface StoreOptions {
  readonly where?: string;
  readonly release?: () => void;
}
