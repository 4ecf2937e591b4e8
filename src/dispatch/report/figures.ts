// Reads the figures of a text: numbers with units, ordinals, dates; in digits or words.
import { type DateParts, readDate } from "./dates.ts";
import { ENGLISH_NUMBER, HAN, readEnglish, readHan, readMultiplier, SCALES } from "./numerals.ts";
import { type Unit, unitAfter, unitBefore } from "./units.ts";

interface Found {
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

/** A number: `mantissa` × `multiplier`, known to `decimals` places of the mantissa. */
export interface NumberFigure extends Found {
  readonly kind: "number";
  readonly mantissa: number;
  readonly decimals: number;
  readonly multiplier: number;
  /** What its unit may mean; without one nothing. */
  readonly units: readonly Unit[];
  readonly hasUnit: boolean;
  /** < or > before it. */
  readonly bound?: "<" | ">";
  readonly isGrouped: boolean;
  /** Written in words. */
  readonly isWord: boolean;
  /** A third, 一半: nobody means it to the digit. */
  readonly isFraction: boolean;
  /** The same with nothing taken from a later one of a list. */
  readonly own?: NumberFigure;
}

export interface OrdinalFigure extends Found {
  readonly kind: "ordinal";
  readonly value: number;
}

export type DateFigure = Found & DateParts & { readonly kind: "date" };
/** P006, 90d: letters and digits that name something. */
export interface CodeFigure extends Found {
  readonly kind: "code";
}
export type Figure = NumberFigure | OrdinalFigure | DateFigure | CodeFigure;

const NUMBER =
  /^([-−–+＋－])?(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(\.\d+)?(?:[eE]([+-]?\d+)|\s?[×x]\s?10(?:\^?([-−]?\d+)|([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)))?/u;
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const SCALE = new RegExp(
  `^(?:\\s?([十百千]?[万亿兆]|[百千])|\\s(${Object.keys(SCALES).join("|")})(?![\\p{L}])|(k|m|bn)(?![\\p{L}\\d]))`,
  "iu",
);
const SHORT: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, bn: 1e9 };
const ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split(" ");
const ORDINAL = new RegExp(
  `^(?:第(\\d+|${HAN}+)(?!季)|(\\d+)(?:st|nd|rd|th)(?![\\p{L}])|(${ORDINALS.join("|")})(?![\\p{L}]))`,
  "iu",
);
const HAN_NUMBER = new RegExp(
  `^(百分之|千分之|负)?((?:${HAN}+)(?:点[〇零一二三四五六七八九]+)?)(分之(${HAN}+))?`,
  "u",
);
/** Numerals that are parts of words. */
const HAN_WORD =
  /^(?:一(?:共|样|致|起|般|直|定|些|旦|律|并|切|同|体|时|方面|项项|再|度|览|段|边)|十分|百货|千万(?:别|不)|万一|三角|四川|五金|六合|九江|两者|千克|百分比|百分点|百分号|三思)/u;
const CODE =
  /^(?=[\p{Script=Latin}\d_-]*\p{Script=Latin})(?=[\p{Script=Latin}_-]*\d)[\p{Script=Latin}\d][\p{Script=Latin}\d_-]*/u;

/** All figures, in their order. */
export function figuresIn(given: string): Figure[] {
  const text = given.replace(/[０-９％．－]/gu, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0));
  const figures: Figure[] = [];
  for (let at = 0; at < text.length; ) {
    const figure = figureAt(text, at);
    if (figure) figures.push(figure);
    at = figure ? Math.max(at + 1, figure.end) : next(text, at);
  }
  for (let i = figures.length - 2; i >= 0; i--) figures[i] = inherit(figures[i], figures[i + 1], text);
  return figures;
}

/** In a list the last figure's unit is that of all: 1-30 days, 4.1, 5.2 and 6.3%. */
function inherit(figure: Figure, later: Figure, text: string): Figure {
  if (figure.kind !== "number" || later.kind !== "number" || figure.hasUnit || !later.hasUnit) return figure;
  const between = text.slice(figure.end, later.at);
  const isRatio = later.units.some(({ dimension }) => dimension === "ratio"); // 4, 5%: perhaps 4 is none
  if (isYear(figure) || !(RANGE.test(between) || (LIST.test(between) && !isRatio))) return figure;
  const isScaled = figure.multiplier === 1 && figure.decimals > 0 && figure.decimals === later.decimals; // 1.21 and 1.73 million
  const multiplier = isScaled ? later.multiplier : figure.multiplier;
  return Object.assign({}, figure, { units: later.units, hasUnit: true, multiplier, own: figure });
}

const isYear = ({ text }: NumberFigure): boolean => /^(?:19|20)\d\d$/.test(text);

const RANGE = /^\s?(?:[-–—~至到]|to)\s?$/u;
export const LIST = /^\s?(?:[、和及与]|,|，|,?\s?(?:and|or))\s?(?:over|above|more than|超过|大于)?\s?$/u;

/** The next place where a figure can begin: no figure begins within a word or a number. */
function next(text: string, at: number): number {
  const word = /^(?:[\p{Script=Latin}]+|\d+)/u.exec(text.slice(at));
  return at + (word?.[0].length ?? ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1));
}

