// `baimo compare`: two runs of the same documents, how sure their difference is, and why.
import type { Command } from "commander";
import { comparisonLines } from "../evaluation-text.ts";
import type { CommandContext } from "../options.ts";

/** Adds the command. */
export function addCompare(program: Command, { terminal }: CommandContext): Command {
  const command = program
    .command("compare")
    .summary("compare two evaluations, document by document")
    .description(
      "Pairs the documents of two runs by their hash: the difference with its interval, McNemar's test (or Student's), Holm's " +
        "correction over the tasks, what differs in the settings, and why documents have another score.",
    )
    .argument("<a>", "a folder of a run")
    .argument(
      "<b>",
      "another; each may be lm-evaluation-harness's or OpenCompass's (of several models FOLDER/predictions/MODEL)",
    )
    .option("--json", "print a JSON document");
  return command.action(async (a: string, b: string, flags: { json?: boolean }) => {
    const { compareRuns, readRun } = await import("../../evaluate/index.ts");
    const comparison = compareRuns(readRun(a), readRun(b));
    if (flags.json) terminal.json(comparison);
    else for (const line of comparisonLines(comparison)) terminal.line(line);
  });
}
