// `baimo data inspect`, `clean` and `dedup`: corpora looked at, cleaned and freed of repeats.
import type { Command } from "commander";
import type { CleanCounts } from "../../data/index.ts";
import { choice, number } from "../../option-kinds.ts";
import { textsOfFile, textsOfTasks } from "../evaluation-texts.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { type CommandContext, collect, nonEmpty, reader, wholeNumber } from "../options.ts";
import { checkOutput } from "../output-file.ts";
import { createProgress } from "../progress.ts";
import { formatBytes, formatTable } from "../table.ts";
import { words } from "../words.ts";

/** The values of `addCorpusOptions`. */
export interface CorpusFlags {
  text?: string[];
  id?: string;
  json?: boolean;
}

interface OutputFlags extends CorpusFlags {
  output: string;
  ledger?: string;
  threads?: number;
  force?: boolean;
}

interface CleanFlags extends OutputFlags {
  language?: string[];
  quality?: string;
  personal?: "mask" | "drop" | "keep";
  tasks?: string[];
  includePath?: string[];
  evaluation?: string;
}

/** Adds the argument and options that say how documents are read. */
export function addCorpusOptions(command: Command): Command {
  return command
    .argument("<input...>", "JSON Lines, Parquet or text files (also .gz, .zst), or folders of them")
    .option("--text <columns>", "columns that make the text, for example title,lines (default: text)", words)
    .option("--id <column>", "the column of a document's name (default: id)", nonEmpty)
    .option("--json", "print a JSON document");
}

const addOutputOptions = (command: Command): Command =>
  command
    .requiredOption("-o, --output <file>", "the JSON Lines file to write (.jsonl or .jsonl.gz)", nonEmpty)
    .option("--ledger <file>", "where what is dropped is listed (default: <file>.dropped.jsonl)", nonEmpty)
    .option("-t, --threads <count>", "threads (default: the machine's)", wholeNumber(1, 256))
    .option("--force", "replace files that are there");

/** Refuses files that are there. */
function checkOutputs({ output, ledger = `${output}.dropped.jsonl`, force }: OutputFlags): void {
  for (const path of [output, ledger]) checkOutput(path, force);
}

/** Adds `baimo data inspect`. */
export function addDataInspect(data: Command, { terminal }: CommandContext): Command {
  const command = data
    .command("inspect")
    .summary("count a corpus's documents, characters and languages")
    .description("Reads a corpus once and says what is in it.");
  return addCorpusOptions(command).action(async (input: string[], flags: CorpusFlags) => {
    const { inspectCorpus } = await import("../../data/index.ts");
    const interrupt = listenForInterrupt();
    const { signal } = interrupt;
    const summary = await inspectCorpus(input, {
      textColumns: flags.text,
      idColumn: flags.id,
      signal,
    }).finally(interrupt.release);
    if (flags.json) return terminal.json(summary);
    const { documents, characters, bytes, longest, empty, languages } = summary;
    const share = (count: number) => `${((100 * count) / documents).toFixed(1)}%`;
    terminal.line(
      `${documents.toLocaleString("en")} documents, ${characters.toLocaleString("en")} characters, ${formatBytes(bytes)}`,
    );
    if (empty > 0) terminal.line(`${empty.toLocaleString("en")} are empty`);
    if (longest)
      terminal.line(`the longest: ${longest.id}, ${longest.characters.toLocaleString("en")} characters`);
    const rows = Object.entries(languages).map(([name, count]) => [
      name,
      count.toLocaleString("en"),
      share(count),
    ]);
    for (const line of formatTable(rows, { align: ["left", "right", "right"] })) terminal.line(line);
  });
}

