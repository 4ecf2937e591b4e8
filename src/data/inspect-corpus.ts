// inspectCorpus: what a corpus holds: documents, characters, languages, the longest and shortest text.
import { throwIfAborted } from "../errors.ts";
import { call, readOptions } from "../options.ts";
import { type CorpusOptions, columnsOf, corpusTable } from "./corpus-options.ts";
import { readDocuments } from "./documents/read-documents.ts";
import { identifyLanguage } from "./language/identify.ts";

/** What was found. */
export interface CorpusSummary {
  readonly documents: number;
  /** UTF-16 units. */
  readonly characters: number;
  /** In UTF-8. */
  readonly bytes: number;
  readonly longest: { readonly id: string; readonly characters: number } | null;
  readonly empty: number;
  /** Documents by language, the most frequent first. */
  readonly languages: Readonly<Record<string, number>>;
}

/** Reads all documents of files and folders once. @throws {BaimoError} as `cleanCorpus` */
export async function inspectCorpus(
  paths: readonly string[],
  given: Omit<CorpusOptions, "threads"> = {},
): Promise<CorpusSummary> {
  const { textColumns, idColumn, signal } = corpusTable;
  const options = readOptions(given, { textColumns, idColumn, signal }, call("inspectCorpus"));
  const languages = new Map<string, number>();
  let [documents, characters, bytes, empty] = [0, 0, 0, 0];
  let longest: CorpusSummary["longest"] = null;
  for await (const { id, text } of readDocuments(paths, columnsOf(options))) {
    throwIfAborted(options.signal, "inspecting");
    documents++;
    characters += text.length;
    bytes += Buffer.byteLength(text);
    if (text.trim() === "") empty++;
    if (!longest || text.length > longest.characters) longest = { id, characters: text.length };
    const language = identifyLanguage(text);
    languages.set(language, (languages.get(language) ?? 0) + 1);
  }
  const sorted = Array.from(languages).sort(([, a], [, b]) => b - a);
  return { documents, characters, bytes, longest, empty, languages: Object.fromEntries(sorted) };
}
