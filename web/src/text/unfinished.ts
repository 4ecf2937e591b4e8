// The end of a text that is still written, made such that nothing set now has to move later.

/** A line that may yet become a heading, a list, a rule, a fence or a row of a table. */
const undecided = /^\s*(?:[-*+>#=_~|`]+|\d+[.)]?|[-*+]\s+\[[ x]?\]?)\s*$/;
const fence = /^ {0,3}(`{3,}|~{3,})/;
/** Formulas and links longer than this are taken for text that holds a "$" or a "[". */
const LONGEST_HELD = 200;

/** The text without an end that cannot be set yet, and with emphasis and code closed that is open. */
export function holdBack(text: string): string {
  const lines = text.split("\n");
  const inFence = fenceIsOpen(lines.slice(0, -1));
  const last = lines.at(-1)!;
  if (undecided.test(last) || (!inFence && fence.test(last))) lines.pop();
  if (inFence) return lines.join("\n");
  return closeInline(withoutDisplay(withoutTable(lines).join("\n")));
}

function fenceIsOpen(lines: readonly string[]): boolean {
  let open: string | undefined;
  for (const line of lines) {
    const marks = fence.exec(line)?.[1];
    if (!marks) continue;
    if (open === undefined) open = marks;
    else if (marks[0] === open[0] && marks.length >= open.length && line.trim() === marks) open = undefined;
  }
  return open !== undefined;
}

/** A row is shown when it is whole, and a table when its first row is, since that says how wide columns are. */
function withoutTable(lines: readonly string[]): readonly string[] {
  const isRow = (line: string | undefined) => line?.trimStart().startsWith("|") ?? false;
  if (!isRow(lines.at(-1))) return lines;
  const whole = lines.slice(0, -1);
  const start = whole.findLastIndex((line) => !isRow(line)) + 1;
  return whole.length - start >= 3 ? whole : whole.slice(0, start);
}

/** Without a formula on lines of its own that has not been closed. */
function withoutDisplay(text: string): string {
  const dollars = [...text.matchAll(/\$\$/g)];
  if (dollars.length % 2 === 1) return text.slice(0, dollars.at(-1)!.index);
  const open = text.lastIndexOf("\\[");
  return open >= 0 && !text.slice(open).includes("\\]") ? text.slice(0, open) : text;
}

/** Closes emphasis and code of the last paragraph; leaves out a formula or a link that is open. */
function closeInline(text: string): string {
  const start = lastParagraph(text);
  const open: { marks: string; at: number }[] = [];
  for (let at = start; at < text.length; ) {
    const rest = text.slice(at);
    const code = /^`+/.exec(rest)?.[0];
    if (code) {
      const close = text.indexOf(code, at + code.length);
      if (close < 0) return closeCode(text, at, code, open);
      at = close + code.length;
      continue;
    }
    if (rest[0] === "\\" && !/^\\\(/.test(rest)) {
      at += 2;
      continue;
    }
    const held = heldLength(rest);
    if (held === "open") return closeAll(text.slice(0, at), open);
    if (held > 0) {
      at += held;
      continue;
    }
    const marks = /^(\*\*\*|\*\*|\*|__|_|~~)/.exec(rest)?.[0];
    if (!marks) {
      at++;
      continue;
    }
    toggle(open, marks, { at, before: text[at - 1] ?? " ", after: rest[marks.length] ?? "" });
    at += marks.length;
  }
  return closeAll(text, open);
}

/** Where the last paragraph, item or heading begins. */
function lastParagraph(text: string): number {
  const line = text.lastIndexOf("\n") + 1;
  const begins = /(?:^|\n)(?:[ \t]*\n|[ \t]*(?:[-*+]|\d+[.)]|#{1,6}|>)[ \t]+)/g;
  let start = 0;
  for (const match of text.matchAll(begins)) start = match.index + match[0].length;
  return Math.max(start, line - 4000);
}

/** How long a formula or a link at the beginning of the text is; 0 where there is none, "open" where it has no end yet. */
function heldLength(text: string): number | "open" {
  const whole = /^(?:\$(?!\s)(?:\\.|[^\\$\n])+\$|\\\(.+?\\\)|!?\[[^\]\n]*\](?:\([^)\n]*\)|(?=[^(])))/.exec(
    text,
  );
  if (whole) return whole[0].length;
  const begun = /^(?:\$(?![\s\d])|\\\(|!?\[|!$|\\$|\$$)/.test(text);
  return begun && text.length < LONGEST_HELD && !text.includes("\n") ? "open" : 0;
}

/** Opens or closes emphasis, as far as CommonMark would by what stands around it. */
function toggle(
  open: { marks: string; at: number }[],
  marks: string,
  { at, before, after }: { at: number; before: string; after: string },
): void {
  const last = open.at(-1);
  if (last?.marks === marks && !/\s/.test(before)) open.pop();
  else if (!/\s/.test(after) && !(marks[0] === "_" && /[\p{L}\p{N}]/u.test(before))) open.push({ marks, at });
}

/** Closes what is open, or leaves it out where nothing has come after it. */
function closeAll(text: string, open: { marks: string; at: number }[]): string {
  let whole = text;
  const closers: string[] = [];
  for (const { marks, at } of open.toReversed()) {
    if (at >= whole.length) continue;
    if (at + marks.length >= whole.length && closers.length === 0) whole = whole.slice(0, at);
    else closers.push(marks);
  }
  if (closers.length === 0) return whole;
  return whole.trimEnd() + closers.join("");
}

function closeCode(text: string, at: number, marks: string, open: { marks: string; at: number }[]): string {
  const content = text.slice(at + marks.length);
  if (content.trim() === "" || content.endsWith("`")) return closeAll(text.slice(0, at), open);
  return closeAll(text + marks, open);
}
