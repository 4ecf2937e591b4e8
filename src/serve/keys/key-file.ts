// Keys in a file, hashed; beside it a journal of the tokens that they have used.
import { appendFile, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { BaimoError } from "../../errors.ts";
import { parseJson } from "../../json.ts";
import { callback, fields, list, required, text, whole } from "../../option-kinds.ts";
import { call, type Door, readOptions } from "../../options.ts";
import { type ApiKey, hashOf, type KeyRing, keyTable, newKey } from "./api-key.ts";

const fileTable = { keys: required(list(fields(keyTable), { most: 100_000 })) };
const usageTable = {
  key: required(text({ most: 64 })),
  /** "" for days gone by. */
  day: required(text({ least: 0, most: 10 })),
  tokens: required(whole({ min: 0 })),
};

/** How often a file is looked at for changes. */
const LOOK_MS = 1000;
/** Lines of a journal from which on it is written anew when it is opened. */
const LONG_JOURNAL = 1000;

const journalOf = (path: string) => `${path}.usage.jsonl`;
const today = () => new Date().toISOString().slice(0, 10);
const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";

const inFile = (path: string): Door => ({
  refuse: ({ name, text: what }) => new BaimoError("config", `${path}: ${name} ${what}`),
});

const unreadable = (path: string, what: string, cause: unknown) => {
  const why = cause instanceof Error && "code" in cause ? ` (${cause.code})` : "";
  const next = "it must be a file that this user may read";
  return new BaimoError("config", `${path}: ${what} cannot be read${why}; ${next}`, { cause });
};

/** The keys of a file; none where there is no file. @throws {BaimoError} `config` or `format` for a damaged one */
export async function readKeys(path: string): Promise<ApiKey[]> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw unreadable(path, "the keys", cause);
  }
  return readOptions(parseJson(content, path), fileTable, inFile(path)).keys;
}

/** Makes a key and keeps its hash; the key itself is told once. */
export async function addKey(
  path: string,
  wanted: Omit<ApiKey, "id" | "hash" | "created">,
): Promise<{ key: string; entry: ApiKey }> {
  const key = newKey();
  const hash = await hashOf(key);
  const created = new Date().toISOString();
  const entry = { id: `key_${hash.slice(0, 12)}`, hash, created, ...wanted };
  await change(path, (keys) => {
    if (keys.some(({ name }) => name === wanted.name)) {
      throw new BaimoError(
        "request",
        `${path}: there is a key "${wanted.name}" already; choose another name`,
      );
    }
    return [...keys, entry];
  });
  return { key, entry };
}

/** Takes away the key of this name or id; a server that runs refuses it within a second. */
export async function removeKey(path: string, nameOrId: string): Promise<ApiKey> {
  let found: ApiKey | undefined;
  await change(path, (keys) => {
    found = keys.find(({ id, name }) => id === nameOrId || name === nameOrId);
    if (!found)
      throw new BaimoError("request", `${path}: there is no key "${nameOrId}"; baimo keys list shows them`);
    return keys.filter((each) => each !== found);
  });
  return found!;
}

