// `baimo pull`: downloads a model from the Hub.
import type { Command } from "commander";
import { listenForInterrupt } from "../interrupt.ts";
import { fetchSource } from "../open-model.ts";
import type { CommandContext } from "../options.ts";

interface PullFlags {
  cache?: string;
  json?: boolean;
}

/** Adds the command. */
export function addPull(program: Command, context: CommandContext): Command {
  const command = program
    .command("pull")
    .summary("download a model from the Hugging Face Hub")
    .description(
      "Downloads a model into the Hub's own cache folder and prints where it lies. A download that broke off goes on " +
        "where it was, and every file is verified by its checksum. HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE and " +
        "HF_ENDPOINT mean what they mean to the Hub's own tools.",
    )
    .argument(
      "<model>",
      "hf:owner/name, with :Q4_K_M (which of several GGUF files) or @revision after it if need be",
    )
    .option("--cache <folder>", "keep it in this folder")
    .option("--json", "print a JSON document");
  return command.action(async (model: string, flags: PullFlags) => {
    const { terminal } = context;
    if (!model.startsWith("hf:")) command.error(`error: "${model}" is not on the Hub; write hf:owner/name`);
    const interrupt = listenForInterrupt();
    try {
      const settings = flags.cache === undefined ? {} : { cacheFolder: flags.cache };
      const path = await fetchSource(model, terminal, interrupt.signal, settings);
      if (flags.json) terminal.json({ model, path });
      else terminal.line(path);
    } finally {
      interrupt.release();
    }
  });
}
