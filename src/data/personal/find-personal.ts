// Finds personal information in a text: numbers of persons, phones, cards, addresses of mail and machines.
import { isCardNumber, isOrganisationId, isResidentId } from "./check-digits.ts";

/** What was found, and where: UTF-16 units from `start` to `end`. */
export interface PersonalSpan {
  readonly kind: PersonalKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export type PersonalKind = (typeof RULES)[number]["kind"];

const rule = <const K extends string>(
  kind: K,
  pattern: RegExp,
  fits: (text: string) => boolean = () => true,
) => ({ kind, pattern, fits });

const ALNUM = "A-Za-z0-9";
/** Neither a letter, a digit nor what continues a number stands there. */
const APART = `(?<![${ALNUM}]|\\d[.-])`;
const END = `(?![${ALNUM}])`;
const PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/** In the order in which they claim their places. */
const RULES = [
  rule(
    "email",
    /(?<![\w.+/@-])[\w+-]+(?:\.[\w+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?![\w@-])/g,
  ),
  rule("cn-resident-id", new RegExp(`${APART}[1-9]\\d{16}[\\dXx]${END}`, "g"), isResidentId),
  rule(
    "cn-organisation-id",
    new RegExp(`${APART}[0-9A-HJ-NPQRTUWXY]{2}\\d{6}[0-9A-HJ-NPQRTUWXY]{10}${END}`, "g"),
    isOrganisationId,
  ),
  rule(
    "bank-card",
    new RegExp(`${APART}[2-6]\\d{3}(?:\\d{12,15}|(?: \\d{4}){3}(?: \\d{1,3})?)${END}`, "g"),
    (text) => isCardNumber(text.replaceAll(" ", "")),
  ),
  rule(
    "phone",
    new RegExp(
      `(?<![${ALNUM}+]|\\d[.-])(?:\\+?86[ -]?)?1[3-9]\\d[ -]?\\d{4}[ -]?\\d{4}(?![${ALNUM}]|[-.]\\d)`,
      "g",
    ),
  ),
  rule("ip", new RegExp(`(?<![${ALNUM}.])(?:\\d{1,3}\\.){3}\\d{1,3}(?![${ALNUM}]|\\.\\d)`, "g"), isIpv4),
  rule("ip", /(?<![A-Za-z0-9:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![A-Za-z0-9:])/g, isIpv6),
  rule(
    "cn-passport",
    new RegExp(`${APART}(?:[EG]\\d{8}|E[A-HJ-NP-Z]\\d{7}|[DSP]\\d{7}|[DSP]E\\d{7})${END}`, "g"),
  ),
  rule(
    "cn-plate",
    new RegExp(
      `[${PROVINCES}][A-HJ-NP-Z][·•]?(?:[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳]|[A-HJ-NP-Z0-9]{6})${END}`,
      "g",
    ),
    (text) => /\d/.test(text),
  ),
] as const;

/** The spans of a text, in its order; none overlaps another, and what has a check digit has the right one. */
export function findPersonal(text: string): PersonalSpan[] {
  const spans: PersonalSpan[] = [];
  const taken = new Uint8Array(text.length);
  for (const { kind, pattern, fits } of RULES)
    for (const match of text.matchAll(pattern)) {
      const [found] = match;
      const [start, end] = [match.index, match.index + found.length];
      if (taken.subarray(start, end).includes(1) || !fits(found)) continue;
      taken.fill(1, start, end);
      spans.push({ kind, start, end, text: found });
    }
  return spans.sort((a, b) => a.start - b.start);
}

/** The text with each span's kind in its place: `[phone]`. */
export function maskPersonal(text: string, spans: readonly PersonalSpan[]): string {
  let [masked, done] = ["", 0];
  for (const { kind, start, end } of spans) {
    masked += `${text.slice(done, start)}[${kind}]`;
    done = end;
  }
  return masked + text.slice(done);
}

function isIpv4(text: string): boolean {
  return text.split(".").every((part) => Number(part) <= 255 && (part === "0" || !part.startsWith("0")));
}

/** Eight groups, or fewer with one `::`. */
function isIpv6(text: string): boolean {
  const [, ...gaps] = text.split("::");
  const groups = text.split(":").filter((group) => group !== "").length;
  if (gaps.length > 1 || groups < 2) return false;
  if (gaps.length === 0) return groups === 8 && !/^:|:$/.test(text);
  return groups < 8 && !/^:(?!:)|(?<!:):$/.test(text);
}
