// What every function over a corpus takes: columns of a row, threads, a signal.
import { availableThreads } from "../backends/threads.ts";
import { list, signal, text, whole } from "../option-kinds.ts";
import { type Columns, DEFAULT_COLUMNS } from "./documents/document.ts";

/** How documents are read. */
export interface CorpusOptions {
  /** Columns whose texts make a document's, joined by line breaks; a column may be a list of lines. Default `text`. */
  textColumns?: readonly string[];
  /** The column of a document's name. Default `id`; without one its file and number are its name. */
  idColumn?: string;
  /** Default: as many as the machine runs at once. */
  threads?: number;
  signal?: AbortSignal;
}

/** The same, declared. */
export const corpusTable = {
  textColumns: list(text(), { least: 1, most: 64 }),
  idColumn: text(),
  threads: whole({ min: 1, max: 256 }),
  signal,
};

/** The columns that the options say. */
export const columnsOf = ({ textColumns, idColumn }: CorpusOptions): Columns => ({
  text: textColumns ?? DEFAULT_COLUMNS.text,
  id: idColumn ?? DEFAULT_COLUMNS.id,
});

/** The threads that the options say. */
export const threadsOf = async ({ threads }: CorpusOptions): Promise<number> =>
  threads ?? (await availableThreads());
