// `baimo board`: runs side by side as a table, board.json, board.svg and a page.
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import { boardLines } from "../evaluation-text.ts";
import { addLanguageOption, type Language } from "../language.ts";
import { type CommandContext, nonEmpty } from "../options.ts";

/** Adds the command. */
export function addBoard(program: Command, { terminal }: CommandContext): Command {
  const command = program
    .command("board")
    .summary("put evaluations side by side, with intervals and ranks")
    .description(
      "Reads folders that baimo eval, lm-evaluation-harness or OpenCompass wrote, or folders of them. Each score has its interval of 95%; models that the " +
        "documents cannot tell apart share their ranks.",
    )
    .argument("<folders...>", "folders of runs")
    .option(
      "--out <folder>",
      "write board.json, board.svg and board.html here, and the page in the other language beside it",
      nonEmpty,
    )
    .option("--json", "print a JSON document");
  addLanguageOption(command, "the page");
  return command.action(
    async (folders: string[], flags: { lang: Language; out?: string; json?: boolean }) => {
      const { lang } = flags;
      const { boardPage, boardSvg, makeBoard, readRuns } = await import("../../evaluate/index.ts");
      // A folder that is given twice, or with one in it, is one run.
      const runs = new Map(folders.flatMap(readRuns).map((run) => [realpathSync(run.folder), run]));
      const board = makeBoard([...runs.values()]);
      if (flags.json) terminal.json(board);
      else for (const line of boardLines(board)) terminal.line(line);
      if (flags.out === undefined) return;
      const other = lang === "zh" ? "en" : "zh";
      const otherPage = `board.${other}.html`;
      writeInto(flags.out, {
        "board.json": `${JSON.stringify(board, null, 2)}\n`,
        "board.svg": boardSvg(board, lang),
        "board.html": boardPage(board, lang, otherPage),
        [otherPage]: boardPage(board, other, "board.html"),
      });
      terminal.note(`baimo: the board is in ${join(flags.out, "board.html")}`);
    },
  );
}

function writeInto(folder: string, files: Readonly<Record<string, string>>): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = `${folder}: the board cannot be written there (${code ?? message}); give another --out`;
    throw new BaimoError("request", why, { cause });
  }
}
