// The text of a DOCX as Markdown: paragraphs, headings, lists, tables; deleted text is left out.
import { strFromU8, unzipSync } from "fflate";

const DOCUMENT = "word/document.xml";
const STYLES = "word/styles.xml";
/** Bytes that a part of the file may unfold to. */
const MOST_BYTES = 32 * 1024 * 1024;

/** Tags and text; an attribute with "<" in it is no XML. */
const PIECE = /<(\/?)w:(p|t|tab|br|cr|pStyle|numPr|tr|tc)(?=[\s/>])([^<>]*)>|<[^<>]*>|([^<]+)/g;
const VALUE = /w:val="([^"]*)"/;
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** @throws {Error} for what is no such file */
export function readDocxText(bytes: Uint8Array): string {
  const files = unzipSync(bytes, {
    filter: ({ name, originalSize }) => (name === DOCUMENT || name === STYLES) && originalSize <= MOST_BYTES,
  });
  const document = files[DOCUMENT];
  if (!document) throw new Error(`the archive has no ${DOCUMENT} of at most ${MOST_BYTES} bytes`);
  return toMarkdown(strFromU8(document), readHeadings(files[STYLES] ? strFromU8(files[STYLES]) : ""));
}

/** The depth of each style that is a heading, by its id, which in many languages is a number. */
function readHeadings(styles: string): Map<string, number> {
  const depths = new Map<string, number>();
  for (const style of styles.split("<w:style ").slice(1, 2000)) {
    const id = /w:styleId="([^"]{1,200})"/.exec(style.slice(0, 2000))?.[1];
    const depth = /<w:name w:val="(?:heading |title)(\d?)"/i.exec(style.slice(0, 2000))?.[1];
    if (id !== undefined && depth !== undefined) depths.set(id, Number(depth) || 1);
  }
  return depths;
}

function toMarkdown(document: string, headings: ReadonlyMap<string, number>): string {
  const lines: string[] = [];
  let row: string[] | undefined;
  let [paragraph, prefix] = ["", ""];
  let isText = false;
  for (const [, close = "", tag, attributes = "", text] of document.matchAll(PIECE)) {
    const isEmpty = attributes.endsWith("/");
    if (text !== undefined && isText) paragraph += decoded(text);
    if (tag === "t") isText = close === "" && !isEmpty;
    if (tag === "tab") paragraph += "\t";
    if (tag === "br" || tag === "cr") paragraph += "\n";
    if (tag === "pStyle") {
      const style = VALUE.exec(attributes)?.[1] ?? "";
      const depth = headings.get(style) ?? Number(/^Heading([1-6])$/.exec(style)?.[1] ?? 0);
      if (depth > 0) prefix = `${"#".repeat(Math.min(depth, 6))} `;
    }
    if (tag === "numPr" && close === "" && prefix === "") prefix = "- ";
    if (tag === "tr") {
      if (close === "") row = [];
      else if (row) {
        lines.push(row.join(" | "));
        row = undefined;
      }
    }
    if (tag === "tc" && close === "" && row) row.push("");
    if (tag === "p" && (close !== "" || isEmpty)) {
      const said = paragraph.trim();
      if (row && row.length > 0) row.push([row.pop(), said.replace(/\s+/g, " ")].filter(Boolean).join(" "));
      else if (said !== "") lines.push(prefix + said, "");
      [paragraph, prefix] = ["", ""];
    }
  }
  return lines.join("\n").trim();
}

const decoded = (text: string) =>
  text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : "\ufffd";
  });
