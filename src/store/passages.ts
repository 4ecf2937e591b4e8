// Passages of texts: cut where their pages, headings and paragraphs end, each with its place.

/** A file as text: pages end with a form feed, headings are Markdown's where the type has them. */
export interface TextFile {
  readonly name: string;
  readonly mediaType: string;
  readonly text: string;
}

/** A part of a file, and where it stands there. */
export interface Passage {
  readonly file: string;
  /** From 1; of a file that has pages. */
  readonly page?: number;
  /** The heading above it. */
  readonly heading?: string;
  /** Its first line, from 1; of a file without pages. */
  readonly line?: number;
  readonly text: string;
}

/** Characters after which a passage ends with its paragraph, and the most that it has. */
const [FULL, MOST] = [700, 1400];
/** Passages of one file; what comes after them is not searched. */
const MOST_PASSAGES = 20_000;

const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const HEADED = new Set(["text/markdown", DOCX]);
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/;
/** The end of a sentence, or a space. */
const ENDS = [/[。！？；.!?;][”’"')）」』]*(?=[^。！？；.!?;]*$)/, /\s(?=\S*$)/];

/** Cuts a file into passages, in its order. */
export function cutFile({ name: file, mediaType, text }: TextFile): Passage[] {
  const passages: Passage[] = [];
  const lines = text.split("\n");
  const isPaged = mediaType === "application/pdf" || text.includes("\f");
  const isHeaded = HEADED.has(mediaType);
  const columns = mediaType === "text/csv" ? `${lines[0].slice(0, MOST / 2)}\n` : "";
  let page = 1;
  let heading: string | undefined;
  let gathered: string[] = [];
  let [size, begun] = [0, 0];
  const flush = () => {
    const whole = gathered.join("\n").trim();
    const place = isPaged ? { page } : { line: begun + 1 };
    [gathered, size] = [[], 0];
    if (whole === "" || whole === columns.trim()) return;
    passages.push({ file, ...place, heading, text: begun === 0 ? whole : columns + whole });
  };
  for (const [at, line] of lines.entries()) {
    if (passages.length >= MOST_PASSAGES) return passages;
    const [first, ...further] = line.split("\f");
    for (const [i, piece] of [first, ...further].entries()) {
      if (i > 0) {
        flush();
        page++;
      }
      const title = isHeaded ? HEADING.exec(piece)?.[1] : undefined;
      if (title !== undefined) flush();
      const isParagraphEnd = piece.trim() === "";
      if (size >= FULL && (isParagraphEnd || size + piece.length > MOST)) flush();
      if (title !== undefined) heading = title.slice(0, 200);
      for (const part of piece.length > MOST ? splitLine(piece) : [piece]) {
        if (size > 0 && size + part.length > MOST) flush();
        if (gathered.length === 0) begun = at;
        gathered.push(part);
        size += part.length + 1;
      }
    }
  }
  flush();
  return passages.slice(0, MOST_PASSAGES);
}

/** A line that is too long for one passage, cut at the ends of sentences or between words. */
function splitLine(line: string): string[] {
  const parts: string[] = [];
  let rest = line;
  while (rest.length > MOST) {
    const head = rest.slice(0, MOST);
    const ends = ENDS.map((end) => end.exec(head)).map((match) => match && match.index + match[0].length);
    const end = ends.find((at) => at !== null && at >= FULL) ?? MOST;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...parts, rest];
}
