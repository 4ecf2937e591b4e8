// `baimo imatrix`: measures on a text which columns of the weights matter.
import { basename } from "node:path";
import type { Command } from "commander";
import { withModel } from "../open-model.ts";
import {
  addEngineOptions,
  type CommandContext,
  type EngineFlags,
  nonEmpty,
  wholeNumber,
} from "../options.ts";
import { checkOutput } from "../output-file.ts";
import { createProgress } from "../progress.ts";
import { formatSeconds } from "../table.ts";
import { readText } from "../text-file.ts";

interface ImatrixFlags extends EngineFlags {
  output: string;
  chunk: number;
  chunks?: number;
  force?: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addImatrix(program: Command, context: CommandContext): Command {
  const command = program
    .command("imatrix")
    .summary("measure an importance matrix on a text")
    .description(
      "Reads a text and sums the squares of what every weight matrix is multiplied with. baimo quantize and llama.cpp " +
        "weigh the errors of rounding by it (--imatrix). The model is best an F16 or BF16 GGUF file of what is quantised.",
    )
    .argument("<model>", "a .gguf file or hf:owner/name")
    .argument("<text>", "a text file, of some 50,000 words or more")
    .option("-o, --output <file>", "the file to write", nonEmpty, "imatrix.gguf")
    .option("--chunk <tokens>", "tokens that are read at a time", wholeNumber(8, 1 << 24), 512)
    .option("--chunks <count>", "most pieces to read", wholeNumber(1))
    .option("-f, --force", "replace the output if it is there")
    .option("--json", "print a JSON document");
  addEngineOptions(command);
  return command.action(async (source: string, textFile: string, flags: ImatrixFlags) => {
    const { terminal } = context;
    const { output, chunk, chunks } = flags;
    checkOutput(output, flags.force);
    const text = await readText(textFile);
    const { measureImportance } = await import("../../generate/measure-importance.ts");
    const { writeImportance } = await import("../../formats/gguf/importance.ts");
    const settings = { ...flags, context: Math.max(flags.context ?? 0, chunk) };
    const progress = createProgress(terminal);
    await withModel(source, settings, terminal, async (model, signal) => {
      const started = performance.now();
      try {
        const matrix = await measureImportance(model, text, {
          chunkTokens: chunk,
          chunks,
          signal,
          dataset: basename(textFile),
          onProgress: ({ done, total }) => progress.update({ label: "reading pieces", done, total }),
        });
        progress.clear();
        await writeImportance(output, matrix, { signal });
        const seconds = (performance.now() - started) / 1000;
        const { columns, chunkCount, chunkSize } = matrix;
        if (flags.json) terminal.json({ output, matrices: columns.size, chunkCount, chunkSize, seconds });
        else {
          terminal.line(
            `${output}: ${columns.size} matrices, measured on ${chunkCount} ${chunkCount === 1 ? "piece" : "pieces"} of ${chunkSize} tokens in ${formatSeconds(seconds)}`,
          );
        }
      } finally {
        progress.clear();
      }
    });
  });
}
