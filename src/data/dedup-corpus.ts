// dedupCorpus: the first document of each cluster of similar ones in one file, the others' names in another.
import { BaimoError } from "../errors.ts";
import { callback, number, required, text, withDefault } from "../option-kinds.ts";
import { call, readOptions, type TableOf } from "../options.ts";
import { type CorpusOptions, columnsOf, corpusTable, threadsOf } from "./corpus-options.ts";
import { readDocuments } from "./documents/read-documents.ts";
import { findDuplicates } from "./duplicates/find-duplicates.ts";
import { createJsonLinesFile } from "./json-lines-file.ts";

/** What is a repeat, and where the rest is written. */
export interface DedupCorpusOptions extends CorpusOptions {
  /** JSON Lines of the documents kept: id and text. */
  output: string;
  /** JSON Lines of those dropped: id, which it repeats, and the Jaccard. Default: beside the output. */
  ledger?: string;
  /** The Jaccard of shingles of 5 units from which on a document is a repeat. Default 0.8. */
  threshold?: number;
  onProgress?: (counts: DedupCounts) => void;
}

/** Documents written, so far or in the end. */
export interface DedupCounts {
  documents: number;
  kept: number;
  /** Equal to an earlier one, byte by byte. */
  equal: number;
  /** Similar to an earlier one. */
  similar: number;
}

/** The same, declared. */
export const dedupCorpusTable = {
  ...corpusTable,
  output: required(text()),
  ledger: text(),
  threshold: withDefault(number({ min: 0.3, max: 1 }), 0.8),
  onProgress: callback<(counts: DedupCounts) => void>(),
} satisfies TableOf<DedupCorpusOptions>;

/**
 * Keeps the first document of each cluster, by the order of the input.
 * @throws {BaimoError} `request` for options or files that are wrong, `format` for damaged files, `aborted`
 */
export async function dedupCorpus(paths: readonly string[], given: DedupCorpusOptions): Promise<DedupCounts> {
  const options = readOptions(given, dedupCorpusTable, call("dedupCorpus"));
  const { output, ledger = `${output}.dropped.jsonl`, threshold, signal, onProgress } = options;
  if (ledger === output) throw new BaimoError("request", "dedupCorpus: output and ledger are the same file");
  const open = () => readDocuments(paths, columnsOf(options));
  const { documents, repeated } = await findDuplicates(open, {
    threshold,
    threads: await threadsOf(options),
    signal,
  });
  const firsts = new Set(Array.from(repeated.values(), ({ of }) => of));
  const names = new Map<number, string>();
  const counts: DedupCounts = { documents: 0, kept: 0, equal: 0, similar: 0 };
  const [kept, dropped] = [await createJsonLinesFile(output), await createJsonLinesFile(ledger)];
  try {
    for await (const { id, text } of open()) {
      const document = counts.documents++;
      if (firsts.has(document)) names.set(document, id);
      const repeat = repeated.get(document);
      if (!repeat) {
        counts.kept++;
        await kept.write({ id, text });
      } else {
        counts[repeat.isEqual ? "equal" : "similar"]++;
        await dropped.write({ id, rule: "duplicate", of: names.get(repeat.of), jaccard: repeat.jaccard });
      }
      if (document % 4096 === 0) onProgress?.(counts);
    }
    if (counts.documents !== documents)
      throw new BaimoError(
        "request",
        `dedupCorpus: the files changed while they were read: ${documents} documents, then ${counts.documents}`,
      );
    await dropped.finish();
    await kept.finish();
    onProgress?.(counts);
    return counts;
  } finally {
    await dropped.close();
    await kept.close();
  }
}