function figureAt(text: string, at: number): Figure | undefined {
  const rest = text.slice(at, at + 120);
  const found = (length: number): Found => ({ at, end: at + length, text: rest.slice(0, length) });
  if (!/^[\p{L}\p{N}+\-−–.<>≤≥＜＞]/u.test(rest)) return undefined;
  const date = readDate(rest);
  if (date && !/[\d.]$/.test(text.slice(0, at))) {
    const { length, year, month, day, quarter } = date;
    return { kind: "date", year, month, day, quarter, ...found(length) };
  }
  const ordinal = ORDINAL.exec(rest);
  if (ordinal) {
    const value = ordinal[3]
      ? ORDINALS.indexOf(ordinal[3].toLowerCase()) + 1
      : wholeIn(ordinal[1] ?? ordinal[2]);
    if (value !== undefined) return { kind: "ordinal", value, ...found(ordinal[0].length) };
  }
  return numberAt(text, at) ?? codeAt(rest, found);
}

const wholeIn = (text: string): number | undefined => (/^\d/.test(text) ? Number(text) : readHan(text));

function codeAt(rest: string, found: (length: number) => Found): CodeFigure | undefined {
  const [code] = CODE.exec(rest) ?? [];
  return code ? { kind: "code", ...found(code.length) } : undefined;
}

function numberAt(text: string, begin: number): NumberFigure | undefined {
  const bound = /^([<>≤≥＜＞])\s?/.exec(text.slice(begin));
  const at = begin + (bound?.[0].length ?? 0);
  const rest = text.slice(at, at + 120);
  const read =
    percentAt(rest) ?? digitsAt(rest, text.slice(0, at)) ?? hanAt(rest, text.slice(0, at)) ?? englishAt(rest);
  if (!read) return undefined;
  const { mantissa, decimals, isGrouped = false } = read;
  let { length, multiplier } = read;
  const scale = SCALE.exec(rest.slice(length));
  if (scale) {
    multiplier *= scale[1]
      ? readMultiplier(scale[1])
      : (SCALES[scale[2]?.toLowerCase()] ?? SHORT[scale[3]?.toLowerCase()] ?? 1);
    length += scale[0].length;
  }
  const before = unitBefore(text.slice(0, at));
  const [more] = /^[多余](?=[\p{Script=Han}])/u.exec(rest.slice(length)) ?? [""]; // 51万多元
  const after = read.units ? undefined : unitAfter(rest.slice(length + more.length));
  if (after) length += more.length;
  const start = before ? at - before.length : begin;
  const units = read.units ?? [...(after?.units ?? []), ...(before?.units ?? [])];
  const end = at + length + (after?.length ?? 0);
  if (!after && read.isWord && !read.units && isLatin(rest.slice(length, length + 1))) return undefined;
  return {
    kind: "number",
    at: start,
    end,
    text: text.slice(start, end).trim(),
    mantissa,
    decimals,
    multiplier,
    units,
    hasUnit: read.units !== undefined || after !== undefined || before !== undefined,
    bound: bound ? (/[<≤＜]/.test(bound[1]) ? "<" : ">") : undefined,
    isGrouped,
    isWord: read.isWord === true,
    isFraction: read.isFraction === true,
  };
}

const isLatin = (text: string): boolean => /^\p{Script=Latin}/u.test(text);

/** A number as it is read. */
interface Read {
  readonly mantissa: number;
  readonly decimals: number;
  readonly multiplier: number;
  readonly length: number;
  readonly units?: readonly Unit[];
  readonly isGrouped?: boolean;
  readonly isWord?: boolean;
  readonly isFraction?: boolean;
}

