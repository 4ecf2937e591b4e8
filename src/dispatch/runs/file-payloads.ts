// Payloads beside the journal: JSON in files that are called by their SHA-256.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import { parseJson } from "../../json.ts";
import { sha256 } from "../../sha256.ts";
import type { Payloads } from "./engine.ts";

export class FilePayloads implements Payloads {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps a value; returns its hash. */
  async put(value: unknown): Promise<string> {
    const text = JSON.stringify(value) ?? "null";
    const hash = await sha256(text);
    const path = this.#pathOf(hash);
    if (statsOf(path)?.size === Buffer.byteLength(text)) {
      const now = new Date();
      utimesSync(path, now, now); // whoever forgets what nothing names sees that this is about to be named
      return hash;
    }
    mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, path);
    return hash;
  }

  /** @throws {BaimoError} `format` where the file is gone or was changed */
  async get(hash: string): Promise<unknown> {
    const path = this.#pathOf(hash);
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (cause) {
      throw new BaimoError("format", `the payload ${path} cannot be read; put its backup back`, { cause });
    }
    if ((await sha256(text)) === hash) return parseJson(text, path);
    throw new BaimoError("format", `the payload ${path} was changed: its hash is another than its name`);
  }

  /** Forgets a value, unless it was put within so many milliseconds. */
  async remove(hash: string, within: number): Promise<void> {
    const path = this.#pathOf(hash);
    const stats = statsOf(path);
    if (stats && stats.mtimeMs < Date.now() - within) rmSync(path, { force: true });
  }

  #pathOf(hash: string): string {
    return join(this.#folder, hash.slice(0, 2), `${hash}.json`);
  }
}

const statsOf = (path: string) => statSync(path, { throwIfNoEntry: false });
