// How figures, units, names and notes of a plan are written in a language.
import type { Catalogue } from "../catalogue/catalogue.ts";
import { chineseName } from "./names-zh.ts";
import { chineseNote } from "./notes-zh.ts";
import { inputsOf } from "./quantity/explain.ts";
import type { Quantity } from "./quantity/quantity.ts";

export type Language = "en" | "zh";

const units: Readonly<Record<string, string>> = {
  FLOP: "FLOP",
  byte: "字节",
  token: "词元",
  "million tokens": "百万词元",
  parameter: "参数",
  second: "秒",
  minute: "分钟",
  hour: "小时",
  day: "天",
  month: "月",
  GPU: "GPU",
  "GPU-hour": "GPU 小时",
  machine: "台",
  task: "任务",
  request: "请求",
  sequence: "序列",
  person: "人",
  kilowatt: "千瓦",
  "kilowatt-hour": "千瓦时",
  nat: "nat",
  factor: "倍",
  count: "个",
};
const sizes = ["bytes", "KB", "MB", "GB", "TB", "PB"];

/** A quantity's name; of several kinds of work, with the kind. */
export function nameIn(language: Language, name: string): string {
  return language === "zh" ? (chineseName(name) ?? name) : name;
}

/** Writes a note, or a source's title: the library's and the catalogue's own in the language, those of others as they are. */
export function noteWriter({ families }: Pick<Catalogue, "families">) {
  const notes = new Map<string, string>();
  const find = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("en" in value && "zh" in value) notes.set(String(value.en), String(value.zh));
    else for (const each of Object.values(value)) find(each);
  };
  for (const { generations } of families) find(generations);
  return (language: Language, note: string): string =>
    language === "zh" ? (notes.get(note) ?? chineseNote(note)) : note;
}

/** "USD/task", in the language; "" for a share or a count. */
export function unitIn(language: Language, unit: string): string {
  if (unit === "ratio" || unit === "count" || unit === "factor") return "";
  if (language === "en") return unit.replace("/", " / ");
  return unit
    .split("/")
    .map((part) => units[part] ?? part)
    .join(" / ");
}

/** What keeps its form whatever the number. */
const unchanged = /^(FLOP|million tokens|[A-Z]{3})$/;

/** A unit of so many: "tasks / month", "people". */
function unitOf(value: number, language: Language, unit: string): string {
  const [of, ...per] = unit.split("/");
  if (language === "zh" || value === 1 || unchanged.test(of) || !unitIn(language, unit))
    return unitIn(language, unit);
  return [of === "person" ? "people" : `${of}s`, ...per].join(" / ");
}

/** How values are written. */
export function writersOf(language: Language) {
  const locale = language === "zh" ? "zh-Hans" : "en";
  const plain = new Intl.NumberFormat(locale, { maximumSignificantDigits: 4 });
  const grouped = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumSignificantDigits: 4 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const number = (value: number): string => {
    const size = Math.abs(value);
    if (size !== 0 && (size >= 1e16 || size < 1e-4)) return value.toExponential(3).replace("e+", "e");
    if (size >= 1e6) return compact.format(value);
    return size >= 1000 ? grouped.format(value) : plain.format(value);
  };
  const inUnit = (value: number, unit: string): string => {
    if (unit === "ratio") return Math.abs(value) <= 2 ? percent.format(value) : number(value);
    if (unit === "byte") {
      const at = Math.min(
        sizes.length - 1,
        Math.max(0, Math.floor(Math.log10(Math.max(1, Math.abs(value))) / 3)),
      );
      return `${plain.format(value / 1000 ** at)} ${sizes[at]}`;
    }
    if (unit === "second" && Math.abs(value) < 1) return `${plain.format(value * 1000)} ms`;
    return [number(value), unitOf(value, language, unit)].filter(Boolean).join(" ");
  };
  return {
    number,
    percent: (value: number) => percent.format(value),
    inUnit,
    /** A quantity's value; `words` for one that is unknown, and for one that there is not. */
    quantity(quantity: Quantity, words: { readonly unknown: string; readonly none: string }): string {
      const { value, unit } = quantity;
      if (value !== null) return inUnit(value, unit);
      return inputsOf([quantity], "unknown").length > 0 ? words.unknown : words.none;
    },
  };
}
export type Writers = ReturnType<typeof writersOf>;
