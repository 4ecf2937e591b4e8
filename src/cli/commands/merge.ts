// `baimo merge`: writes a model with an adapter's changes in its weights.
import type { Command } from "commander";
import { type CommandContext, nonEmpty } from "../options.ts";

/** Adds the command. */
export function addMerge(program: Command, { terminal }: CommandContext): Command {
  return program
    .command("merge")
    .summary("write a model with an adapter in its weights")
    .description(
      "Writes the model that an adapter of PEFT's form (LoRA, rsLoRA, DoRA) was trained over, with what it adds in the " +
        "weights. Weights that it leaves alone are copied byte for byte.",
    )
    .argument("<adapter>", "a folder with adapter_config.json")
    .argument("<output>", "the folder to write")
    .option("--base <model>", "another model than the one that the adapter names", nonEmpty)
    .action(async (adapter: string, output: string, { base }: { base?: string }) => {
      const { mergeAdapter } = await import("../../train/merge.ts");
      const { changed, copied } = await mergeAdapter(adapter, output, { base });
      terminal.line(`${output}: ${changed} weights changed, ${copied} copied`);
    });
}
