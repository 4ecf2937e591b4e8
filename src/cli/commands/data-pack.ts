// `baimo data pack` and `order`: a corpus as sequences of tokens, and which come at a step.
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { type CommandContext, nonEmpty, wholeNumber } from "../options.ts";
import { createProgress } from "../progress.ts";
import { formatTable } from "../table.ts";
import { addCorpusOptions, type CorpusFlags } from "./data-corpus.ts";

interface PackFlags extends CorpusFlags {
  output: string;
  tokenizer: string;
  sequence: number;
  separator?: string;
  shardTokens?: number;
}

/** Adds `baimo data pack`. */
export function addDataPack(data: Command, { terminal }: CommandContext): Command {
  const command = data
    .command("pack")
    .summary("write a corpus as sequences of tokens")
    .description(
      "Writes the tokens of all documents in shards (uint16, or uint32 for a large vocabulary), and which pieces of them make " +
        "each sequence by best fit: a document is cut only where it is longer than a sequence.",
    );
  return addCorpusOptions(command)
    .requiredOption("-o, --output <folder>", "a new folder", nonEmpty)
    .requiredOption("--tokenizer <file>", "a tokenizer.json", nonEmpty)
    .requiredOption("--sequence <tokens>", "the length of a sequence", wholeNumber(2, 1 << 24))
    .option("--separator <token>", "ends each document (default: <|endoftext|>)", nonEmpty)
    .option("--shard-tokens <count>", "most tokens of a shard (default: 134217728)", wholeNumber(1, 2 ** 30))
    .action(async (input: string[], flags: PackFlags) => {
      const { packCorpus } = await import("../../data/index.ts");
      const interrupt = listenForInterrupt();
      const progress = createProgress(terminal);
      const manifest = await packCorpus(input, {
        textColumns: flags.text,
        idColumn: flags.id,
        output: flags.output,
        tokenizer: flags.tokenizer,
        sequenceLength: flags.sequence,
        separator: flags.separator,
        shardTokens: flags.shardTokens,
        signal: interrupt.signal,
        onProgress: ({ tokens }) =>
          progress.update({ label: "packing", done: tokens, total: 0, unit: "items" }),
      }).finally(() => {
        progress.clear();
        interrupt.release();
      });
      if (flags.json) return terminal.json(manifest);
      const { documents, tokens, sequences, sequenceLength, dtype, shards } = manifest;
      const empty = 100 * (1 - tokens / (sequences * sequenceLength));
      terminal.line(
        `${documents.toLocaleString("en")} documents, ${tokens.toLocaleString("en")} tokens (${dtype}, ${shards.length} shards)`,
      );
      terminal.line(
        `${sequences.toLocaleString("en")} sequences of ${sequenceLength.toLocaleString("en")}; ${empty.toFixed(2)}% of them is empty`,
      );
    });
}

interface OrderFlags {
  step: number;
  batch?: number;
  seed?: number;
  json?: boolean;
}

/** Adds `baimo data order`. */
export function addDataOrder(data: Command, { terminal }: CommandContext): Command {
  return data
    .command("order")
    .summary("print the documents that a step learns from")
    .description(
      "Prints the sequences of a step and the documents in them: of a run of baimo train by its folder, or of a packed corpus. " +
        "The order is a function of seed, manifest and step; every sequence comes once before any comes again.",
    )
    .argument("<folder>", "a run's folder, or what baimo data pack wrote")
    .requiredOption("--step <number>", "the step, from 0", wholeNumber(0))
    .option("--batch <sequences>", "sequences of a step (default: the run's)", wholeNumber(1, 1 << 20))
    .option("--seed <number>", "the seed (default: the run's, or 0)", wholeNumber(0))
    .option("--json", "print a JSON document")
    .action(async (folder: string, { step, json, ...flags }: OrderFlags) => {
      const { createOrder, openSequences, sequencesOfStep } = await import("../../data/index.ts");
      const { readRunOrder } = await import("../../train/run/run-file.ts");
      const run = readRunOrder(folder);
      const { batch = run?.batch, seed = run?.seed ?? 0 } = flags;
      if (batch === undefined)
        throw new BaimoError(
          "request",
          `${folder} is no run of baimo train; say --batch, sequences of a step`,
        );
      const sequences = await openSequences(run?.folder ?? folder);
      const { hash, count } = sequences;
      const order = createOrder({ seed, manifestHash: hash, sequences: count });
      const chosen = sequencesOfStep(order, Math.floor(step / (run?.updates ?? 1)), batch);
      const documents = await sequences.documentsOf(chosen);
      await sequences.close();
      const shown = chosen.map((sequence, row) => ({ sequence, documents: documents[row] }));
      if (json) return terminal.json({ step, manifest: hash, rows: shown });
      const lines = shown.flatMap(({ sequence, documents }, row) =>
        documents.map(({ id, tokens }, at) => [
          at === 0 ? String(row) : "",
          at === 0 ? String(sequence) : "",
          String(tokens),
          id,
        ]),
      );
      const head = ["row", "sequence", "tokens", "document"];
      for (const line of formatTable([head, ...lines], { align: ["right", "right", "right"] }))
        terminal.line(line);
    });
}