function digitsAt(rest: string, before: string): Read | undefined {
  const match = NUMBER.exec(rest);
  if (!match) return undefined;
  const [all, sign = "", whole, fraction = "", e, power, superscript] = match;
  const isDash = /(?:[\d%％)）\p{Script=Latin}]|\d\s?[天日元月年周万亿号])$/u.test(before);
  if (sign !== "" && isDash && sign !== "+") return undefined; // 1-30
  const code = CODE.exec(rest.slice(sign.length));
  if (
    code &&
    !e &&
    unitAfter(rest.slice(sign.length + whole.length + fraction.length)) === undefined &&
    SCALE.exec(rest.slice(all.length)) === null
  ) {
    return undefined;
  }
  const digits =
    superscript && [...superscript].map((each) => (each === "⁻" ? "-" : SUPERSCRIPTS.indexOf(each))).join("");
  const exponent = Number((e ?? power ?? digits ?? "0").replace("−", "-"));
  const value = Number(whole.replaceAll(",", "") + fraction);
  return {
    mantissa: /[-−–－]/.test(sign) ? -value : value,
    decimals: Math.max(0, fraction.length - 1),
    multiplier: 10 ** exponent,
    length: all.length,
    isGrouped: whole.includes(","),
  };
}

/** 百分之31.6. */
function percentAt(rest: string): Read | undefined {
  const [prefix] = /^[百千]分之(?=\d)/u.exec(rest) ?? [];
  const read = prefix === undefined ? undefined : digitsAt(rest.slice(prefix.length), prefix as string);
  return (
    read &&
    Object.assign({}, read, {
      length: read.length + 3,
      units: prefix?.startsWith("百") ? PERCENT : PER_MILLE,
    })
  );
}

/** Before 一 it counts nothing: 最大的一笔, 每一天. */
const ARTICLE = /(?:[的每某这那另同任哪上下各]|最近)$/u;

function hanAt(rest: string, before: string): Read | undefined {
  const match = HAN_NUMBER.exec(rest);
  if (/^一/.test(rest) && ARTICLE.test(before)) return undefined;
  if (/^(?:一半|半数)/.test(rest))
    return { mantissa: 50, decimals: 0, multiplier: 1, length: 2, units: PERCENT, isFraction: true };
  if (!match || HAN_WORD.test(rest)) return undefined;
  const [all, prefix = "", numeral, , of] = match;
  const value = readHan(numeral);
  if (value === undefined) return undefined;
  const decimals = numeral.split("点")[1]?.length ?? 0;
  const sign = prefix === "负" ? -1 : 1;
  if (of !== undefined) {
    const whole = readHan(of) ?? Number.NaN;
    return {
      mantissa: (100 * whole) / value,
      decimals: 0,
      multiplier: 1,
      length: all.length,
      units: PERCENT,
      isWord: true,
      isFraction: true,
    };
  }
  const percent = prefix === "百分之" ? PERCENT : prefix === "千分之" ? PER_MILLE : undefined;
  const isFigure =
    percent !== undefined ||
    numeral.length > 1 ||
    prefix !== "" ||
    /前$/u.test(before) ||
    hasUnitOrScale(rest.slice(all.length));
  return isFigure
    ? { mantissa: sign * value, decimals, multiplier: 1, length: all.length, units: percent, isWord: true }
    : undefined;
}

const PERCENT: readonly Unit[] = [{ dimension: "ratio", factor: 0.01 }];
const TIMES: readonly Unit[] = [{ dimension: "ratio", factor: 1 }];
const PER_MILLE: readonly Unit[] = [{ dimension: "ratio", factor: 0.001 }];
const hasUnitOrScale = (rest: string): boolean => unitAfter(rest) !== undefined;

function englishAt(rest: string): Read | undefined {
  const [text] = ENGLISH_NUMBER.exec(rest) ?? [];
  const value = text === undefined ? undefined : readEnglish(text);
  if (text === undefined || value === undefined || isPronoun(text, rest)) return undefined;
  const isFraction = !Number.isInteger(value);
  const isTimes = /^(?:doubled?|twice|tripled?)/i.test(text);
  return {
    mantissa: isFraction ? 100 * value : value,
    decimals: 0,
    multiplier: 1,
    length: text.length,
    units: isFraction ? PERCENT : isTimes ? TIMES : undefined,
    isWord: true,
    isFraction,
  };
}

/** "one" that stands for a thing: "the largest one", "one of", "one another". */
const isPronoun = (text: string, rest: string): boolean =>
  text.toLowerCase() === "one" && unitAfter(rest.slice(text.length)) === undefined;