/** Adds `baimo data clean`. */
export function addDataClean(data: Command, { terminal }: CommandContext): Command {
  const command = data
    .command("clean")
    .summary("keep the documents that are fit to learn from")
    .description(
      "Writes the documents that pass: by language, by FineWeb's rules of quality (English) or FineWeb-2's (Chinese), clear " +
        "of evaluations' texts, personal information masked. Every document dropped is listed with its reasons.",
    );
  addOutputOptions(addCorpusOptions(command))
    .option("--language <codes>", "keep these alone, for example zh-Hans,lzh (default: all)", words)
    .option(
      "--quality <rules>",
      "language, none, cmn_Hani or eng_Latn (default: language, by each document's)",
      nonEmpty,
    )
    .option(
      "--personal <what>",
      "personal information: mask, drop the document, or keep (default: mask)",
      reader(choice("mask", "drop", "keep")),
    )
    .option("--tasks <names>", "tasks of baimo eval whose texts must not be in it, for example a,b", words)
    .option("--include-path <folder>", "a folder of tasks (may be repeated)", collect(nonEmpty))
    .option("--evaluation <file>", "a corpus of texts that must not be in it, either", nonEmpty);
  return command.action(async (input: string[], flags: CleanFlags) => {
    checkOutputs(flags);
    const { cleanCorpus } = await import("../../data/index.ts");
    const evaluation = [
      ...(flags.tasks ? await textsOfTasks(flags.tasks, flags.includePath ?? []) : []),
      ...(flags.evaluation ? await textsOfFile(flags.evaluation) : []),
    ];
    const interrupt = listenForInterrupt();
    const progress = createProgress(terminal);
    const { output, ledger, threads, quality, personal } = flags;
    const counts = await cleanCorpus(input, {
      textColumns: flags.text,
      idColumn: flags.id,
      languages: flags.language,
      output,
      ledger,
      threads,
      quality,
      personal,
      evaluation,
      signal: interrupt.signal,
      onProgress: ({ documents }) =>
        progress.update({ label: "cleaning", done: documents, total: 0, unit: "items" }),
    }).finally(() => {
      progress.clear();
      interrupt.release();
    });
    if (flags.json) terminal.json(counts);
    else for (const line of cleanLines(counts)) terminal.line(line);
  });
}

function cleanLines({ documents, kept, dropped, masked }: CleanCounts): string[] {
  const rows = Object.entries(dropped).map(([rule, count]) => [
    `dropped by ${rule}`,
    count.toLocaleString("en"),
  ]);
  return [
    `${kept.toLocaleString("en")} of ${documents.toLocaleString("en")} documents kept`,
    ...formatTable(rows, { align: ["left", "right"] }),
    ...(masked > 0 ? [`${masked.toLocaleString("en")} spans of personal information masked`] : []),
  ];
}

/** Adds `baimo data dedup`. */
export function addDataDedup(data: Command, { terminal }: CommandContext): Command {
  const command = data
    .command("dedup")
    .summary("keep the first of documents that repeat one another")
    .description(
      "Finds documents that are equal, or similar by the Jaccard of their shingles of 5 units (MinHash of 14 bands of 8 " +
        "finds candidates, each pair is then compared exactly). The first of each cluster is kept, by the order of the input.",
    );
  addOutputOptions(addCorpusOptions(command)).option(
    "--threshold <jaccard>",
    "the similarity from which on a document is a repeat (default: 0.8)",
    reader(number({ min: 0.3, max: 1 })),
  );
  return command.action(async (input: string[], flags: OutputFlags & { threshold?: number }) => {
    checkOutputs(flags);
    const { dedupCorpus } = await import("../../data/index.ts");
    const interrupt = listenForInterrupt();
    const progress = createProgress(terminal);
    const { output, ledger, threads, threshold } = flags;
    const counts = await dedupCorpus(input, {
      textColumns: flags.text,
      idColumn: flags.id,
      output,
      ledger,
      threads,
      threshold,
      signal: interrupt.signal,
      onProgress: ({ documents }) =>
        progress.update({ label: "writing", done: documents, total: 0, unit: "items" }),
    }).finally(() => {
      progress.clear();
      interrupt.release();
    });
    if (flags.json) return terminal.json(counts);
    const [documents, kept, equal, similar] = [
      counts.documents,
      counts.kept,
      counts.equal,
      counts.similar,
    ].map((count) => count.toLocaleString("en"));
    terminal.line(
      `${kept} of ${documents} documents kept; ${equal} equal and ${similar} similar ones dropped`,
    );
  });
}
