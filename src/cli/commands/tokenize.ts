// `baimo tokenize`: text to ids and back, without loading weights.
import type { Command } from "commander";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { fetchSource } from "../open-model.ts";
import { type CommandContext, checkIds, tokenIds } from "../options.ts";
import { formatTable } from "../table.ts";
import { hasPipedInput, readInput } from "../terminal.ts";

interface TokenizeFlags {
  decode?: number[];
  special: boolean;
  parseSpecial?: boolean;
  ids?: boolean;
  count?: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addTokenize(program: Command, context: CommandContext): Command {
  const command = program
    .command("tokenize")
    .summary("show how a text is cut into tokens")
    .description("Shows the tokens of a text, which may come from standard input, or the text of token ids.")
    .argument(
      "<model>",
      "a .gguf file, a model folder, hf:owner/name, poet, a tokenizer.json or a tokenizer.model",
    )
    .argument("[text...]", "the text")
    .option("--decode <ids>", "print the text of these ids, for example 1,2,3", tokenIds)
    .option("--no-special", "leave out the special tokens around a text")
    .option("--parse-special", "take the text of special tokens, such as <s>, for those tokens")
    .option("--ids", "print the ids alone, on one line")
    .option("--count", "print the number of tokens alone")
    .option("--json", "print a JSON document");
  return command.action(async (source: string, words: string[], flags: TokenizeFlags) => {
    if (flags.decode && (flags.ids || flags.count)) {
      command.error("error: --decode prints a text; --ids and --count do not go with it");
    }
    if (flags.ids && flags.count) command.error("error: give either --ids or --count, not both");
    if (flags.decode && words.length > 0) command.error("error: give either a text or --decode, not both");
    if (!flags.decode && words.length === 0 && !hasPipedInput()) {
      command.error(
        `error: there is no text; give one after the model, or pipe one in: baimo tokenize ${source} "a text"`,
      );
    }
    const { openTokenizer } = await import("../../tokenizers/index.ts");
    const interrupt = listenForInterrupt();
    const path = await fetchSource(source, context.terminal, interrupt.signal).finally(interrupt.release);
    const tokenizer = await openTokenizer(path);
    if (flags.decode) checkIds(command, "--decode", flags.decode, tokenizer.vocabSize);
    if (flags.decode) return decode(tokenizer, flags.decode, flags, context);
    const text = words.length > 0 ? words.join(" ") : await readInput();
    if (text === "" && words.length === 0)
      command.error("error: the text is empty; standard input gave none");
    encode(tokenizer, text, flags, context);
  });
}

function encode(
  tokenizer: Tokenizer,
  text: string,
  flags: TokenizeFlags,
  { terminal }: CommandContext,
): void {
  const ids = tokenizer.encode(text, {
    addSpecialTokens: flags.special,
    parseSpecialTokens: flags.parseSpecial ?? false,
  });
  const tokens = ids.map((id) => ({ id, token: tokenizer.idToToken(id) ?? "" }));
  if (flags.json) {
    terminal.json({ kind: tokenizer.kind, vocabSize: tokenizer.vocabSize, count: ids.length, tokens });
  } else if (flags.count) terminal.line(String(ids.length));
  else if (flags.ids) terminal.line(ids.join(","));
  else {
    const rows = tokens.map(({ id, token }) => [
      String(id),
      token.replace(/[\p{Cc}\p{Cf}]/gu, (c) => JSON.stringify(c).slice(1, -1)),
      tokenizer.isSpecial(id) ? "special" : "",
    ]);
    for (const line of formatTable(rows, { align: ["right"] })) terminal.line(line);
    const characters = Array.from(text).length;
    const rate = ids.length > 0 ? `, ${(characters / ids.length).toFixed(2)} characters a token` : "";
    terminal.line(terminal.dim(`${ids.length} tokens${rate}`));
  }
}

function decode(
  tokenizer: Tokenizer,
  ids: readonly number[],
  flags: TokenizeFlags,
  { terminal }: CommandContext,
): void {
  const text = tokenizer.decode(ids, { skipSpecialTokens: !flags.special });
  if (flags.json) terminal.json({ text, count: ids.length });
  else terminal.line(text);
}
