// Searches the passages of files by the words of a question, over an index of FTS5 or a plain one.
import { sha256 } from "../sha256.ts";
import { cutFile, type Passage, type TextFile } from "./passages.ts";

/** Sets of files whose index is kept; the one that was asked least recently goes first. */
const MOST_SETS = 8;

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

/** An index of texts that ranks them by BM25. */
export interface TextIndex {
  /** Places of the texts that have a word of the question, the best first. */
  rank(question: string, most: number): number[];
  drop(): void;
}

/** Makes an index of texts. `turned` is waited for between pieces of work. */
export type IndexMaker = (texts: readonly string[], turned: () => Promise<void>) => Promise<TextIndex>;

interface FileSet extends Pick<Found, "files" | "passages"> {
  readonly index: TextIndex;
}

/**
 * Searches the files that it is given, and no others: who has not a file's text cannot find it. The index is made when a set of
 * files is asked for the first time, and lives in memory.
 */
export class PassageSearch {
  readonly #makeIndex: IndexMaker;
  readonly #sets = new Map<string, Promise<FileSet>>();

  constructor(makeIndex: IndexMaker) {
    this.#makeIndex = makeIndex;
  }

  /** Cuts the files and searches them. `turned` is waited for between pieces of work. */
  async find(files: readonly TextFile[], question: string, turned: () => Promise<void>): Promise<Found> {
    const contents = files.map(({ name, mediaType, text }) => [name, mediaType, text]);
    const { index, ...cut } = await this.#open(await idOf(contents), files, turned);
    const matching = index.rank(question, MOST_RANKED).map((at) => cut.passages[at]);
    const beginnings = cut.files.toReversed().flatMap(({ passages }) => passages.slice(0, MOST_RANKED));
    return { ...cut, matching, beginnings };
  }

  /** The index of a set, itself and no promise of it: who waits for one that goes has searched it before it is dropped. */
  #open(id: string, files: readonly TextFile[], turned: () => Promise<void>): Promise<FileSet> {
    const known = this.#sets.get(id);
    const opened = known ?? this.#make(files, turned);
    this.#sets.delete(id);
    this.#sets.set(id, opened);
    if (!known) opened.catch(() => this.#sets.delete(id));
    const [oldest] = this.#sets;
    if (this.#sets.size > MOST_SETS && oldest) {
      this.#sets.delete(oldest[0]);
      void oldest[1].then(({ index }) => index.drop()).catch(() => {});
    }
    return opened;
  }

  async #make(files: readonly TextFile[], turned: () => Promise<void>): Promise<FileSet> {
    const cut = await Promise.all(files.map(cutAndName));
    const passages = cut.flatMap((file) => file.passages);
    const texts = passages.map(({ heading = "", text }) => `${heading}\n${text}`);
    return { index: await this.#makeIndex(texts, turned), files: cut, passages };
  }
}

async function cutAndName(file: TextFile): Promise<CutFile> {
  const passages = cutFile(file);
  return { id: await idOf(passages.map(({ heading = "", text }) => [heading, text])), passages };
}

/** A hash; in a page that is no secure context there is none, and the text stands for itself. */
function idOf(contents: readonly (readonly string[])[]): Promise<string> | string {
  const text = JSON.stringify(contents);
  return crypto.subtle ? sha256(text) : text;
}
