// `baimo convert`: writes a model folder as one GGUF file. Leans on models/convert.ts and output-file.ts.
import type { Command } from "commander";
import { listenForInterrupt } from "../interrupt.ts";
import { fetchSource } from "../open-model.ts";
import { type CommandContext, wholeNumber } from "../options.ts";
import { checkOutput } from "../output-file.ts";
import { createProgress } from "../progress.ts";
import { describeWritten } from "./quantize.ts";

interface ConvertFlags {
  type: string;
  imatrix?: string;
  pre?: string;
  name?: string;
  threads?: number;
  force?: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addConvert(program: Command, context: CommandContext): Command {
  return program
    .command("convert")
    .summary("write a model folder as one GGUF file")
    .description(
      "Writes a model in Hugging Face's layout (safetensors, config.json, tokenizer) as GGUF, with its tokenizer and chat\n" +
        "template. What GGUF cannot hold is refused, or named in a warning where texts of usual length come out the same.",
    )
    .argument("<model>", "a model folder, a URL or hf:owner/name")
    .argument("<output>", "the .gguf file to write")
    .option("--type <type>", "F32, F16, BF16 or a type of baimo quantize", "F16")
    .option("--imatrix <file>", "weigh errors by an importance matrix")
    .option("--pre <name>", "llama.cpp's name of the pre-tokenizer, where it cannot be found")
    .option("--name <name>", "what the file calls the model")
    .option("-t, --threads <count>", "threads that pack (default: as many as cores)", wholeNumber(1))
    .option("-f, --force", "replace the output if it is there")
    .option("--json", "print a JSON document")
    .action(async (source: string, output: string, flags: ConvertFlags) => {
      const { terminal } = context;
      const { openCheckpoint, readFileType, readImportance } = await import("../../formats/index.ts");
      const { convertToGguf } = await import("../../models/convert.ts");
      const fileType = readFileType(flags.type);
      const { startPackingThreads } = await import("../../models/packing-threads.ts");
      checkOutput(output, flags.force);
      const interrupt = listenForInterrupt();
      const { signal } = interrupt;
      const progress = createProgress(terminal);
      const packer = await startPackingThreads(flags.threads);
      try {
        const file = flags.imatrix ? await openCheckpoint(flags.imatrix, { signal }) : undefined;
        try {
          const checkpoint = await openCheckpoint(await fetchSource(source, terminal, signal), { signal });
          try {
            const started = performance.now();
            const summary = await convertToGguf(checkpoint, output, {
              packer,
              fileType,
              importance: file && (await readImportance(file, signal)),
              ...{ preTokenizer: flags.pre, name: flags.name, signal },
              onProgress: ({ tensor, done, total }) =>
                progress.update({ label: `converting ${tensor}`, done, total }),
            });
            progress.clear();
            const seconds = (performance.now() - started) / 1000;
            if (flags.json) terminal.json({ output, ...summary, seconds });
            else for (const line of describeWritten(output, summary, seconds)) terminal.line(line);
            for (const warning of summary.warnings) terminal.note(`baimo: left out: ${warning}`);
          } finally {
            await checkpoint.close();
          }
        } finally {
          await file?.close();
        }
      } finally {
        progress.clear();
        await packer.close();
        interrupt.release();
      }
    });
}
