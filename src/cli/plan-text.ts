// A plan's answer for the terminal: figures, assumptions, warnings, and paths to sources.
import type { Answer, Input, Quantity } from "../plan/index.ts";
import { inputsOf } from "../plan/quantity/explain.ts";
import { currencies } from "../plan/quantity/units.ts";
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

function sourceText({ source }: Pick<Input, "source">): string {
  if (!source) return "";
  return [source.title, source.url, source.date].filter((part) => part !== undefined).join(", ");
}

/** "0.2 to 0.5". */
const rangeText = ({ range, unit }: Input): string =>
  range ? `, ${formatIn(range.low, unit)} to ${formatIn(range.high, unit)}` : "";

/** What stands beside every answer: what was assumed, what is missing, what is to be doubted. */
export function aboutLines({ results, assumed, missing, warnings, distribution }: Answer): string[] {
  const lines: string[] = [];
  if (distribution) {
    const { of, unit, quantiles, influences, seed, draws } = distribution;
    const shown = Object.entries(quantiles).map(
      ([q, value]) => `${100 * Number(q)}%: ${formatIn(value, unit)}`,
    );
    lines.push("", `${of}, over ${grouped(draws, 0)} draws (seed ${seed}): ${shown.join(", ")}`);
    const [, headline] = Object.entries(results).find(([, { name }]) => name === of) ?? [];
    if (headline && headline.value !== null && isFar(headline.value, quantiles["0.5"]))
      lines.push(
        `${formatValue(headline)} is what the likely values give; half of the draws lie above ${formatIn(quantiles["0.5"], unit)}, since the ranges reach further to one side`,
      );
    const most = influences.slice(0, 3).map(({ name, share }) => `${name} ${Math.round(100 * share)}%`);
    lines.push(`what matters most: ${most.join(", ")}`);
  }
  if (assumed.length > 0) lines.push("", "assumed, since nobody said:");
  for (const input of assumed)
    lines.push(`  ${input.name}: ${formatValue(input)}${rangeText(input)}; ${input.note}`);
  lines.push(...missingLines(missing));
  if (warnings.length > 0) lines.push("", ...warnings.map((text) => `warning: ${text}`));
  return lines;
}

/** Whether a headline needs a word beside its median. */
const isFar = (value: number, median: number) => Math.abs(value - median) > 0.02 * Math.abs(median);

/** What is missing, each once, with the flag that gives it. */
function missingLines(missing: readonly Input[]): string[] {
  if (missing.length === 0) return [];
  const notes = new Map<string, string>();
  for (const { name, note } of missing) notes.set(name, notes.get(name) || (note ?? ""));
  const lines = Array.from(notes, ([name, note]) => {
    const flag = flagFor(name);
    const about = [flag && `give ${flag}`, note === "not given" ? "" : note].filter(Boolean).join("; ");
    return `  ${name}${about ? ` (${about})` : ""}`;
  });
  const ofShape = ["layers", "hidden size", "heads"].some((name) => notes.has(name));
  return [
    "",
    "missing:",
    ...lines,
    ...(ofShape ? ["  or name a checkpoint (a file, a folder or hf:owner/name), which has its sizes"] : []),
  ];
}

/** The results as a table, or with every path to formula and source. */
export function resultLines({ results }: Answer, explain: boolean, width?: number): string[] {
  if (!explain) {
    return formatTable(
      Object.entries(results).map(([key, quantity]) => [
        labelOf(key, quantity),
        formatValue(quantity),
        quantity.note ?? "",
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

/** Of several kinds of work, or laws, the key says which. */
const labelOf = (key: string, { name }: Quantity) => name + (/ \(.*\)$/.exec(key)?.[0] ?? "");

function explainLines(name: string, quantity: Quantity, depth: number, shown: Set<Quantity>): string[] {
  const indent = "  ".repeat(depth);
  const head = `${indent}${name} = ${formatValue(quantity)}`;
  if (quantity.origin !== "computed") {
    const range = rangeText(quantity);
    return [
      `${head}${range}  [${[quantity.origin, sourceText(quantity), quantity.note].filter(Boolean).join("; ")}]`,
    ];
  }
  if (shown.has(quantity)) return [`${head}  [above]`];
  shown.add(quantity);
  const about = [sourceText(quantity), quantity.note].filter(Boolean).join("; ");
  return [
    `${head}  = ${quantity.formula}${about ? `  [${about}]` : ""}`,
    ...Object.entries(quantity.inputs).flatMap(([key, input]) =>
      explainLines(key === input.name ? key : `${key}: ${input.name}`, input, depth + 1, shown),
    ),
  ];
}
