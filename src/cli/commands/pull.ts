// `baimo pull`: downloads a model from the Hub.
import type { Command } from "commander";
import { listenForInterrupt } from "../interrupt.ts";
import { fetchSource } from "../open-model.ts";
import { type CommandContext, nonEmpty } from "../options.ts";

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
      "hf:owner/name or owner/name, with :Q4_K_M (which of several GGUF files) or @revision after it if need be",
    )
    .option("--cache <folder>", "keep it in this folder", nonEmpty)
    .option("--json", "print a JSON document");
  return command.action(async (name: string, flags: PullFlags) => {
    const { terminal } = context;
    const model = hubName(name);
    if (model === undefined) {
      return command.error(
        `error: "${name}" does not name a model of the Hub; write hf:owner/name, for example hf:Qwen/Qwen3-0.6B`,
      );
    }
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

/** What `load` and `pull` call a model of the Hub that was named with or without hf:, or by the address of its page. */
function hubName(name: string): string | undefined {
  const spec = name.replace(/^(hf:|https:\/\/huggingface\.co\/)/, "").replace(/\/(tree\/main\/?)?$/, "");
  return /^[\w-][\w.-]*\/[\w.-]+(:[\w.-]+)?(@[\w./-]+)?$/.test(spec) ? `hf:${spec}` : undefined;
}
