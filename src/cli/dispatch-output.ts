// What `baimo dispatch` prints: plans, facts, approvals that wait, runs; and the report's file.
import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import type { Evidence, Fact, PendingApproval, Plan, Report, RunOutcome, RunRow } from "../dispatch/index.ts";
import { BaimoError } from "../errors.ts";
import { isRecord } from "../json.ts";
import { formatTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export function printPlan(
  { order, costFen, writes }: Plan,
  json: boolean | undefined,
  terminal: Terminal,
): void {
  if (json) {
    terminal.json({ nodes: order, costFen, writes });
    return;
  }
  for (const line of formatTable(order.map(({ id, tool, after }) => [id, tool, after.join(", ")]))) {
    terminal.line(line);
  }
  terminal.line(`costs at most ${costFen} fen; writes: ${writes.join(", ") || "none"}`);
}

export function printRuns(runs: readonly RunRow[], json: boolean | undefined, terminal: Terminal): void {
  const rows = runs.map(({ id, state, created }) => ({
    id,
    state,
    created: new Date(created).toISOString(),
  }));
  if (json) terminal.json(rows);
  else
    for (const line of formatTable(rows.map((row) => [row.id, row.state, row.created]))) terminal.line(line);
}

export function printOutcome(outcome: RunOutcome, json: boolean | undefined, terminal: Terminal): void {
  const { id, state, result, report, approvals } = outcome;
  if (json) {
    terminal.json({ run: id, state, approvals, report });
    return;
  }
  const width = terminal.interactive ? terminal.columns() : 160;
  const rows = report.facts.map(({ key, value, unit, evidence }: Fact) => [
    key,
    `${typeof value === "string" ? value : JSON.stringify(value)} ${unit}`.trim(),
    evidence.map(inShort).join("; "),
  ]);
  for (const line of formatTable(rows, { width })) terminal.writeAnswer(`${line}\n`);
  for (const approval of approvals) printApproval(id, approval, terminal);
  for (const { node, message } of result.failures) terminal.note(`${node} failed: ${message}`);
  if (result.missing.length > 0) terminal.note(`no fact: ${result.missing.join(", ")}`);
  for (const { node, pointer } of result.dropped) {
    terminal.note(`${node}: ${pointer} is not in the schema; left out`);
  }
  for (const { node, pointer } of result.flagged) {
    terminal.note(`${node}: ${pointer} speaks to the system; kept as data`);
  }
  for (const { problems } of report.blocked) {
    terminal.note(
      `blocked a sentence: ${problems.map(({ found, reason }) => `${found}: ${reason}`).join("; ")}`,
    );
  }
  terminal.note(`run ${id}: ${state}`);
}

/** Most rows that an approval shows. */
const MOST_ROWS = 20;

function printApproval(
  run: string,
  { node, shown, argumentsSha256, expires }: PendingApproval,
  terminal: Terminal,
): void {
  const { sql, parameters, rows, ...rest } = isRecord(shown) ? shown : {};
  const lines = [`${node} waits for an approval, until ${new Date(expires).toISOString()}`];
  if (sql === undefined) lines.push(`  ${JSON.stringify(rest)}`);
  else lines.push(`  ${sql}`, `  parameters: ${JSON.stringify(parameters)}`);
  if (Array.isArray(rows)) {
    lines.push(`  rows that would change: ${rows.length}`);
    lines.push(...rows.slice(0, MOST_ROWS).map((row) => `    ${JSON.stringify(row)}`));
    if (rows.length > MOST_ROWS) lines.push(`    and ${rows.length - MOST_ROWS} more; --json shows all`);
  }
  lines.push(`  to allow it: baimo dispatch --approve ${run}:${argumentsSha256.slice(0, 12)} --tools …`);
  for (const line of lines) terminal.writeAnswer(`${line}\n`);
}

/** Writes the report in the form that the file's name says. */
export async function writeReportFile(report: Report, path: string): Promise<void> {
  const { toHtml, toMarkdown } = await import("../dispatch/index.ts");
  const forms: Readonly<Record<string, (report: Report) => string>> = {
    ".html": toHtml,
    ".md": toMarkdown,
    ".json": (given) => `${JSON.stringify(given, undefined, 2)}\n`,
  };
  const form = forms[extname(path)];
  if (!form) throw new BaimoError("request", `--report ${path} must end in ${Object.keys(forms).join(", ")}`);
  await writeFile(path, form(report));
}

/** Where a fact comes from, on part of a line. */
function inShort(evidence: Evidence): string {
  const { node } = evidence;
  switch (evidence.kind) {
    case "sql":
      return `${node} ${evidence.database}: ${evidence.rows} rows, ${evidence.rowsSha256.slice(0, 12)}`;
    case "write":
      return `${node} ${evidence.database}: ${evidence.changed} rows changed`;
    case "http":
      return `${node} ${evidence.service}: ${evidence.operationId} ${evidence.pointer ?? ""}`.trim();
    case "model":
      return `${node} ${evidence.model} ${evidence.version.slice(0, 12)}`;
    case "step":
      return `${node} ${evidence.step}`;
  }
}
