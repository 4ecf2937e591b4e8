// Writes a report from a run's facts, by the task's sentences or one for each fact.
import { BaimoError } from "../../errors.ts";
import { parseCalc } from "../calc/parse.ts";
import { freeNames } from "../calc/syntax.ts";
import type { Fact } from "../evidence.ts";
import { isAddressed } from "../flags.ts";
import type { Task } from "../graph/task.ts";
import type { RunResult } from "../run-plan.ts";
import { checkerOf, isBlocked, isRight } from "./check-report.ts";
import { derive } from "./known.ts";
import { isName } from "./names.ts";
import type { Language, Part, Report, Sentence } from "./report.ts";
import { writeValue } from "./write-value.ts";

/** What a report is written with. */
export interface WriteOptions {
  readonly language: Language;
  /** The person's own words. */
  readonly request?: string;
  /** Who planned it. Default: a saved task. */
  readonly level?: string;
  /** Names of the data, which no sentence may have without a fact. */
  readonly names?: ReadonlySet<string>;
}

/** Most items of a list that a sentence has. */
const MOST_ITEMS = 50;

export function writeReport(task: Task, result: RunResult, options: WriteOptions): Report {
  const { language, request, level = "saved task, template" } = options;
  const facts = result.facts.map(withoutAddressed);
  const labels = labelsOf(task, language);
  const sentences = task.report
    ? task.report.flatMap((each) => fromTemplate(each, facts, language))
    : facts.map((fact) => ofFact(fact, labels.get(fact.key) ?? fact.key, language));
  const checked = sentences.map(checkerOf(facts, { request, names: options.names, labels }));
  const { missing, failures, dropped, flagged } = result;
  return {
    language,
    level,
    request,
    sentences: checked.filter(isRight),
    blocked: checked.filter(isBlocked),
    facts,
    missing,
    failures,
    dropped,
    flagged,
  };
}

const LEFT_OUT = "(left out: it speaks to the system)";

/** A text that speaks to the system is no value of a report. */
function withoutAddressed(fact: Fact): Fact {
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean);
    return typeof value === "string" && isAddressed(value) ? LEFT_OUT : value;
  };
  const { key, unit, node, evidence } = fact;
  return { key, value: clean(fact.value), unit, node, evidence };
}

/** What facts are called: as the task says, or by their keys without the unit. */
export function labelsOf(task: Task, language: Language): ReadonlyMap<string, string> {
  return new Map(
    task.facts.map(({ key, label }) => [
      key,
      label?.[language] ?? key.replace(/_(?:fen|bp|g|min)$/, "").replaceAll("_", " "),
    ]),
  );
}

/** "Sales: 511,143.30 yuan." */
function ofFact(fact: Fact, label: string, language: Language): Sentence {
  const [colon, end, comma] = language === "zh" ? ["：", "。", "、"] : [": ", ".", ", "];
  const begin = language === "en" ? label.charAt(0).toUpperCase() + label.slice(1) : label;
  const { value } = fact;
  const cites = [fact.key];
  const isText = typeof [value].flat()[0] === "string";
  const [open, close] = !isText ? ["", ""] : language === "zh" ? ["「", "」"] : ["“", "”"]; // data, not words of the report
  const said = (...parts: Part[]): Sentence => ({
    parts: [{ text: begin, label: fact.key }, colon, ...parts, end],
    cites,
  });
  if (Array.isArray(value)) {
    if (value.length === 0) return said(language === "zh" ? "无" : "none");
    if (value.length > MOST_ITEMS || !value.every(isSaid)) {
      const from = `count(${fact.key})`;
      return said(
        { text: writeValue(value.length, "", language), from },
        language === "zh" ? "项，见证据" : " values, in the evidence",
      );
    }
    return said(
      ...value.flatMap((item, at): Part[] => [
        at === 0 ? open : close + comma + open,
        { text: writeValue(item, fact.unit, language), from: `item(${fact.key}, ${at + 1})` },
      ]),
      close,
    );
  }
  if (value === null) return said(language === "zh" ? "没有值" : "no value");
  if (!isSaid(value)) return said(language === "zh" ? "见证据" : "in the evidence");
  return said(open, { text: writeValue(value, fact.unit, language), from: fact.key }, close);
}

/** Whether a value can stand in a sentence; a longer text is quoted in the evidence alone. */
const isSaid = (value: unknown): boolean =>
  typeof value === "number" ||
  typeof value === "boolean" ||
  (typeof value === "string" && isName(value) && value !== LEFT_OUT);

/** The sentence, where its condition holds and every fact is there. */
function fromTemplate(
  template: NonNullable<Task["report"]>[number],
  facts: readonly Fact[],
  language: Language,
): Sentence[] {
  const text = template[language];
  const byKey = new Map(facts.map((fact) => [fact.key, fact]));
  if (text === undefined || !isHeld(template.when, byKey)) return [];
  const parts: Part[] = [];
  let at = 0;
  for (const { index, 0: slot, 1: words, 2: from, 3: as } of text.matchAll(SLOT)) {
    if (!hasFacts(from, byKey)) return [];
    if (index > at) parts.push(text.slice(at, index));
    const { value } = derive(from, byKey);
    if (typeof value === "string" && !isSaid(value)) return [];
    parts.push({ text: words ?? writeValue(value, unitOf(from, byKey), language, as), from });
    at = index + slot.length;
  }
  if (at < text.length) parts.push(text.slice(at));
  const cites = (template.cites ?? []).filter((key) => byKey.has(key));
  return [{ parts, cites }];
}

/** `{change}`, `{sales_fen:万元}`, `{rose|after > before}`. */
const SLOT = /\{(?:([^{}|]+)\|)?([^{}|:]+)(?::([^{}|:]+))?\}/gu;

const namesIn = (from: string): string[] => freeNames(parseCalc(from));

const hasFacts = (from: string, facts: ReadonlyMap<string, Fact>): boolean =>
  facts.has(from) || namesIn(from).every((name) => facts.has(name));

/** The unit of what a slot gives, in words. */
function unitOf(from: string, facts: ReadonlyMap<string, Fact>): string {
  const known = derive(from, facts);
  if (known.unit.kind === "id") return "id";
  if (known.unit.kind !== "measure" || known.facts.length === 0) return "";
  const [fact] = known.facts;
  return known.unit.dimension === "difference of ratios" || known.unit.dimension === "ratio"
    ? known.unit.dimension
    : fact.unit;
}

function isHeld(when: string | undefined, facts: ReadonlyMap<string, Fact>): boolean {
  if (when === undefined) return true;
  if (!hasFacts(when, facts)) return false;
  const { value } = derive(when, facts);
  if (typeof value === "boolean") return value;
  throw new BaimoError("request", `the report's condition ${when} is neither true nor false`);
}
