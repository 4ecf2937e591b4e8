// Builds the `baimo` command from its subcommands; turns failures into messages and exit status.
import { Command, CommanderError } from "commander";
import { BaimoError } from "../errors.ts";
import { addBench } from "./commands/bench.ts";
import { addBoard } from "./commands/board.ts";
import { addChat } from "./commands/chat.ts";
import { addCompare } from "./commands/compare.ts";
import { addConfig } from "./commands/config.ts";
import { addConvert } from "./commands/convert.ts";
import { addData } from "./commands/data.ts";
import { addDispatch } from "./commands/dispatch.ts";
import { addEmbed } from "./commands/embed.ts";
import { addEval } from "./commands/eval.ts";
import { addExport } from "./commands/export.ts";
import { addImatrix } from "./commands/imatrix.ts";
import { addInspect } from "./commands/inspect.ts";
import { addKeys } from "./commands/keys.ts";
import { addList } from "./commands/list.ts";
import { addMay } from "./commands/may.ts";
import { addMcp } from "./commands/mcp.ts";
import { addMerge } from "./commands/merge.ts";
import { addModels } from "./commands/models.ts";
import { addPlan } from "./commands/plan.ts";
import { addPull } from "./commands/pull.ts";
import { addQuantize } from "./commands/quantize.ts";
import { addRemove } from "./commands/remove.ts";
import { addRun } from "./commands/run.ts";
import { addScale } from "./commands/scale.ts";
import { addServe } from "./commands/serve.ts";
import { addTokenize } from "./commands/tokenize.ts";
import { addTokenizer } from "./commands/tokenizer.ts";
import { addTrain } from "./commands/train.ts";
import { addVerify } from "./commands/verify.ts";
import { packageVersion } from "./environment.ts";
import { exitOnInterrupt, INTERRUPTED } from "./interrupt.ts";
import type { CommandContext } from "./options.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

/** The exit status when the command line itself is wrong. */
const USAGE = 2;
/** Columns beyond which help is hard to read. */
const HELP_WIDTH = 80;

const EXIT_STATUS = "Exit status: 0 done, 1 failed, 2 wrong command line, 130 ended by Ctrl-C.";

/** Each adds one command. */
export const COMMANDS = [
  addRun,
  addChat,
  addServe,
  addMcp,
  addConfig,
  addKeys,
  addEmbed,
  addInspect,
  addBench,
  addVerify,
  addEval,
  addBoard,
  addCompare,
  addModels,
  addPlan,
  addScale,
  addMay,
  addDispatch,
  addPull,
  addList,
  addRemove,
  addConvert,
  addImatrix,
  addQuantize,
  addTrain,
  addMerge,
  addExport,
  addTokenize,
  addTokenizer,
  addData,
];

/** Runs one command line and returns the exit status: 0, 1 for a failure, 2 for a wrong command line, 130 for Ctrl-C. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const terminal = createTerminal();
  const context: CommandContext = { terminal, exitCode: 0 };
  const release = exitOnInterrupt();
  const program = new Command("baimo")
    .description("百模: open any open-weight language model, run it, serve it and talk to it")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .configureHelp({ subcommandTerm: nameAndArguments })
    .showHelpAfterError("(baimo --help lists the commands and their options)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      getOutHelpWidth: () => Math.min(terminal.columns(), HELP_WIDTH),
      getErrHelpWidth: () => Math.min(terminal.columns(), HELP_WIDTH),
      writeErr: (text) => terminal.writeError(text),
      outputError: (text, write) => write(text.replace(/^error: /, "baimo: ")),
    })
    .addHelpText("afterAll", `\n${EXIT_STATUS}`)
    .addHelpText(
      "after",
      `
Examples:
  baimo chat                             talk to the embedded model
  baimo run "以《秋夜》为题写一首五言绝句"     one answer
  baimo serve --open                     the page, and an OpenAI-compatible API
  baimo pull hf:Qwen/Qwen3-0.6B          download a model
  baimo run hf:Qwen/Qwen3-0.6B "Hello"   ask it
  baimo models 中文 commercial           find open models
  baimo bench model.gguf -p 256 -n 64    measure one`,
    );
  for (const add of COMMANDS) {
    const command = add(program, context).option("--verbose", "print the stack of an error");
    command.showHelpAfterError(`(baimo ${command.name()} --help lists its options)`);
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return context.exitCode;
  } catch (error) {
    const wrong = !(error instanceof CommanderError && error.exitCode === 0); // help and version are no failures
    if (wrong && args.includes("--json")) terminal.jsonLine({ error: describeFailure(error) });
    return reportFailure(error, terminal, args.includes("--verbose"));
  } finally {
    release();
  }
}

/** A command in the list of commands; that it has options goes without saying. */
function nameAndArguments(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? "..." : "");
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...words].join(" ");
}

/** Whether the command line itself is wrong: commander says so, or what was called names the option at fault. */
const isUsage = (error: unknown): boolean =>
  error instanceof CommanderError || (error instanceof BaimoError && error.option !== undefined);

function reportFailure(error: unknown, terminal: Terminal, verbose: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE; // commander has printed it
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (error instanceof BaimoError) {
    if (error.code === "aborted") return INTERRUPTED;
    terminal.note(`baimo: ${verbose ? stack : error.message}`);
    if (verbose && error.cause !== undefined) terminal.note(`cause: ${describeCause(error.cause)}`);
    return isUsage(error) ? USAGE : 1;
  }
  if (verbose) terminal.note(`baimo: unexpected failure: ${stack}`);
  else {
    const message = error instanceof Error ? error.message : String(error);
    terminal.note(`baimo: unexpected failure: ${message} (run again with --verbose for the stack)`);
  }
  return 1;
}

/** A failure as --json prints it; `code` is that of `BaimoError`, "usage" for a wrong command line, or "unexpected". */
function describeFailure(error: unknown): { code: string; message: string } {
  const text = error instanceof Error ? error.message : String(error);
  if (isUsage(error)) return { code: "usage", message: text.replace(/^error: /, "") };
  return { code: error instanceof BaimoError ? error.code : "unexpected", message: text };
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
