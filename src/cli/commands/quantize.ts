// `baimo quantize`: writes a GGUF model with smaller weights.
import type { Command } from "commander";
import type { FileType } from "../../formats/gguf/file-types.ts";
import type { CommandContext } from "../options.ts";
import { addWriteOptions, fileType, type WriteFlags, writeModel } from "../write-model.ts";

interface QuantizeFlags extends WriteFlags {
  requantize?: boolean;
}

/** Adds the command. */
export function addQuantize(program: Command, { terminal }: CommandContext): Command {
  const command = program
    .command("quantize")
    .summary("write a GGUF model with smaller weights")
    .description(
      "Writes a GGUF model in another type, with the mixes of llama.cpp: some matrices get more bits, norms stay as they " +
        "are. Split models become one file. Types: F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S IQ4_NL " +
        "IQ4_XS Q4_1 Q4_0 Q3_K_L Q3_K_M Q3_K_S Q2_K, and MXFP4_MOE for mixtures of experts.",
    )
    .argument("<model>", "a .gguf file, the first of its parts, a folder or hf:owner/name")
    .argument("<output>", "the .gguf file to write")
    .argument("<type>", "for example Q4_K_M", fileType)
    .option("--requantize", "pack weights again that are quantised already; adds the errors of both");
  return addWriteOptions(command).action(
    async (source: string, output: string, type: FileType, flags: QuantizeFlags) => {
      const { quantizeGguf } = await import("../../formats/index.ts");
      const { requantize } = flags;
      await writeModel(source, output, flags, terminal, ({ checkpoint, ...parts }) =>
        quantizeGguf(checkpoint, output, type, { ...parts, requantize }),
      );
    },
  );
}
