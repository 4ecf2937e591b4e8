// HTML's character references, resolved as Python's html.unescape does for the common names.

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\xa0",
  copy: "©",
  reg: "®",
  raquo: "»",
  laquo: "«",
  hellip: "…",
  mdash: "—",
  ndash: "–",
  lsquo: "‘",
  rsquo: "’",
  ldquo: "“",
  rdquo: "”",
  bull: "•",
  middot: "·",
  times: "×",
  euro: "€",
  pound: "£",
  yen: "¥",
  cent: "¢",
  sect: "§",
  deg: "°",
  trade: "™",
  auml: "ä",
  ouml: "ö",
  uuml: "ü",
  Auml: "Ä",
  Ouml: "Ö",
  Uuml: "Ü",
  szlig: "ß",
  eacute: "é",
  egrave: "è",
  agrave: "à",
  ccedil: "ç",
  ntilde: "ñ",
};
/** Names that HTML also reads without their semicolon. */
const BARE =
  /^(amp|lt|gt|quot|nbsp|copy|reg|raquo|laquo|middot|times|pound|yen|cent|sect|deg|[aouAOU]uml|szlig|eacute|egrave|agrave|ccedil|ntilde)/;

/** Text with its character references resolved. */
export function unescapeHtml(text: string): string {
  return text.replace(
    /&(?:#[xX]([0-9a-fA-F]{1,9});?|#([0-9]{1,9});?|([A-Za-z][A-Za-z0-9]{1,31})(;?))/g,
    (whole, hex, decimal, name, end) => {
      if (name === undefined) return reference(Number.parseInt(hex ?? decimal, hex === undefined ? 10 : 16));
      if (end !== "" && Object.hasOwn(NAMED, name)) return NAMED[name];
      const bare = BARE.exec(name)?.[0];
      return bare === undefined ? whole : NAMED[bare] + name.slice(bare.length) + end;
    },
  );
}

function reference(code: number): string {
  if (code === 0 || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return "\ufffd";
  const control = code < 32 && code !== 9 && code !== 10 && code !== 12 && code !== 13;
  if (control || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe) return "";
  return String.fromCodePoint(code);
}
