// Indents the later lines of quoted texts, which PyYAML takes at any column.

/** A value that begins with a quote, behind a key or the mark of a list. */
const QUOTED = /^(\s*(?:- +)*(?:[^\s"'#&*!|>%@`-][^"'#]*:[ \t]+)?)(["'])/;
const BLOCK = /(?:^|[ \t])[|>][+-]?\d?[+-]?[ \t]*(?:#.*)?$/;

/** The text, with the lines inside quotes indented below what they belong to. */
export function indentQuotedLines(text: string): string {
  const lines = text.split("\n");
  const out: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    out.push(line);
    if (BLOCK.test(line) && !/^\s*#/.test(line)) {
      const indent = indentOf(line);
      while (i + 1 < lines.length && (lines[i + 1].trim() === "" || indentOf(lines[i + 1]) > indent))
        out.push(lines[++i]);
      continue;
    }
    const match = QUOTED.exec(line);
    if (!match || isClosed(line.slice(match[0].length), match[2])) continue;
    const margin = " ".repeat(match[1].length + 1);
    while (i + 1 < lines.length) {
      const next = lines[++i];
      out.push(next.trim() === "" ? next : margin + next.trimStart());
      if (isClosed(next, match[2])) break;
    }
  }
  return out.join("\n");
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** Whether the quote ends within a line: "" in single quotes and \\" in double ones do not end it. */
function isClosed(line: string, quote: string): boolean {
  const rest = quote === "'" ? line.replaceAll("''", "") : line.replace(/\\./g, "");
  return rest.includes(quote);
}
