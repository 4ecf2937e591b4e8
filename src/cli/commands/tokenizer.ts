// `baimo tokenizer train`: a byte-level BPE vocabulary from a corpus.
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { choice } from "../../option-kinds.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { type CommandContext, nonEmpty, reader, wholeNumber } from "../options.ts";
import { checkOutput } from "../output-file.ts";
import { createProgress } from "../progress.ts";
import { words } from "../words.ts";
import { addCorpusOptions, type CorpusFlags } from "./data-corpus.ts";

interface TrainFlags extends CorpusFlags {
  output: string;
  vocab: number;
  minFrequency?: number;
  special?: string[];
  hanRun?: number;
  pattern?: string;
  alphabet?: "all" | "found";
  force?: boolean;
}

/** Adds the command with its own command. */
export function addTokenizer(program: Command, context: CommandContext): Command {
  const tokenizer = program
    .command("tokenizer")
    .summary("make a tokenizer of texts")
    .description("Makes tokenizers. baimo tokenize shows how one cuts a text.");
  const command = addTokenizerTrain(tokenizer, context).option("--verbose", "print the stack of an error");
  command.showHelpAfterError("(baimo tokenizer train --help lists its options)");
  return tokenizer;
}

function addTokenizerTrain(tokenizer: Command, { terminal }: CommandContext): Command {
  const command = tokenizer
    .command("train")
    .summary("learn a byte-level BPE vocabulary")
    .description(
      "Learns a vocabulary from a corpus, merge for merge as Hugging Face's tokenizers would, and writes a tokenizer.json.",
    );
  return addCorpusOptions(command)
    .requiredOption("-o, --output <file>", "the tokenizer.json to write", nonEmpty)
    .requiredOption("--vocab <tokens>", "tokens in all", wholeNumber(1, 1 << 21))
    .option(
      "--min-frequency <count>",
      "pairs that occur more rarely are not merged (default: 0)",
      wholeNumber(0),
    )
    .option("--special <tokens>", "the first ids, for example a,b (default: <|endoftext|>)", words)
    .option("--han-run <count>", "most Han characters of a word (default: 4)", wholeNumber(1, 64))
    .option("--pattern <regex>", "what words are, in the place of --han-run", nonEmpty)
    .option("--alphabet <bytes>", "all 256, or those found (default: all)", reader(choice("all", "found")))
    .option("--force", "replace a file that is there")
    .action(async (input: string[], flags: TrainFlags) => {
      checkOutput(flags.output, flags.force);
      const { readDocuments } = await import("../../data/index.ts");
      const { trainTokenizer } = await import("../../tokenizers/index.ts");
      const columns = { text: flags.text ?? ["text"], id: flags.id ?? "id" };
      async function* texts() {
        for await (const { text } of readDocuments(input, columns)) yield text;
      }
      const interrupt = listenForInterrupt();
      const progress = createProgress(terminal);
      const { vocab, minFrequency, special, hanRun, pattern, alphabet } = flags;
      const file = await trainTokenizer(texts(), {
        vocabSize: vocab,
        minFrequency,
        specialTokens: special,
        hanRun,
        pattern,
        alphabet,
        signal: interrupt.signal,
        onProgress: ({ words: counted, tokens }) =>
          progress.update(
            tokens === 0
              ? { label: "counting words", done: counted, total: 0, unit: "items" }
              : { label: "merging", done: tokens, total: vocab, unit: "items" },
          ),
      }).finally(() => {
        progress.clear();
        interrupt.release();
      });
      await writeFile(flags.output, `${JSON.stringify(file)}\n`);
      const { vocab: tokens, merges } = file.model;
      const about = { file: flags.output, tokens: Object.keys(tokens).length, merges: merges.length };
      if (flags.json) terminal.json(about);
      else terminal.line(`${about.file}: ${about.tokens} tokens, ${about.merges} merges`);
    });
}
