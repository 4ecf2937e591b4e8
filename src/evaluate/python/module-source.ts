// What a name of a Python file needs of its top-level statements: read as text, never run.
//
// Lines that are comments are left out.

/** A statement at the left margin, with the names that it makes. */
interface Statement {
  readonly names: readonly string[];
  readonly source: string;
}

const WORD = /[\p{L}_][\p{L}\p{N}_]*/gu;

/** A file of Python, taken apart once. */
export class ModuleSource {
  readonly #statements: readonly Statement[];
  /** The last statement that makes a name. */
  readonly #makers = new Map<string, number>();

  constructor(text: string) {
    this.#statements = splitStatements(text);
    for (const [i, { names }] of this.#statements.entries())
      for (const made of names) this.#makers.set(made, i);
  }

  /** A name's own statement. Undefined where the file makes no such name. */
  own(name: string): string | undefined {
    const maker = this.#makers.get(name);
    return maker === undefined ? undefined : this.#statements[maker].source;
  }

  /** The source of a name, and of all that it names at the top of the file, in the file's order: what decides what a function does. */
  closure(name: string): string | undefined {
    const first = this.#makers.get(name);
    return first === undefined ? undefined : this.#closureOf([first]);
  }

  /** The same of all statements that make names through `globals()`. Undefined where there are none. */
  makers(): string | undefined {
    const places = [...this.#statements.keys()];
    const found = places.filter((i) => /\bglobals\(\)/.test(this.#statements[i].source));
    return found.length === 0 ? undefined : this.#closureOf(found);
  }

  #closureOf(first: readonly number[]): string {
    const needed = new Set<number>();
    const todo = [...first];
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      if (needed.has(at)) continue;
      needed.add(at);
      for (const [word] of this.#statements[at].source.matchAll(WORD)) {
        const maker = this.#makers.get(word);
        if (maker !== undefined && !needed.has(maker)) todo.push(maker);
      }
    }
    return [...needed]
      .sort((a, b) => a - b)
      .map((at) => this.#statements[at].source)
      .join("\n");
  }
}

function splitStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  let lines: string[] = [];
  let isDecorated = false;
  const end = () => {
    const source = lines.join("\n").trimEnd();
    if (source !== "") statements.push({ names: namesOf(source), source });
    lines = [];
  };
  for (const { line, begins } of logicalLines(text)) {
    const isTop = begins && /^[^\s#)\]}]/.test(line) && !/^(?:else|elif|except|finally)\b/.test(line);
    if (isTop && !isDecorated) end();
    if (isTop) isDecorated = line.startsWith("@");
    const isComment = begins && /^\s*#/.test(line);
    if ((lines.length > 0 || isTop) && !isComment) lines.push(line);
  }
  end();
  return statements.map(({ names, source }) => ({ names, source: source.replace(/\n{2,}/g, "\n\n") }));
}

/** Lines, and whether each begins outside brackets and texts. */
function* logicalLines(text: string): Generator<{ line: string; begins: boolean }> {
  let depth = 0;
  let quote = "";
  let begins = true;
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    yield { line, begins };
    for (let i = 0; i < line.length; i++) {
      const c = line[i];
      if (quote !== "") {
        if (c === "\\") i++;
        else if (line.startsWith(quote, i)) {
          i += quote.length - 1;
          quote = "";
        }
      } else if (c === "#") break;
      else if (c === '"' || c === "'") {
        quote = line.startsWith(c.repeat(3), i) ? c.repeat(3) : c;
        i += quote.length - 1;
      } else if ("([{".includes(c)) depth++;
      else if (")]}".includes(c)) depth = Math.max(0, depth - 1);
    }
    const goesOn = line.endsWith("\\");
    if (quote.length === 1 && !goesOn) quote = ""; // a text of one line ends with it
    begins = depth === 0 && quote === "" && !goesOn;
  }
}

/** Names that a statement makes at the top: a function, a class, variables, imports. */
function namesOf(source: string): string[] {
  const made = /^(?:async\s+def|def|class)\s+([\p{L}_][\p{L}\p{N}_]*)/mu.exec(source);
  if (made) return [made[1]];
  const imported = /^(?:from\s+\S+\s+)?import\s+([\s\S]*)$/.exec(source);
  if (imported) {
    return imported[1]
      .replace(/[()]|#.*$/gm, "")
      .split(",")
      .map((part) => part.trim().split(/\s+as\s+/))
      .map((parts) => (parts[1] ?? parts[0]).split(".")[0].trim())
      .filter((part) => part !== "");
  }
  const assigned = /^([\p{L}_][\p{L}\p{N}_]*)\s*(?::[^=]+)?=(?!=)/u.exec(source);
  return assigned ? [assigned[1]] : [];
}