/** Writes a file anew beside the old one, which then takes its place: whoever reads sees one or the other. */
async function change(path: string, edit: (keys: ApiKey[]) => ApiKey[]): Promise<void> {
  const beside = `${path}.new`;
  const refuse = (cause: unknown) => {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const why =
      code === "EEXIST"
        ? `${beside} is there: another command writes it, or one was cut off (then remove it)`
        : code;
    throw new BaimoError("request", `${path}: the keys cannot be written${why && `; ${why}`}`, { cause });
  };
  // What fails here fails again, with its reason, where the file is opened.
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(() => {});
  const file = await open(beside, "wx", 0o600).catch(refuse);
  try {
    const keys = edit(await readKeys(path));
    await file.writeFile(`${JSON.stringify({ keys }, null, 2)}\n`);
    await file.sync();
    await file.close();
    await rename(beside, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(beside, { force: true });
    throw error;
  }
}

/** Tokens of a key, in all and on a day. */
interface Usage {
  total: number;
  day: string;
  ofDay: number;
}

type Line = { key: string; day: string; tokens: number };

/** Keys of a file, looked at again when it changes, with what they have used. */
export class KeyFile implements KeyRing {
  readonly #path: string;
  #byHash = new Map<string, ApiKey>();
  readonly #usage: Map<string, Usage>;
  #version = "";
  #looked = Number.NEGATIVE_INFINITY;
  #waiting: Line[] = [];
  #writing: Promise<void> | undefined;
  readonly #onError: (error: unknown) => void;

  constructor(path: string, usage: Map<string, Usage>, onError: (error: unknown) => void) {
    this.#path = path;
    this.#usage = usage;
    this.#onError = onError;
  }

  /** Reads the file again where it has changed; one that cannot be read leaves the keys as they were. */
  async look(): Promise<void> {
    if (performance.now() - this.#looked < LOOK_MS) return;
    this.#looked = performance.now();
    const { mtimeMs, size, ino } = await stat(this.#path);
    const version = `${mtimeMs} ${size} ${ino}`;
    if (version === this.#version) return;
    const keys = await readKeys(this.#path);
    this.#byHash = new Map(keys.map((key) => [key.hash, key]));
    this.#version = version;
  }

  async find(hash: string): Promise<ApiKey | undefined> {
    await this.look().catch(this.#onError);
    return this.#byHash.get(hash);
  }

  used({ id, quota }: ApiKey): number {
    const usage = this.#usage.get(id);
    if (!usage) return 0;
    return quota?.per === "day" ? (usage.day === today() ? usage.ofDay : 0) : usage.total;
  }

  spend({ id }: ApiKey, tokens: number): void {
    const line = { key: id, day: today(), tokens };
    add(this.#usage, line);
    this.#waiting.push(line);
    this.#writing ??= this.#write();
  }

  /** Lines that come while others are written go together. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      await appendFile(journalOf(this.#path), toText(lines), { mode: 0o600 }).catch(this.#onError);
    }
    this.#writing = undefined;
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    while (this.#writing) await this.#writing;
  }
}

const toText = (lines: readonly Line[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

function add(usage: Map<string, Usage>, { key, day, tokens }: Line): void {
  const of = usage.get(key) ?? { total: 0, day, ofDay: 0 };
  usage.set(key, of);
  of.total += tokens;
  if (day > of.day) Object.assign(of, { day, ofDay: 0 });
  if (day === of.day) of.ofDay += tokens;
}

/**
 * Opens the keys of a file for a server.
 * @throws {BaimoError} `config` where there is no such file or an entry is wrong, `format` for a damaged one
 */
export async function openKeys(
  given: string,
  onError: (error: unknown) => void = () => {},
): Promise<KeyFile> {
  const path = text().read(given, "path", call("openKeys"));
  callback().read(onError, "onError", call("openKeys"));
  const journal = await readJournal(path);
  const { usage } = journal;
  if (journal.lines > LONG_JOURNAL || journal.isCut) await shorten(journalOf(path), usage);
  const keys = new KeyFile(path, usage, onError);
  await keys.look().catch((cause: unknown) => {
    if (!isMissing(cause)) throw cause;
    throw new BaimoError("config", `${path}: there is no such file; baimo keys add makes the first key`, {
      cause,
    });
  });
  return keys;
}

/** What keys have used. @throws {BaimoError} `config` or `format` for a damaged journal */
export async function readUsage(path: string): Promise<ReadonlyMap<string, Usage>> {
  return (await readJournal(path)).usage;
}

/** All lines but the last, which may have been cut off. */
async function readJournal(path: string) {
  const journal = journalOf(path);
  const usage = new Map<string, Usage>();
  const content = await readFile(journal, "utf8").catch((cause: unknown) => {
    if (isMissing(cause)) return "";
    throw unreadable(journal, "what keys have used", cause);
  });
  const lines = content.split("\n");
  const rest = lines.pop();
  for (const [i, line] of lines.entries()) {
    if (line === "") continue;
    const where = `${journal}, line ${i + 1}`;
    add(usage, readOptions(parseJson(line, where), usageTable, inFile(where)));
  }
  return { usage, lines: lines.length, isCut: rest !== "" };
}

/** One line a key and day, written beside and put in the place of the old ones. */
async function shorten(journal: string, usage: ReadonlyMap<string, Usage>): Promise<void> {
  const lines = Array.from(usage, ([key, { total, day, ofDay }]): Line[] => [
    { key, day: "", tokens: total - ofDay },
    { key, day, tokens: ofDay },
  ]).flat();
  const beside = `${journal}.new`;
  const file = await open(beside, "w", 0o600);
  try {
    await file.writeFile(toText(lines));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, journal);
}
