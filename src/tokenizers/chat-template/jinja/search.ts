// Finding one text in another in linear time, whatever the texts are.

/** JavaScript's own search, which is faster, takes at most so many comparisons for each character. */
const SHORT = 250;

/** text.indexOf(wanted, from) */
export function findText(text: string, wanted: string, from = 0): number {
  if (wanted.length <= SHORT) return text.indexOf(wanted, from);
  const at = findByTable(wanted, text.length - from, (i) => text.charCodeAt(from + i), false);
  return at < 0 ? -1 : from + at;
}

/** The last place at which all of the wanted text stands before `end`, or -1. */
export function findLastText(text: string, wanted: string, end = text.length): number {
  if (end < wanted.length) return -1;
  if (wanted.length <= SHORT) return text.lastIndexOf(wanted, end - wanted.length);
  const at = findByTable(wanted, end, (i) => text.charCodeAt(end - 1 - i), true);
  return at < 0 ? -1 : end - at - wanted.length;
}

/** text.split(separator) */
export function splitEverywhere(text: string, separator: string): string[] {
  if (separator.length <= SHORT) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  for (let at = findText(text, separator); at >= 0; at = findText(text, separator, start)) {
    parts.push(text.slice(start, at));
    start = at + separator.length;
  }
  parts.push(text.slice(start));
  return parts;
}

/** Knuth, Morris and Pratt's search: no character of the text is looked at twice. */
function findByTable(wanted: string, length: number, at: (i: number) => number, backwards: boolean): number {
  const last = wanted.length - 1;
  const unit = (i: number) => wanted.charCodeAt(backwards ? last - i : i);
  // How much of the beginning stands at the end of each beginning, too.
  const borders = new Int32Array(wanted.length);
  for (let i = 1, matched = 0; i <= last; i++) {
    while (matched > 0 && unit(i) !== unit(matched)) matched = borders[matched - 1];
    if (unit(i) === unit(matched)) matched++;
    borders[i] = matched;
  }
  for (let i = 0, matched = 0; i < length; i++) {
    const next = at(i);
    while (matched > 0 && next !== unit(matched)) matched = borders[matched - 1];
    if (next === unit(matched)) matched++;
    if (matched > last) return i - last;
  }
  return -1;
}
