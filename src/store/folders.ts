// Folders of conversations.
import { type Database, first, type Statement } from "./database.ts";
import { newId } from "./ids.ts";

export interface Folder {
  readonly id: string;
  readonly name: string;
  /** How many conversations are in it. */
  readonly conversations: number;
}

const COLUMNS = `SELECT f.key, f.id, f.name,
  (SELECT count(*) FROM conversations c WHERE c.folder = f.key AND c.deleted IS NULL) AS conversations
  FROM folders f`;

/** The folders of each owner. */
export class Folders {
  readonly #list: Statement;
  readonly #find: Statement;
  readonly #insert: Statement;
  readonly #rename: Statement;
  readonly #delete: Statement;

  constructor(database: Database) {
    this.#list = database.prepare(`${COLUMNS} WHERE f.owner = ? ORDER BY f.name`);
    this.#find = database.prepare(`${COLUMNS} WHERE f.id = ? AND f.owner = ?`);
    this.#insert = database.prepare("INSERT INTO folders (id, owner, name, created) VALUES (?, ?, ?, ?)");
    this.#rename = database.prepare("UPDATE folders SET name = ? WHERE id = ? AND owner = ?");
    this.#delete = database.prepare("DELETE FROM folders WHERE id = ? AND owner = ?");
  }

  list(owner: number): Folder[] {
    return this.#list.all<Folder & { key: number }>(owner).map(toFolder);
  }

  find(owner: number, id: string): Folder | undefined {
    const row = first<Folder>(this.#find, id, owner);
    return row && toFolder(row);
  }

  /** The key of a folder of that name, made where there is none. */
  named(owner: number, name: string): string {
    return this.list(owner).find((folder) => folder.name === name)?.id ?? this.create(owner, name).id;
  }

  create(owner: number, name: string): Folder {
    const id = newId();
    this.#insert.run(id, owner, name, Date.now());
    return { id, name, conversations: 0 };
  }

  rename(owner: number, id: string, name: string): boolean {
    return this.#rename.run(name, id, owner) > 0;
  }

  /** What is in it stays, in no folder. */
  delete(owner: number, id: string): boolean {
    return this.#delete.run(id, owner) > 0;
  }
}

const toFolder = ({ id, name, conversations }: Folder): Folder => ({ id, name, conversations });
