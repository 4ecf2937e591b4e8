// Shared by quantize and convert: opens a model, writes the file, reports what was written.
import { type Command, InvalidArgumentError } from "commander";
import { type FileType, fileTypeKind, readFileType } from "../formats/gguf/file-types.ts";
import type { Checkpoint, ImportanceMatrix, QuantizeProgress, QuantizeSummary } from "../formats/index.ts";
import { loadTable } from "../generate/load-options.ts";
import type { PackingThreads } from "../models/weights/packing-threads.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { fetchSource } from "./open-model.ts";
import { nonEmpty, reader } from "./options.ts";
import { checkOutput } from "./output-file.ts";
import { createProgress } from "./progress.ts";
import { formatBytes, formatCount, formatSeconds, formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** The values of `addWriteOptions`. */
export interface WriteFlags {
  imatrix?: string;
  threads?: number;
  force?: boolean;
  json?: boolean;
}

/** Reads the name of a file type, in any case. */
export function fileType(text: string): FileType {
  try {
    return readFileType(text);
  } catch {
    throw new InvalidArgumentError(`Allowed: ${fileTypeKind.allowed}.`);
  }
}

/** Adds --imatrix, --threads, --force and --json. */
export function addWriteOptions(command: Command): Command {
  return command
    .option(
      "--imatrix <file>",
      "weigh errors by an importance matrix (baimo imatrix, llama-imatrix)",
      nonEmpty,
    )
    .option(
      "-t, --threads <count>",
      "threads that pack (default: as many as cores)",
      reader(loadTable.threads),
    )
    .option("-f, --force", "replace the output if it is there")
    .option("--json", "print a JSON document");
}

/** What the work gets. */
export interface WriteParts {
  readonly checkpoint: Checkpoint;
  readonly importance?: ImportanceMatrix;
  readonly packer: PackingThreads;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: QuantizeProgress) => void;
}

/** Has `write` write a model to `output`, with a progress bar, and prints the summary. */
export async function writeModel(
  source: string,
  output: string,
  flags: WriteFlags,
  terminal: Terminal,
  write: (parts: WriteParts) => Promise<QuantizeSummary & { warnings?: readonly string[] }>,
): Promise<void> {
  checkOutput(output, flags.force);
  const { openCheckpoint, openImportance } = await import("../formats/index.ts");
  const { startPackingThreads } = await import("../models/weights/packing-threads.ts");
  const interrupt = listenForInterrupt();
  const { signal } = interrupt;
  const progress = createProgress(terminal);
  let checkpoint: Checkpoint | undefined;
  let packer: PackingThreads | undefined;
  try {
    const importance = flags.imatrix ? await openImportance(flags.imatrix, { signal }) : undefined;
    checkpoint = await openCheckpoint(await fetchSource(source, terminal, signal), { signal });
    packer = await startPackingThreads(flags.threads);
    const started = performance.now();
    const onProgress = ({ tensor, done, total }: QuantizeProgress) =>
      progress.update({ label: `writing ${tensor}`, done, total });
    const summary = await write({ checkpoint, importance, packer, signal, onProgress });
    progress.clear();
    const seconds = (performance.now() - started) / 1000;
    if (flags.json) terminal.json({ output, ...summary, seconds });
    else for (const line of describeSummary(output, summary, seconds)) terminal.line(line);
    for (const note of describeFallbacks(summary)) terminal.note(`baimo: note: ${note}`);
    for (const warning of summary.warnings ?? []) terminal.note(`baimo: left out: ${warning}`);
    const [first, ...others] = summary.unweighted ?? [];
    if (first !== undefined) {
      const names = others.length > 0 ? `${first}, …` : first;
      terminal.note(
        `baimo: note: the importance matrix lacks ${1 + others.length} tensors, which were packed without (${names})`,
      );
    }
  } finally {
    progress.clear();
    await packer?.close();
    await checkpoint?.close();
    interrupt.release();
  }
}

/** Which tensors could not have the type that was asked for. */
function describeFallbacks({ fallbacks }: QuantizeSummary): string[] {
  if (fallbacks.length === 0) return [];
  const count = fallbacks.reduce((sum, { tensors }) => sum + tensors, 0);
  const list = fallbacks.map(({ from, to, tensors }) => `${tensors} of ${from} became ${to}`).join(", ");
  const which = count === 1 ? "1 tensor has rows that do" : `${count} tensors have rows that do`;
  return [`${which} not divide into blocks of the type meant for them: ${list}`];
}

/** What was written, as lines. */
function describeSummary(
  output: string,
  { fileType, parameters, bytesBefore, bytes, bitsPerWeight, types }: QuantizeSummary,
  seconds: number,
): string[] {
  const rows = Object.entries(types)
    .sort((a, b) => b[1].bytes - a[1].bytes)
    .map(([type, entry]) => [
      `  ${type}`,
      `${entry.tensors} ${entry.tensors === 1 ? "tensor" : "tensors"}`,
      formatBytes(entry.bytes),
    ]);
  return [
    `${output}: ${fileType}, ${formatCount(parameters)} weights of ${bitsPerWeight.toFixed(2)} bits`,
    `${formatBytes(bytesBefore)} to ${formatBytes(bytes)} in ${formatSeconds(seconds)}`,
    ...formatTable(rows, { align: ["left", "right", "right"] }),
  ];
}
