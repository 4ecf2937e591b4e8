// Makes right sentences wrong, by a seed: a digit, a unit, a sign, a name, a comparison.
import type { Part, Sentence } from "../src/dispatch/report/report.ts";
import type { Random } from "../src/random.ts";

export const kinds = ["digit", "unit", "sign", "name", "comparison"] as const;
export type Kind = (typeof kinds)[number];

const UNITS: readonly (readonly [found: RegExp, ...others: string[]])[] = [
  [/亿元|亿(?=元)/, "万元", "元"],
  [/万元|万(?=元)/, "元", "亿元", "千元"],
  [/(?<=[\d ])元/, "万元", "美元", "分钱"],
  [/美元/, "元", "欧元"],
  [/(?<=\d ?)(?:million|thousand)/, "billion", "hundred"],
  [/yuan/, "euros", "dollars", "million yuan", "fen"],
  [/euros?|EUR(?! per)/, "yuan", "dollars"],
  [/(?<=\d)%(?! ?(?:to|and|到|至|[-–、]))/, "‰", " percentage points", ""], // in "9.1 to 21.3%" it is said once
  [/(?<=\d)%(?= ?(?:to|and|到|至|[-–、]))/, "‰", " percentage points"],
  [/per ?cent/, "percentage points", "per mille"],
  [/percentage points/, "percent", "basis points"],
  [/个百分点/, "个基点", "%"],
  [/basis points|bp(?!s)/, "%", "percentage points"],
  [/个基点/, "%", "‰"],
  [/分钟/, "小时", "秒"],
  [/minutes/, "hours", "seconds"],
  [/(?<=\d ?)天/, "周", "小时"],
  [/(?<=\d ?)days/, "weeks", "hours"],
  [/公斤|kg/, "克", "吨"],
  [/(?<=\d )克|(?<=\d )g(?![a-z])/, "公斤", "kg"],
  [/per hour|每小时/, "per day", "每天"],
  [/points(?! of)/, "percent", "yuan"],
];

const COMPARISONS: readonly (readonly [found: RegExp, other: string])[] = [
  [/rose/, "fell"],
  [/grew/, "shrank"],
  [/increased?/, "decrease"],
  [/fell/, "rose"],
  [/higher/, "lower"],
  [/lower/, "higher"],
  [/more than/, "less than"],
  [/just over/, "just under"],
  [/above/, "below"],
  [/within/, "more than"],
  [/largest/, "smallest"],
  [/lowest/, "highest"],
  [/highest/, "lowest"],
  [/worst/, "smallest"],
  [/significant(?!ly)/, "not significant"],
  [/增长|增加|上升/, "下降"],
  [/下降|减少/, "上升"],
  [/高于|超过/, "低于"],
  [/低于|不超过/, "高于"],
  [/更高/, "更低"],
  [/更低/, "更高"],
  [/最大|最高/, "最小"],
  [/最低/, "最高"],
  [/显著/, "不显著"],
  [/：是/, "：否"],
  [/: yes/, ": no"],
];

const HEDGE = /约|大约|近|超过|左右|about|roughly|nearly|almost|more than|over|under|exceed|some|circa/i;

/** One change of one kind, or nothing where the sentence has nothing to change. */
export function mutate(
  { parts, cites }: Sentence,
  kind: Kind,
  random: Random,
  names: readonly string[],
): Sentence | undefined {
  const whole = parts.map((part) => (typeof part === "string" ? part : part.text)).join("");
  const edit = edits[kind](whole, random, names);
  if (!edit) return undefined;
  let at = 0;
  const changed = parts.map((part): Part => {
    const text = typeof part === "string" ? part : part.text;
    const [from, to] = [edit.at - at, edit.at + edit.length - at];
    const begins = from >= 0 && from < text.length;
    at += text.length;
    const mutated =
      to <= 0 || from >= text.length
        ? text
        : text.slice(0, Math.max(0, from)) + (begins ? edit.text : "") + text.slice(Math.max(0, to));
    if (typeof part === "string") return mutated;
    return "from" in part ? { text: mutated, from: part.from } : { text: mutated, label: part.label };
  });
  return { parts: changed, cites };
}

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

const pick = <T>(items: readonly T[], random: Random): T => items[random.integer(items.length)];

const edits: Readonly<
  Record<Kind, (text: string, random: Random, names: readonly string[]) => Edit | undefined>
> = {
  digit(text, random) {
    const isHedged = HEDGE.test(text); // "about 984" and "about 980" may both be right: no 0 comes or goes
    const places = [...text.matchAll(isHedged ? /[1-9]/g : /\d/g)].map(({ index }) => index);
    if (places.length === 0) return undefined;
    const at = pick(places, random);
    const digit = (Number(text[at]) + 1 + random.integer(9)) % 10;
    return isHedged && digit === 0 ? undefined : { at, length: 1, text: String(digit) };
  },
  unit(text, random) {
    const found = UNITS.flatMap(([pattern, ...others]) =>
      Array.from(text.matchAll(new RegExp(pattern, "g")), (match) => ({ match, others })),
    );
    if (found.length === 0) return undefined;
    const { match, others } = pick(found, random);
    return { at: match.index, length: match[0].length, text: pick(others, random) };
  },
  sign(text, random) {
    const found = [...text.matchAll(/(?<![\p{L}\p{N}.,–-])([-−]?)(?=\d)(?!\d{4}[年-])(?!\d{1,2}[月日])/gu)];
    if (found.length === 0) return undefined;
    const { index, 1: sign } = pick(found, random);
    return { at: index, length: sign.length, text: sign === "" ? "-" : "" };
  },
  name(text, random, names) {
    const found = names.filter((name) => text.includes(name));
    if (found.length === 0) return undefined;
    const name = pick(found, random);
    const isHan = /\p{Script=Han}/u.test(name);
    const others = names.filter(
      (each) =>
        each !== name &&
        /\p{Script=Han}/u.test(each) === isHan &&
        !each.includes(name) &&
        !name.includes(each),
    );
    return { at: text.indexOf(name), length: name.length, text: pick(others, random) };
  },
  comparison(text, random) {
    const found = COMPARISONS.flatMap(([pattern, other]) =>
      Array.from(text.matchAll(new RegExp(pattern, "g")), (match) => ({ match, other })),
    );
    if (found.length === 0) return undefined;
    const { match, other } = pick(found, random);
    return { at: match.index, length: match[0].length, text: other };
  },
};
