// The journal of a run: one JSON line an answer, appended, synced at least once a second.
import { type FileHandle, mkdir, open, readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { BaimoError } from "../../errors.ts";
import { brief, isRecord, parseJson } from "../../json.ts";
import type { Answer } from "../score/score-task.ts";
import type { Answered } from "../subjects/subject.ts";
import { holdFile } from "./hold.ts";

/** What a run is; a journal belongs to one. */
export interface JournalHeader {
  /** Of settings, tasks and model: the same questions have the same. */
  readonly run: string;
  /** When it began, which names the files at its end. */
  readonly started: string;
  /** What else is to be known of its answers: seeds, versions, prices. Those of its beginning stand there. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** One answer by its question. */
export interface JournalEntry extends Answered {
  readonly key: string;
}

/** An open journal. */
export interface Journal {
  readonly header: JournalHeader;
  /** The answers that were there. */
  readonly answers: ReadonlyMap<string, Answered>;
  /** Writes answers; what is written outlives the process, and is on disk within a second of work. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  close(): Promise<void>;
}

const SYNC_MS = 1000;

/**
 * Opens a journal, or begins one; no other process can until it is closed. A last line that was cut by the end of the process is dropped.
 * @throws {BaimoError} `request` for the journal of another run, or a place where none can be written; `format` for what is none;
 * `busy` while another process has it
 */
export async function openJournal(path: string, header: JournalHeader): Promise<Journal> {
  await makeFile(path);
  const release = await holdFile(path).catch(cannotKeep(path));
  try {
    const { known, answers, whole, length } = await readJournal(path, header);
    if (whole < length) await truncate(path, whole);
    const journal = new OpenJournal(await open(path, "a"), { header: known ?? header, answers, release });
    if (!known) await journal.write([header]);
    return journal;
  } catch (error) {
    await release();
    throw error;
  }
}

/** Makes the file, with its folder, where it is not. */
async function makeFile(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await (await open(path, "a")).close();
  } catch (cause) {
    cannotKeep(path)(cause as NodeJS.ErrnoException);
  }
}

const cannotKeep =
  (path: string) =>
  (cause: NodeJS.ErrnoException): never => {
    if (cause instanceof BaimoError) throw cause;
    const message = `${path}: the journal cannot be kept there (${cause.code ?? cause.message}); give another --out`;
    throw new BaimoError("request", message, { cause });
  };

/** What a journal holds, up to its last whole line; nothing where it is only to be begun. @throws {BaimoError} as `openJournal` */
export async function readJournal(path: string, header: JournalHeader) {
  await makeFile(path);
  const bytes = await readFile(path);
  const whole = bytes.lastIndexOf(10) + 1;
  const lines = new TextDecoder().decode(bytes.subarray(0, whole)).split("\n").slice(0, -1);
  const known = lines.length > 0 ? readHeader(lines[0], path, header) : undefined;
  return { known, answers: readEntries(lines.slice(1), path, 2), whole, length: bytes.length };
}

/** Answers by their questions, of lines as a journal has them. */
export const readEntries = (lines: readonly string[], where: string, first = 1): Map<string, Answered> =>
  new Map(lines.map((line, i) => readEntry(line, `${where}, line ${first + i}`)));

export const entryLine = (entry: JournalEntry | JournalHeader): string => `${JSON.stringify(entry)}\n`;

class OpenJournal implements Journal {
  readonly header: JournalHeader;
  readonly answers: ReadonlyMap<string, Answered>;
  readonly #file: FileHandle;
  readonly #release: () => Promise<void>;
  #synced = 0;

  constructor(
    file: FileHandle,
    { header, answers, release }: Pick<Journal, "header" | "answers"> & { release: () => Promise<void> },
  ) {
    this.#file = file;
    this.#release = release;
    this.header = header;
    this.answers = answers;
  }

  append(entries: readonly JournalEntry[]): Promise<void> {
    return this.write(entries);
  }

  async write(values: readonly (JournalEntry | JournalHeader)[]): Promise<void> {
    if (values.length === 0) return;
    await this.#file.appendFile(values.map(entryLine).join(""));
    if (performance.now() - this.#synced < SYNC_MS) return;
    await this.#file.datasync();
    this.#synced = performance.now();
  }

  async close(): Promise<void> {
    await this.#file.datasync();
    await this.#file.close();
    await this.#release();
  }
}

function readHeader(line: string, path: string, wanted: JournalHeader): JournalHeader {
  const value = parseJson(line, path);
  if (!isRecord(value) || typeof value.run !== "string" || typeof value.started !== "string") {
    throw new BaimoError("format", `${path} does not begin as a journal but with ${brief(value)}`);
  }
  if (value.run === wanted.run) return { run: value.run, started: value.started };
  throw new BaimoError(
    "request",
    `${path} is the journal of another run: its model, tasks or settings differ; give another --out, or remove it`,
  );
}

/** JSON has no -Infinity; it stands there as null. */
function readAnswer(value: unknown, where: string): Answer {
  if (value === null) return Number.NEGATIVE_INFINITY;
  if (typeof value === "string" || typeof value === "number") return value;
  if (Array.isArray(value) && typeof value[1] === "boolean")
    return [Number(value[0] ?? Number.NEGATIVE_INFINITY), value[1]];
  throw new BaimoError("format", `${where} has the answer ${brief(value)}`);
}

function readEntry(line: string, where: string): [string, Answered] {
  const value = parseJson(line, where);
  if (!isRecord(value) || typeof value.key !== "string" || !isRecord(value.cost)) {
    throw new BaimoError("format", `${where} must be an answer but is ${brief(value)}`);
  }
  const { key } = value;
  const answer = readAnswer(value.answer, where);
  const { promptTokens, completionTokens, amount, seconds, latency, isBound } = value.cost;
  const optional = (number: unknown) => (number === undefined ? undefined : Number(number));
  const cost = {
    promptTokens: Number(promptTokens),
    completionTokens: Number(completionTokens),
    amount: optional(amount),
    latency: optional(latency),
    isBound: isBound === true || undefined,
    seconds: Number(seconds ?? 0),
  };
  return [key, { answer, cost, failed: typeof value.failed === "string" ? value.failed : undefined }];
}
