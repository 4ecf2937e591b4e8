// Jinja2's urlize: links made of addresses in text.

import { TemplateError } from "./errors.ts";
import { escapeText, quote } from "./repr.ts";
import { countText, SPACE_CLASS } from "./text.ts";

export interface UrlizeOptions {
  limit: number | undefined;
  rel: readonly string[];
  target: string | undefined;
  schemes: readonly string[];
}

const W = "[\\p{L}\\p{N}_%-]";
const HTTP = new RegExp(
  "^(?:(?:https?://|www\\.)(?:(?:" +
    `${W}+\\.)+)?(?:[a-z]{2,63}|xn--[\\p{L}\\p{N}_%]{2,59})|(?:${W}{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)|` +
    "https?://(?:\\p{Nd}{1,3}(?:\\.\\p{Nd}{1,3}){3}|\\[(?:[\\p{Nd}a-f]{0,4}:){2}(?:[\\p{Nd}a-f]{0,4}:?){1,6}\\]))" +
    "(?::\\p{Nd}{1,5})?(?:[/?#]\\S*)?\\n?$",
  "iu",
);
const EMAIL = /^\S+@[\p{L}\p{N}_][\p{L}\p{N}_.-]*\.[\p{L}\p{N}_]+\n?$/u;
const SCHEME = /^[\p{L}\p{N}_.+-]{2,}:\/{0,2}$/u;
/** Longer words are no addresses, and would take long to tell. */
const MAX_ADDRESS = 4096;
const PAIRS = [
  ["(", ")"],
  ["<", ">"],
  ["&lt;", "&gt;"],
] as const;

/** Escaped text with its addresses as links. */
export function urlize(escaped: string, options: UrlizeOptions): string {
  for (const scheme of options.schemes) {
    if (!SCHEME.test(scheme)) {
      throw new TemplateError("FilterArgumentError", `${quote(scheme)} is not a valid URI scheme prefix.`);
    }
  }
  const rel = [...new Set([...options.rel.filter((part) => part !== ""), "noopener"])].sort().join(" ");
  const attributes = ` rel="${escapeText(rel)}"${options.target === undefined ? "" : ` target="${escapeText(options.target)}"`}`;
  return escaped
    .split(new RegExp(`([${SPACE_CLASS}]+)`))
    .map((word) => linkWord(word, attributes, options))
    .join("");
}

function linkWord(word: string, attributes: string, options: UrlizeOptions): string {
  const head = /^(?:[(<]|&lt;)*/.exec(word)?.[0] ?? "";
  let middle = word.slice(head.length);
  let cut = middle.length;
  for (;;) {
    if (cut > 0 && ")>.,\n".includes(middle[cut - 1])) cut--;
    else if (middle.endsWith("&gt;", cut)) cut -= 4;
    else break;
  }
  let tail = middle.slice(cut);
  middle = middle.slice(0, cut);
  for (const [open, close] of PAIRS) {
    const opened = countText(middle, open);
    if (opened <= countText(middle, close)) continue;
    for (let n = Math.min(opened, countText(tail, close)); n > 0; n--) {
      const end = tail.indexOf(close) + close.length;
      middle += tail.slice(0, end);
      tail = tail.slice(end);
    }
  }
  return head + (middle.length > MAX_ADDRESS ? middle : link(middle, attributes, options)) + tail;
}

function link(address: string, attributes: string, options: UrlizeOptions): string {
  if (HTTP.test(address)) {
    const full = /^https?:\/\//.test(address) ? address : `https://${address}`;
    const { limit } = options;
    const shown = limit !== undefined && address.length > limit ? `${address.slice(0, limit)}...` : address;
    return `<a href="${full}"${attributes}>${shown}</a>`;
  }
  if (address.startsWith("mailto:") && EMAIL.test(address.slice(7))) {
    return `<a href="${address}">${address.slice(7)}</a>`;
  }
  if (/^(?!www\.)[^@:][^:]*@[^:]*$/.test(address) && EMAIL.test(address)) {
    return `<a href="mailto:${address}">${address}</a>`;
  }
  let out = address;
  for (const scheme of options.schemes) {
    if (out !== scheme && out.startsWith(scheme)) out = `<a href="${out}"${attributes}>${out}</a>`;
  }
  return out;
}
