// BM25 over the passages of files, in a temporary index of SQLite's FTS5: nothing of it is kept.
import { sha256 } from "../sha256.ts";
import { type Database, transaction } from "./database.ts";
import { cutFile, type Passage, type TextFile } from "./passages.ts";
import { toAnyQuery, toWords } from "./words.ts";

/** Sets of files whose index is kept; the one that was asked least recently goes first. */
const MOST_SETS = 8;
/** Characters of passages that one transaction takes in: some 20 ms of work. */
const SLICE = 50_000;

/** Passages that a question ranks. */
export const MOST_RANKED = 100;

/** A file that has been cut. */
export interface CutFile {
  /** The hash of its passages. */
  readonly id: string;
  readonly passages: readonly Passage[];
}

/** What a search gives. */
export interface Found {
  readonly files: readonly CutFile[];
  /** Those of all files, in their order. */
  readonly passages: readonly Passage[];
  /** Those that have a word of the question, the best first. */
  readonly matching: readonly Passage[];
  /** Each file from its beginning, the last file first: for a question that nothing matches. */
  readonly beginnings: readonly Passage[];
}

interface FileSet extends Pick<Found, "files" | "passages"> {
  readonly table: string;
}

/**
 * Searches the files that it is given, and no others: who has not a file's text cannot find it. The index is made when a set of
 * files is asked for the first time, and lives in memory.
 */
export class PassageSearch {
  readonly #database: Database;
  readonly #sets = new Map<string, Promise<FileSet>>();
  #made = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Cuts the files and searches them. `turned` is waited for between pieces of work. */
  async find(files: readonly TextFile[], question: string, turned: () => Promise<void>): Promise<Found> {
    const contents = files.map(({ name, mediaType, text }) => [name, mediaType, text]);
    const id = await sha256(JSON.stringify(contents));
    const { table, ...cut } = await this.#open(id, files, turned);
    const query = toAnyQuery(question);
    const sql = `SELECT rowid FROM ${table} WHERE words MATCH ? ORDER BY rank LIMIT ?`;
    const rows = query ? this.#database.prepare(sql).all<{ rowid: number }>(query, MOST_RANKED) : [];
    const matching = rows.map(({ rowid }) => cut.passages[rowid - 1]);
    const beginnings = cut.files.toReversed().flatMap(({ passages }) => passages.slice(0, MOST_RANKED));
    return { ...cut, matching, beginnings };
  }

  /** The index of a set, itself and no promise of it: who waits for one that goes has searched it before it is dropped. */
  #open(id: string, files: readonly TextFile[], turned: () => Promise<void>): Promise<FileSet> {
    const known = this.#sets.get(id);
    const opened = known ?? this.#index(files, turned);
    this.#sets.delete(id);
    this.#sets.set(id, opened);
    if (!known) opened.catch(() => this.#sets.delete(id));
    const [oldest] = this.#sets;
    if (this.#sets.size > MOST_SETS && oldest) {
      this.#sets.delete(oldest[0]);
      void oldest[1].then(({ table }) => this.#database.exec(`DROP TABLE ${table}`)).catch(() => {});
    }
    return opened;
  }

  async #index(files: readonly TextFile[], turned: () => Promise<void>): Promise<FileSet> {
    const table = `temp.passage_words_${++this.#made}`;
    const cut = await Promise.all(files.map(cutAndName));
    const passages = cut.flatMap((file) => file.passages);
    this.#database.exec("PRAGMA temp_store = MEMORY");
    this.#database.exec(
      `CREATE VIRTUAL TABLE ${table} USING fts5 (
         words, content = '', tokenize = 'porter unicode61 remove_diacritics 2'
       )`,
    );
    const insert = this.#database.prepare(`INSERT INTO ${table} (rowid, words) VALUES (?, ?)`);
    for (let at = 0; at < passages.length; await turned()) {
      const slice = () => {
        for (let size = 0; size < SLICE && at < passages.length; at++) {
          const { heading = "", text } = passages[at];
          insert.run(at + 1, toWords(`${heading}\n${text}`));
          size += text.length;
        }
      };
      transaction(this.#database, slice, { synced: false });
    }
    return { table, files: cut, passages };
  }
}

async function cutAndName(file: TextFile): Promise<CutFile> {
  const passages = cutFile(file);
  const texts = passages.map(({ heading = "", text }) => [heading, text]);
  return { id: await sha256(JSON.stringify(texts)), passages };
}
