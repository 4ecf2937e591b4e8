// The filter format_span: named entities as "per: name $ loc: place".

const LABELS: readonly (readonly [string, string])[] = [
  ["person", "PER"],
  ["location", "LOC"],
  ["organization", "ORG"],
  ["counties", "LOC"],
  ["places", "LOC"],
  ["people", "PER"],
  ["persons", "PER"],
  ["company", "ORG"],
  ["country", "LOC"],
  ["continent", "LOC"],
  ["time", "DATE"],
  ["date", "DATE"],
  ["per", "PER"],
  ["loc", "LOC"],
  ["org", "ORG"],
];

/** A model's list of entities in one form. */
export function formatSpan(answer: string): string {
  let text = answer.toLowerCase();
  for (const [word, label] of LABELS) {
    text = text.replace(new RegExp(`(?<![\\p{L}\\p{N}_])${word}\\s*:`, "gu"), `${label}:`);
  }
  text = text.replaceAll("$$", "$").replace(/\$+$/, "").replaceAll("\n", "$").trim();
  const found = text.matchAll(/(?<![\p{L}\p{N}_])(PER|LOC|ORG|DATE):\s*([^$]+)/gu);
  return Array.from(found, ([, label, values]) =>
    values
      .trim()
      .split(",")
      .map((entity) => entity.trim())
      .filter((entity) => entity !== "none")
      .map((entity) => `${label.toLowerCase()}: ${entity}`),
  )
    .flat()
    .join(" $ ");
}
