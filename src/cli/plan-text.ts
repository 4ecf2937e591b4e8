// A plan's answer for the terminal: figures, assumptions, warnings, and paths to sources.
import {
  type Answer,
  answerWords,
  chineseName,
  chineseReason,
  chineseWarning,
  type HostingVerdict,
  type Input,
  inputsOf,
  nameIn,
  noteWriter,
  type Plans,
  type Quantity,
  type Verdict,
  writersOf,
} from "../plan/index.ts";
import { currencies } from "../plan/quantity/units.ts";
import type { Language } from "./language.ts";
import { loadCatalogue } from "./load-catalogue.ts";
import { flagFor } from "./plan-flags.ts";
import { formatBytes, formatSeconds, formatTable } from "./table.ts";

const grouped = (value: number, digits: number) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A number for people: all of it up to a million, then with a power of ten. */
function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e15 || size < 1e-3)) return value.toExponential(3).replace("e+", "e");
  for (const [unit, letter] of [
    [1e12, "T"],
    [1e9, "B"],
    [1e6, "M"],
  ] as const)
    if (size >= unit) return `${(value / unit).toPrecision(4)} ${letter}`;
  if (Number.isInteger(value) || size >= 1e3) return grouped(Math.round(value), 0);
  return String(Number(value.toPrecision(4)));
}

/** A value with its unit. */
export function formatValue(quantity: Quantity): string {
  const { value, unit } = quantity;
  if (value !== null && unit === "ratio" && /^utilisation/.test(quantity.name))
    return `${grouped(100 * value, 1)}%`; // also far above all of it
  if (value !== null) return formatIn(value, unit);
  return inputsOf([quantity], "unknown").length > 0 ? "unknown" : "none";
}

function formatIn(value: number, unit: Quantity["unit"]): string {
  if (unit === "byte") return formatBytes(value);
  if (unit === "second") return value < 1e7 ? formatSeconds(value) : `${formatNumber(value)} s`;
  if (unit === "ratio") return Math.abs(value) <= 2 ? `${(100 * value).toFixed(1)}%` : formatNumber(value);
  if (unit === "count") return formatNumber(value);
  const money = currencies.some((code) => unit.startsWith(code));
  const digits = Math.abs(value) < 1 ? 4 : 2;
  const shown = money && Math.abs(value) < 1e9 ? grouped(value, digits) : formatNumber(value);
  return `${shown} ${shown === "1" ? unit : many(unit)}`;
}

/** What keeps its form whatever the number. */
const UNCHANGED = ["FLOP", "million tokens", ...currencies];

/** A unit of more than one: "days", "tokens/second", "people". */
function many(unit: string): string {
  const [of, ...per] = unit.split("/");
  const plural = UNCHANGED.includes(of) ? of : of === "person" ? "people" : `${of}s`;
  return [plural, ...per].join("/");
}

/** What stands around the figures of a plan on the terminal; the rest are `answerWords`. */
const WORDS = {
  en: {
    separator: ", ",
    semicolon: "; ",
    brackets: (text: string) => ` (${text})`,
    draws: (of: string, draws: string, seed: number, shown: string) =>
      `${of}, over ${draws} draws (seed ${seed}): ${shown}`,
    skewed: (likely: string, median: string) =>
      `${likely} is what the likely values give; half of the draws lie above ${median}, since the ranges reach further to one side`,
    matters: "what matters most",
    assumed: "assumed, since nobody said",
    missing: "missing",
    warning: "warning",
    verdict: "verdict",
    give: (flag: string) => `give ${flag}`,
    checkpoint: "or name a checkpoint (a file, a folder or hf:owner/name), which has its sizes",
    above: "above",
    flags: "--gpus, --type or --batch",
    plansFit: (count: number) =>
      `${count} plans fit; the fastest, by bubble and recomputation alone (communication is not counted):`,
    noPlan: "no plan fits these GPUs",
    infeasible: "not feasible, by first reason",
    head: ["TP", "PP", "DP", "EP", "ZeRO", "micro", "recompute", "a GPU", "bubble", "time"],
    published: (flops: string, parameters: string, tokens: string, here: string) =>
      `published: ${flops} for ${parameters} and ${tokens} (baimo plan runs); here 6 N D is of ${here}`,
    serving: (model: string) => `serving ${model}`,
    training: (model: string) => `training of ${model}`,
  },
  zh: {
    separator: "，",
    semicolon: "；",
    brackets: (text: string) => `（${text}）`,
    draws: (of: string, draws: string, seed: number, shown: string) =>
      `${of}，${draws} 次抽样（种子 ${seed}）：${shown}`,
    skewed: (likely: string, median: string) =>
      `各项取最可能的值得 ${likely}；一半的抽样高于 ${median}，因为所给的范围偏向一边`,
    matters: answerWords.zh.matters,
    assumed: answerWords.zh.assumed,
    missing: answerWords.zh.missing,
    warning: answerWords.zh.warnings,
    verdict: answerWords.zh.verdict,
    give: (flag: string) => `用 ${flag.replace(" or ", " 或 ").replace(", for example ", "，例如 ")} 给出`,
    checkpoint: "或指明模型文件（文件、文件夹或 hf:owner/name），其中有各项尺寸",
    above: "见上",
    flags: "--gpus、--type 或 --batch",
    plansFit: (count: number) => `${count} 种切分可行；只计气泡与重算，最快的是（未计通信）：`,
    noPlan: answerWords.zh.noPlan,
    infeasible: "不可行的，按首个原因",
    head: ["TP", "PP", "DP", "EP", "ZeRO", "微批", "重算", "每 GPU", "气泡", "时间"],
    published: (flops: string, parameters: string, tokens: string, here: string) =>
      `已公布：${parameters}、${tokens} 用 ${flops}（见 baimo plan runs）；此处的 6 N D 按 ${here} 计`,
    serving: (model: string) => `推理：${model}`,
    training: (model: string) => `训练：${model}`,
  },
};

