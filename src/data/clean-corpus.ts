// cleanCorpus: the documents that keep to the rules in one file, why the others do not in another.
import { BaimoError } from "../errors.ts";
import { callback, choice, fields, list, required, text, withDefault } from "../option-kinds.ts";
import { call, readOptions, type TableOf } from "../options.ts";
import { type Cleaned, type CleanRules, createCleaner } from "./clean-document.ts";
import { type CorpusOptions, columnsOf, corpusTable, threadsOf } from "./corpus-options.ts";
import type { CorpusDocument } from "./documents/document.ts";
import { readDocuments } from "./documents/read-documents.ts";
import { createJsonLinesFile } from "./json-lines-file.ts";
import { inBatches, workInOrder } from "./ordered-work.ts";
import { QUALITY_PROFILES } from "./quality/thresholds.ts";

/** What is kept, and where it is written. */
export interface CleanCorpusOptions extends CorpusOptions {
  /** JSON Lines of the documents kept: id, text, language. */
  output: string;
  /** JSON Lines of those dropped: id, rule, reasons. Default: beside the output. */
  ledger?: string;
  /** Languages kept, such as zh-Hans, zh-Hant, lzh, en. Default all. */
  languages?: readonly string[];
  /** The filter: `language`, by each document's; a profile's name; or `none`. Default `language`. */
  quality?: string;
  /** What becomes of personal information. Default `mask`. */
  personal?: "mask" | "drop" | "keep";
  /** Texts of evaluations: who shares 13 units in a row with one is dropped. */
  evaluation?: readonly { readonly id: string; readonly text: string }[];
  onProgress?: (counts: CleanCounts) => void;
}

/** What became of documents, so far or in the end. */
export interface CleanCounts {
  documents: number;
  kept: number;
  /** By rule. */
  readonly dropped: Record<string, number>;
  /** Spans of personal information that were masked. */
  masked: number;
}

/** The same, declared. */
export const cleanCorpusTable = {
  ...corpusTable,
  output: required(text()),
  ledger: text(),
  languages: list(text()),
  quality: withDefault(choice("language", "none", ...QUALITY_PROFILES.keys()), "language"),
  personal: withDefault(choice("mask", "drop", "keep"), "mask"),
  evaluation: list(
    fields({
      id: required(text({ least: 0, most: Infinity })),
      text: required(text({ least: 0, most: Infinity })),
    }),
    { most: 1e8 },
  ),
  onProgress: callback<(counts: CleanCounts) => void>(),
} satisfies TableOf<CleanCorpusOptions>;

/**
 * Cleans files and folders of documents.
 * @throws {BaimoError} `request` for options or files that are wrong, `format` for damaged files, `aborted`
 */
export async function cleanCorpus(paths: readonly string[], given: CleanCorpusOptions): Promise<CleanCounts> {
  const options = readOptions(given, cleanCorpusTable, call("cleanCorpus"));
  const { output, ledger = `${output}.dropped.jsonl`, quality, onProgress } = options;
  if (ledger === output) throw new BaimoError("request", "cleanCorpus: output and ledger are the same file");
  const rules: CleanRules = {
    languages: options.languages,
    quality: quality === "language" || quality === "none" ? quality : QUALITY_PROFILES.get(quality)!, // one of the choices
    personal: options.personal,
    evaluation: options.evaluation ?? [],
  };
  const clean = createCleaner(rules);
  const counts: CleanCounts = { documents: 0, kept: 0, dropped: {}, masked: 0 };
  const [kept, dropped] = [await createJsonLinesFile(output), await createJsonLinesFile(ledger)];
  try {
    const done = workInOrder<CorpusDocument[], Cleaned[]>(
      inBatches(readDocuments(paths, columnsOf(options))),
      {
        here: (batch) => batch.map((document) => clean(document.text)),
        module: new URL("./data-worker.js", import.meta.url),
        task: { clean: rules },
      },
      { threads: await threadsOf(options), signal: options.signal },
    );
    for await (const { batch, result } of done) {
      for (const [i, { id }] of batch.entries()) {
        const cleaned = result[i];
        counts.documents++;
        if (cleaned.kept) {
          counts.kept++;
          counts.masked += cleaned.masked;
          await kept.write({ id, text: cleaned.text, language: cleaned.language });
        } else {
          const { rule, reasons, language, measures } = cleaned;
          counts.dropped[rule] = (counts.dropped[rule] ?? 0) + 1;
          await dropped.write({ id, rule, reasons, language, measures });
        }
      }
      onProgress?.(counts);
    }
    await dropped.finish();
    await kept.finish();
    return counts;
  } finally {
    await dropped.close();
    await kept.close();
  }
}
