// `baimo embed`: texts as vectors, one a line.
import type { Command } from "commander";
import { embedTable } from "../../generate/embed.ts";
import type { EmbedOptions } from "../../generate/types.ts";
import { withModel } from "../open-model.ts";
import {
  addEngineOptions,
  type CommandContext,
  type EngineFlags,
  MODEL_HELP,
  nonEmpty,
  reader,
} from "../options.ts";
import { hasPipedInput, readInput } from "../terminal.ts";

interface EmbedFlags extends EngineFlags, Omit<EmbedOptions, "signal"> {
  json?: boolean;
}

/** Adds the command. */
export function addEmbed(program: Command, context: CommandContext): Command {
  const { pooling, dimensions } = embedTable;
  const command = program
    .command("embed")
    .summary("turn texts into vectors")
    .description(
      "Prints the vector of each text on a line of its own. Without texts, every line of standard input is one.",
    )
    .argument("<model>", MODEL_HELP)
    .argument("[text...]", "the texts, each in quotes")
    .option("--pooling <how>", "mean, last or cls (default: as the model says)", reader(pooling))
    .option("--no-normalize", "leave vectors as long as they are")
    .option("--prompt <text>", "put this before every text")
    .option(
      "--prompt-name <name>",
      "put a prompt of the model's own before every text, for example query",
      nonEmpty,
    )
    .option("--dimensions <count>", "keep the first dimensions alone", reader(dimensions))
    .option("--truncate", "cut texts that are too long")
    .option("--json", "print each as a JSON value with its tokens");
  addEngineOptions(command);
  return command.action(async (source: string, words: string[], flags: EmbedFlags) => {
    if (words.length === 0 && !hasPipedInput()) {
      command.error(`error: there is no text; give one after the model: baimo embed ${source} "a text"`);
    }
    const texts = words.length > 0 ? words : linesOf(await readInput());
    if (texts.length === 0) command.error("error: there is no text; standard input gave none");
    const { normalize, prompt, promptName, dimensions, truncate } = flags;
    await withModel(source, flags, context.terminal, async (model, signal) => {
      const options = { pooling: flags.pooling, prompt, promptName, dimensions, truncate, signal };
      // Without the flag it is as the model says.
      const found = await model.embed(texts, normalize === false ? { ...options, normalize } : options);
      for (const [index, { vector, tokens }] of found.entries()) {
        if (flags.json) context.terminal.jsonLine({ index, tokens, vector });
        else context.terminal.line(vector.join(" "));
      }
    });
  });
}

function linesOf(input: string): string[] {
  return input.split(/\r?\n/).filter((line) => line !== "");
}
