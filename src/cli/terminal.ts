// Standard output, standard error and the environment as the commands use them.

/** What a command may do with the terminal. */
export interface Terminal {
  /** Whether standard output is a terminal, and may hold colour and prompts. */
  readonly interactive: boolean;
  /** Whether standard error is a terminal, and may hold a progress bar. */
  readonly showsProgress: boolean;
  /** Columns of the terminal, 80 where unknown. */
  columns(): number;
  /** Writes to standard output as it is. */
  write(text: string): void;
  /** Writes a model's text to standard output; on a terminal without what would steer the terminal. */
  writeAnswer(text: string): void;
  /** Writes a line to standard output. */
  line(text?: string): void;
  /** Writes one JSON document to standard output, on several lines. */
  json(value: unknown): void;
  /** Writes one JSON value to standard output, on one line. */
  jsonLine(value: unknown): void;
  /** Writes to standard error as it is. */
  writeError(text: string): void;
  /** Writes a line of explanation to standard error. */
  note(text: string): void;
  /** Makes text paler where standard output is a terminal with colour. */
  dim(text: string): string;
  bold(text: string): string;
}

/** Makes the terminal of this process; a reader that has gone away ends the program quietly. */
export function createTerminal(): Terminal {
  const { stdout, stderr } = process;
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      throw error;
    });
  }
  const interactive = stdout.isTTY === true;
  const colour = interactive && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const styled = (on: number, off: number) => (text: string) =>
    colour ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  const write = (text: string) => void stdout.write(text);
  return {
    interactive,
    showsProgress: stderr.isTTY === true && process.env.TERM !== "dumb",
    columns: () => (interactive ? stdout.columns : stderr.columns) || 80,
    write,
    writeAnswer: (text) => write(interactive ? withoutControls(text) : text),
    line: (text = "") => write(`${text}\n`),
    json: (value) => write(`${JSON.stringify(value, toPlain, 2)}\n`),
    jsonLine: (value) => write(`${JSON.stringify(value, toPlain)}\n`),
    writeError: (text) => void stderr.write(text),
    note: (text) => void stderr.write(`${text}\n`),
    dim: styled(2, 22),
    bold: styled(1, 22),
  };
}

/** Control characters but for tab and new line become replacement characters: a model may write any, and escapes. */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach the terminal
  return text.replace(/\r\n/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "\ufffd");
}

/** What JSON has no form for: big integers as numbers or digits, typed arrays as lists, numbers without value as null. */
function toPlain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  }
  return ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value;
}

/** Whether text can be piped into the program. */
export function hasPipedInput(): boolean {
  return process.stdin.isTTY !== true;
}

/** All of standard input as text. */
export async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
