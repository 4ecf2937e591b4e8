// A report as Markdown: every claim is a link to its fact, every fact has its evidence.
import type { Evidence, Fact } from "../evidence.ts";
import type { Part, Report } from "./report.ts";
import { textOf } from "./report.ts";
import { wordsOf } from "./report-words.ts";

export function toMarkdown(report: Report): string {
  const words = wordsOf(report.language);
  const lines = [`# ${words.report}`, ""];
  if (report.request !== undefined)
    lines.push(...report.request.split("\n").map((line) => `> ${plain(line)}`), "");
  const anchors = new Map(report.facts.map(({ key }, at) => [key, `fact-${at + 1}`]));
  for (const { parts } of report.sentences)
    lines.push(parts.map((part) => inline(part, report, anchors)).join(""), "");
  for (const { title, items } of notices(report))
    lines.push(`## ${title}`, "", ...items.map((item) => `- ${plain(item)}`), "");
  lines.push(`## ${words.evidence}`, "");
  for (const [at, fact] of report.facts.entries()) {
    lines.push(
      `<a id="fact-${at + 1}"></a>`,
      "",
      `**${plain(fact.key)}**: ${code(rawValue(fact))} ${plain(fact.unit)}`.trim(),
      "",
    );
    for (const evidence of fact.evidence)
      lines.push(...detailsOf(evidence).map(([name, value]) => `- ${name}: ${code(value)}`), "");
  }
  lines.push(`${words.level}: ${plain(report.level)}`, "");
  return lines.join("\n");
}

function inline(part: Part, report: Report, anchors: ReadonlyMap<string, string>): string {
  if (typeof part === "string") return plain(part);
  if ("label" in part) return plain(part.text);
  const anchor = anchorOf(part.from, report.facts, anchors);
  return anchor === undefined ? plain(part.text) : `[${plain(part.text)}](#${anchor})`;
}

/** The fact that a claim leads to: the first one that it names. */
export function anchorOf(
  from: string,
  facts: readonly Fact[],
  anchors: ReadonlyMap<string, string>,
): string | undefined {
  const names = from.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];
  const key = anchors.has(from) ? from : names.find((name) => facts.some((fact) => fact.key === name));
  return key === undefined ? undefined : anchors.get(key);
}

/** What the report could not say, and why. */
export function notices(report: Report): { readonly title: string; readonly items: readonly string[] }[] {
  const words = wordsOf(report.language);
  const all = [
    {
      title: words.blocked,
      items: report.blocked.map(
        (each) =>
          `${words.sentence} ${textOf(each).length}: ${each.problems.map(({ found, reason }) => `${found}: ${reason}`).join("; ")}`,
      ),
    },
    { title: words.missing, items: report.missing },
    { title: words.failures, items: report.failures.map(({ node, message }) => `${node}: ${message}`) },
    { title: words.dropped, items: report.dropped.map(({ node, pointer }) => `${node}: ${pointer}`) },
    { title: words.flagged, items: report.flagged.map(({ node, pointer }) => `${node}: ${pointer}`) },
  ];
  return all.filter(({ items }) => items.length > 0);
}

/** A value as it is, not as text of the report. */
export const rawValue = ({ value }: Fact): string => JSON.stringify(value) ?? "null";

/** What evidence says, line by line. */
export function detailsOf(evidence: Evidence): (readonly [name: string, value: string])[] {
  const { kind, node, citations = [], ...rest } = Object.assign({ citations: undefined }, evidence);
  return [
    ["node", `${node}, ${kind}`],
    ...Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)] as const),
    ...citations.map(({ name, says, source }) => [name, source ? `${says} (${source})` : says] as const),
  ];
}

/** Text that Markdown takes for nothing else. */
const plain = (text: string): string =>
  text.replace(/[\\`*_{}[\]()#+!|<>~&]/g, (sign) => `\\${sign}`).replace(/\n/g, " ");

function code(text: string): string {
  const fence = "`".repeat(1 + Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length)));
  return `${fence} ${text.replace(/\n/g, " ")} ${fence}`;
}
