// `baimo quantize`: writes a GGUF model with smaller weights. Leans on formats/ and output-file.ts.
import type { Command } from "commander";
import type { QuantizeSummary } from "../../formats/index.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { fetchSource } from "../open-model.ts";
import { type CommandContext, wholeNumber } from "../options.ts";
import { checkOutput } from "../output-file.ts";
import { createProgress } from "../progress.ts";
import { formatBytes, formatCount, formatSeconds, formatTable } from "../table.ts";

interface QuantizeFlags {
  imatrix?: string;
  requantize?: boolean;
  threads?: number;
  force?: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addQuantize(program: Command, context: CommandContext): Command {
  return program
    .command("quantize")
    .summary("write a GGUF model with smaller weights")
    .description(
      "Writes a GGUF model in another type, with the mixes of llama.cpp: some matrices get more bits, norms stay as they\n" +
        "are. Split models become one file. Types: F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S IQ4_NL\n" +
        "IQ4_XS Q4_1 Q4_0 Q3_K_L Q3_K_M Q3_K_S Q2_K, and MXFP4_MOE for mixtures of experts.",
    )
    .argument("<model>", "a .gguf file, the first of its parts, a folder or hf:owner/name")
    .argument("<output>", "the .gguf file to write")
    .argument("<type>", "for example Q4_K_M")
    .option("--imatrix <file>", "weigh errors by an importance matrix (baimo imatrix, llama-imatrix)")
    .option("--requantize", "pack weights again that are quantised already; adds the errors of both")
    .option("-t, --threads <count>", "threads that pack (default: as many as cores)", wholeNumber(1))
    .option("-f, --force", "replace the output if it is there")
    .option("--json", "print a JSON document")
    .action(async (source: string, output: string, type: string, flags: QuantizeFlags) => {
      const { terminal } = context;
      const { openCheckpoint, quantizeGguf, readFileType, readImportance } = await import(
        "../../formats/index.ts"
      );
      const fileType = readFileType(type);
      const { startPackingThreads } = await import("../../models/packing-threads.ts");
      checkOutput(output, flags.force);
      const interrupt = listenForInterrupt();
      const { signal } = interrupt;
      const progress = createProgress(terminal);
      const packer = await startPackingThreads(flags.threads);
      try {
        const importance = flags.imatrix ? await openCheckpoint(flags.imatrix, { signal }) : undefined;
        try {
          const matrix = importance && (await readImportance(importance, signal));
          const checkpoint = await openCheckpoint(await fetchSource(source, terminal, signal), { signal });
          try {
            const started = performance.now();
            const summary = await quantizeGguf(checkpoint, output, fileType, {
              packer,
              importance: matrix,
              requantize: flags.requantize,
              signal,
              onProgress: ({ tensor, done, total }) =>
                progress.update({ label: `quantising ${tensor}`, done, total }),
            });
            progress.clear();
            const seconds = (performance.now() - started) / 1000;
            if (flags.json) terminal.json({ output, ...summary, seconds });
            else for (const line of describeWritten(output, summary, seconds)) terminal.line(line);
            if (summary.unweighted && summary.unweighted.length > 0) {
              const { length } = summary.unweighted;
              terminal.note(
                `baimo: note: the importance matrix lacks ${length} tensors, which were packed without (${summary.unweighted[0]}${length > 1 ? ", …" : ""})`,
              );
            }
          } finally {
            await checkpoint.close();
          }
        } finally {
          await importance?.close();
        }
      } finally {
        progress.clear();
        await packer.close();
        interrupt.release();
      }
    });
}

/** What was written, as lines. */
export function describeWritten(
  output: string,
  { fileType, parameters, bytesBefore, bytes, bitsPerWeight, types }: QuantizeSummary,
  seconds: number,
): string[] {
  const rows = Object.entries(types)
    .sort((a, b) => b[1].bytes - a[1].bytes)
    .map(([type, entry]) => [`  ${type}`, `${entry.tensors} tensors`, formatBytes(entry.bytes)]);
  return [
    `${output}: ${fileType}, ${formatCount(parameters)} weights of ${bitsPerWeight.toFixed(2)} bits`,
    `${formatBytes(bytesBefore)} to ${formatBytes(bytes)} in ${formatSeconds(seconds)}`,
    ...formatTable(rows, { align: ["left", "right", "right"] }),
  ];
}
