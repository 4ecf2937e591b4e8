// Tables for the terminal (Chinese characters are two columns wide); sizes and times as text.

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const noWidth = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u;

/** Columns that a text takes on a terminal (Unicode Standard Annex #11, ambiguous characters narrow). */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += noWidth.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}

/** Cuts a text to a width, with "…" where something was cut. */
export function fitWidth(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let fitted = "";
  let used = 1; // the ellipsis
  for (const character of text) {
    used += displayWidth(character);
    if (used > width) break;
    fitted += character;
  }
  return `${fitted}…`;
}

/**
 * Lays out rows in columns two spaces apart.
 *
 * align  for each column "left" (default) or "right"
 * width  where given, the last column is cut so that lines fit
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  options: { align?: readonly ("left" | "right")[]; width?: number } = {},
): string[] {
  const count = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const widths = Array.from({ length: count }, (_, column) =>
    rows.reduce((most, row) => Math.max(most, displayWidth(row[column] ?? "")), 0),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  if (options.width !== undefined && count > 0) {
    widths[count - 1] = Math.min(widths[count - 1], Math.max(8, options.width - before));
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const text = column === count - 1 ? fitWidth(cell, widths[column]) : cell;
        const space = " ".repeat(Math.max(0, widths[column] - displayWidth(text)));
        return options.align?.[column] === "right" ? space + text : text + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** A number of bytes for people: "11.3 MiB". */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

/** A large count for people: "1.10 B", "6.82 M", as sizes of models are written. */
export function formatCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} M`;
  return count.toLocaleString("en-US");
}

/** A time for people: "0.3 ms", "850 ms", "12.3 s", "4 min 05 s". */
export function formatSeconds(seconds: number): string {
  if (seconds !== 0 && seconds < 0.01) return `${Number((seconds * 1000).toPrecision(2))} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const rest = String(whole % 60).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${rest} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole / 60) % 60).padStart(2, "0")} min`;
}
