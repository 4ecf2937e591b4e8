// `baimo export`: a run of pre-training for another trainer, with its data and a script.
import { Argument, type Command } from "commander";
import { packagePath } from "../environment.ts";
import { type CommandContext, nonEmpty, setting } from "../options.ts";
import { readText } from "../text-file.ts";

interface ExportFlags {
  output: string;
  set?: Record<string, unknown>;
}

/** Adds the command. */
export function addExport(program: Command, { terminal }: CommandContext): Command {
  return program
    .command("export")
    .summary("write a run of training for another trainer")
    .description(
      "Writes a run of pre-training so that OLMo-core takes the same steps: weights in Hugging Face's layout, the " +
        "tokens of every step in order, config.json, train.py, and manifest.json with a hash of each file.",
    )
    .addArgument(new Argument("<trainer>", "whose script it is").choices(["olmo-core"]))
    .argument("<config>", "what baimo train reads")
    .requiredOption("-o, --output <folder>", "a new folder", nonEmpty)
    .option("--set <key=value>", "a key of the file, over what it says; may be repeated", setting)
    .action(async (trainer: "olmo-core", path: string, { output, set }: ExportFlags) => {
      const { readTrainConfig } = await import("../../train/run/config.ts");
      const { exportRun } = await import("../../train/export/export-run.ts");
      const config = readTrainConfig(await readText(path), path, set);
      const script = await readText(packagePath("assets", "export", `${trainer}.py`));
      const { steps, tokens, sharedRows } = await exportRun(config, { output, script });
      const count = (value: number) => value.toLocaleString("en");
      terminal.line(`${output}: ${count(steps)} steps, ${count(tokens)} tokens; python ${output}/train.py`);
      if (sharedRows > 0)
        terminal.line(
          `${count(sharedRows)} rows hold several documents: attention stays within each by flash-attn alone`,
        );
    });
}
