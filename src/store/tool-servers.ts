// Servers of tools that somebody has added.
import { type Database, first, type Statement } from "./database.ts";
import { newId } from "./ids.ts";

/** A server of tools. */
export interface ToolServer {
  readonly id: string;
  readonly name: string;
  readonly kind: "address" | "command";
  /** A URL, or a command line. */
  readonly target: string;
  /** Names of the tools that are called without asking. */
  readonly trusted: readonly string[];
}

type Row = Omit<ToolServer, "trusted"> & { readonly trusted: string };

const COLUMNS = "SELECT id, name, kind, target, trusted FROM tool_servers";

/** The tool servers of each owner. */
export class ToolServers {
  readonly #list: Statement;
  readonly #find: Statement;
  readonly #insert: Statement;
  readonly #trust: Statement;
  readonly #delete: Statement;

  constructor(database: Database) {
    this.#list = database.prepare(`${COLUMNS} WHERE owner = ? ORDER BY key`);
    this.#find = database.prepare(`${COLUMNS} WHERE id = ? AND owner = ?`);
    this.#insert = database.prepare(
      "INSERT INTO tool_servers (id, owner, name, kind, target, created) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#trust = database.prepare("UPDATE tool_servers SET trusted = ? WHERE id = ? AND owner = ?");
    this.#delete = database.prepare("DELETE FROM tool_servers WHERE id = ? AND owner = ?");
  }

  list(owner: number): ToolServer[] {
    return this.#list.all<Row>(owner).map(toToolServer);
  }

  find(owner: number, id: string): ToolServer | undefined {
    const row = first<Row>(this.#find, id, owner);
    return row && toToolServer(row);
  }

  create(owner: number, { name, kind, target }: Pick<ToolServer, "name" | "kind" | "target">): ToolServer {
    const id = newId();
    this.#insert.run(id, owner, name, kind, target, Date.now());
    return this.find(owner, id)!;
  }

  trust(owner: number, id: string, trusted: readonly string[]): void {
    this.#trust.run(JSON.stringify(trusted), id, owner);
  }

  delete(owner: number, id: string): boolean {
    return this.#delete.run(id, owner) > 0;
  }
}

const toToolServer = ({ trusted, ...row }: Row): ToolServer => ({
  ...row,
  trusted: JSON.parse(trusted) as string[], // as it was written here
});
