// `baimo convert`: writes a model folder as one GGUF file.
import type { Command } from "commander";
import type { FileType } from "../../formats/gguf/file-types.ts";
import { addConfigOptions, type CommandContext, type ConfigFlags, nonEmpty } from "../options.ts";
import { addWriteOptions, fileType, type WriteFlags, writeModel } from "../write-model.ts";

interface ConvertFlags extends WriteFlags, ConfigFlags {
  type: FileType;
  pre?: string;
  name?: string;
}

/** Adds the command. */
export function addConvert(program: Command, { terminal }: CommandContext): Command {
  const command = program
    .command("convert")
    .summary("write a model folder as one GGUF file")
    .description(
      "Writes a model in Hugging Face's layout (safetensors or .bin, config.json, tokenizer) as GGUF, with its tokenizer " +
        "and chat template. What GGUF cannot hold is refused, or told of where texts of usual length come out the same.",
    )
    .argument("<model>", "a model folder, a URL or hf:owner/name")
    .argument("<output>", "the .gguf file to write")
    .option("--type <type>", "F32, F16, BF16 or a type of baimo quantize", fileType, "F16")
    .option("--pre <name>", "llama.cpp's name of the pre-tokenizer, where it cannot be found", nonEmpty)
    .option("--name <name>", "what the file calls the model", nonEmpty);
  return addConfigOptions(addWriteOptions(command)).action(
    async (source: string, output: string, flags: ConvertFlags) => {
      const { convertToGguf } = await import("../../models/gguf/convert.ts");
      const { type, pre: preTokenizer, name, ignoreConfigKeys } = flags;
      await writeModel(source, output, flags, terminal, ({ checkpoint, ...parts }) =>
        convertToGguf(checkpoint, output, { ...parts, fileType: type, preTokenizer, name, ignoreConfigKeys }),
      );
    },
  );
}
