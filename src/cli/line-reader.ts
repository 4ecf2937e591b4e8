// Reads lines from a terminal, with a history kept between runs, or from a pipe.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

/** Lines one after another. */
export interface LineReader {
  /** The next line, or undefined at the end (Ctrl-D, end of the pipe). */
  next(prompt: string): Promise<string | undefined>;
  close(): void;
}

/** Lines of history that are kept. */
const HISTORY_LINES = 500;

/**
 * Reads from standard input. On a terminal Ctrl-C clears the line (`onIdleInterrupt` is called where there is nothing
 * to clear), and outside `next` the terminal is as it was, so that Ctrl-C is a signal again.
 */
export function createLineReader(options: { historyFile: string; onIdleInterrupt: () => void }): LineReader {
  return process.stdin.isTTY && process.stdout.isTTY ? typedLines(options) : pipedLines();
}

function typedLines(options: { historyFile: string; onIdleInterrupt: () => void }): LineReader {
  let history = readHistory(options.historyFile);
  // What came in one piece with the line before: whole lines, and the beginning of one.
  const pasted: string[] = [];
  let unfinished = "";
  return {
    next(prompt) {
      const waiting = pasted.shift();
      if (waiting !== undefined) {
        process.stdout.write(`${prompt}${waiting}\n`);
        return Promise.resolve(waiting);
      }
      const reader = createInterface({
        input: process.stdin,
        output: process.stdout,
        history: [...history],
        historySize: HISTORY_LINES,
        removeHistoryDuplicates: true,
      });
      reader.on("history", (lines) => {
        history = lines;
      });
      reader.on("SIGINT", () => {
        if (reader.line !== "") reader.write(null, { ctrl: true, name: "e" });
        if (reader.line !== "") reader.write(null, { ctrl: true, name: "u" });
        else {
          process.stdout.write("\n");
          options.onIdleInterrupt();
          reader.prompt();
        }
      });
      reader.setPrompt(prompt);
      reader.prompt();
      if (unfinished !== "") reader.write(unfinished);
      return new Promise((resolve) => {
        let line: string | undefined;
        reader.on("line", (text) => {
          if (line !== undefined) return void pasted.push(text);
          line = text;
          setImmediate(() => {
            unfinished = reader.line;
            reader.close();
          });
        });
        reader.once("close", () => {
          if (line === undefined) process.stdout.write("\n");
          resolve(line);
        });
      });
    },
    close: () => writeHistory(options.historyFile, history),
  };
}

function pipedLines(): LineReader {
  const reader = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  const lines = reader[Symbol.asyncIterator]();
  return {
    async next() {
      const { done, value } = await lines.next();
      return done ? undefined : value;
    },
    close: () => reader.close(),
  };
}

/** Newest line first, as readline has it; the file has the oldest first. */
function readHistory(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean).reverse().slice(0, HISTORY_LINES);
  } catch {
    return []; // none yet
  }
}

/** A history that cannot be kept is no reason to fail. */
function writeHistory(file: string, lines: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${[...lines].reverse().join("\n")}\n`, { mode: 0o600 });
  } catch {}
}