/** Writes plans in a language. */
export type PlanText = ReturnType<typeof planText>;

export function planText(lang: Language) {
  const words = WORDS[lang];
  const shared = answerWords[lang];
  const { colon } = shared;
  const isChinese = lang === "zh";
  const writers = writersOf("zh");
  const noteIn = isChinese ? noteWriter(loadCatalogue()) : undefined;
  const nameOf = (name: string): string => nameIn(lang, name);
  const noteOf = (note: string): string => noteIn?.(lang, note) ?? note;
  const inUnit = (value: number, unit: Quantity["unit"]): string =>
    isChinese ? writers.inUnit(value, unit) : formatIn(value, unit);
  const shownValue = (quantity: Quantity): string =>
    isChinese ? writers.quantity(quantity, shared) : formatValue(quantity);
  /** Of several kinds of work, or laws, the key says which. */
  const labelOf = (key: string, { name }: Quantity): string =>
    nameOf(name) + (/ \(.*\)$/.exec(key)?.[0] ?? "");
  const rangeText = ({ range, unit }: Input): string =>
    range ? shared.fromTo(inUnit(range.low, unit), inUnit(range.high, unit)) : "";

  function sourceText({ source }: Pick<Input, "source">): string {
    if (!source) return "";
    return [noteOf(source.title), source.url, source.date].filter((part) => part !== undefined).join(", ");
  }

  /** What stands beside every answer: what was assumed, what is missing, what is to be doubted. */
  function aboutLines({ results, assumed, missing, warnings, distribution }: Answer): string[] {
    const lines: string[] = [];
    if (distribution) {
      const { of, unit, quantiles, influences, seed, draws } = distribution;
      const shown = Object.entries(quantiles).map(
        ([q, value]) => `${100 * Number(q)}%${colon}${inUnit(value, unit)}`,
      );
      lines.push("", words.draws(nameOf(of), grouped(draws, 0), seed, shown.join(words.separator)));
      const [, headline] = Object.entries(results).find(([, { name }]) => name === of) ?? [];
      if (headline && headline.value !== null && isFar(headline.value, quantiles["0.5"]))
        lines.push(words.skewed(shownValue(headline), inUnit(quantiles["0.5"], unit)));
      const most = influences
        .slice(0, 3)
        .map(({ name, share }) => `${nameOf(name)} ${Math.round(100 * share)}%`);
      lines.push(`${words.matters}${colon}${most.join(words.separator)}`);
    }
    if (assumed.length > 0) lines.push("", `${words.assumed}${colon.trimEnd()}`);
    for (const input of assumed)
      lines.push(
        `  ${nameOf(input.name)}${colon}${shownValue(input)}${rangeText(input)}${words.semicolon}${noteOf(input.note ?? "")}`,
      );
    lines.push(...missingLines(missing));
    const warned = warnings.map((text) => (isChinese ? chineseWarning(text, chineseName) : text));
    if (warned.length > 0) lines.push("", ...warned.map((text) => `${words.warning}${colon}${text}`));
    return lines;
  }

  /** What is missing, each once, with the flag that gives it. */
  function missingLines(missing: readonly Input[]): string[] {
    if (missing.length === 0) return [];
    const notes = new Map<string, string>();
    for (const { name, note } of missing) notes.set(name, notes.get(name) || (note ?? ""));
    const lines = Array.from(notes, ([name, note]) => {
      const flag = flagFor(name);
      const about = [flag && words.give(flag), note === "not given" ? "" : noteOf(note)]
        .filter(Boolean)
        .join(words.semicolon);
      return `  ${nameOf(name)}${about ? words.brackets(about) : ""}`;
    });
    const ofShape = ["layers", "hidden size", "heads"].some((name) => notes.has(name));
    return [
      "",
      `${words.missing}${colon.trimEnd()}`,
      ...lines,
      ...(ofShape ? [`  ${words.checkpoint}`] : []),
    ];
  }

  /** The results as a table, or with every path to formula and source. */
  function resultLines({ results }: Answer, explain: boolean, width?: number): string[] {
    if (!explain) {
      return formatTable(
        Object.entries(results).map(([key, quantity]) => [
          labelOf(key, quantity),
          shownValue(quantity),
          noteOf(quantity.note ?? ""),
        ]),
        { width },
      );
    }
    const shown = new Set<Quantity>();
    return Object.entries(results).flatMap(([key, quantity]) => [
      ...explainLines(labelOf(key, quantity), quantity, 0, shown),
      "",
    ]);
  }

  function explainLines(name: string, quantity: Quantity, depth: number, shown: Set<Quantity>): string[] {
    const indent = "  ".repeat(depth);
    const head = `${indent}${name} = ${shownValue(quantity)}`;
    const about = [sourceText(quantity), noteOf(quantity.note ?? "")];
    if (quantity.origin !== "computed") {
      const origin = isChinese ? shared.origins[quantity.origin] : quantity.origin;
      return [`${head}${rangeText(quantity)}  [${[origin, ...about].filter(Boolean).join(words.semicolon)}]`];
    }
    if (shown.has(quantity)) return [`${head}  [${words.above}]`];
    shown.add(quantity);
    const said = about.filter(Boolean).join(words.semicolon);
    return [
      `${head}  = ${quantity.formula}${said ? `  [${said}]` : ""}`,
      ...Object.entries(quantity.inputs).flatMap(([key, input]) =>
        explainLines(
          key === input.name ? nameOf(key) : `${key}${colon}${nameOf(input.name)}`,
          input,
          depth + 1,
          shown,
        ),
      ),
    ];
  }

  /** Who should do the work. */
  const whoLines = (verdict: Verdict): string[] => [
    "",
    `${words.verdict}${colon}${shared.who(verdict, nameOf)}`,
  ];
  /** Where a model should run; what does not fit, with the flags that change it. */
  const whereLines = (verdict: HostingVerdict): string[] => [
    "",
    `${words.verdict}${colon}${shared.where(verdict, nameOf)}${verdict.kind === "does-not-fit" ? words.brackets(words.flags) : ""}`,
  ];

  /** How a training may be divided over its GPUs. */
  function planLines({ feasible, infeasible }: Plans, count: number): string[] {
    const reasons = Object.entries(infeasible).map(
      ([reason, number]) => `${isChinese ? chineseReason(reason) : reason} ${number}`,
    );
    const fallen = reasons.length > 0 ? [`${words.infeasible}${colon}${reasons.join(words.separator)}`] : [];
    if (feasible.length === 0) return ["", words.noPlan, ...fallen];
    const rows = feasible
      .slice(0, count)
      .map(({ plan, recompute, memory, bubble, time }) => [
        ...[plan.tensor, plan.pipeline, plan.data, plan.expert].map(({ value }) => String(value)),
        String(plan.zero),
        String(plan.microbatch.value),
        isChinese ? chineseReason(recompute) : recompute,
        formatBytes(memory.value ?? 0),
        `${(100 * (bubble?.value ?? 0)).toFixed(1)}%`,
        (time?.value ?? 0).toFixed(3),
      ]);
    return ["", words.plansFit(feasible.length), ...formatTable([words.head, ...rows]), ...fallen];
  }

  /** Where a published run of the model counts other parameters. */
  const publishedLine = (flops: Quantity, parameters: Quantity, tokens: Quantity, here: Quantity): string =>
    words.published(shownValue(flops), shownValue(parameters), shownValue(tokens), shownValue(here));

  return {
    aboutLines,
    resultLines,
    whoLines,
    whereLines,
    planLines,
    publishedLine,
    serving: words.serving,
    training: words.training,
  };
}

/** Whether a headline needs a word beside its median. */
const isFar = (value: number, median: number) => Math.abs(value - median) > 0.02 * Math.abs(median);
