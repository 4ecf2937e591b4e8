// The board as a page of its own: light and dark, Chinese or English, for a phone, too.
import type { Board, BoardCell, BoardRow } from "./board.ts";

/** The page's language. */
export type BoardLanguage = "zh" | "en";

const WORDS = {
  en: {
    title: "Board",
    task: "Task",
    less: "less is better",
    none: "no answer found",
    note: "Bars are intervals of 95%. Ranks are ranges: models that the documents cannot tell apart (paired tests, Holm) share them. Seconds and cost are of a document. Where requests failed, a score is a range, from all of them wrong to all right, or withheld.",
    PPL: "by likelihood",
    generation: "by generation",
    circular: "right with its options in every order",
    differ: "extractions differ",
    failed: "failed",
    withheld: "withheld",
    left: "Not on the board",
  },
  zh: {
    title: "榜",
    task: "任务",
    less: "越小越好",
    none: "未得答案",
    note: "横条为 95% 区间。名次为范围：文档分不出高下的模型（配对检验，Holm 校正）并列。秒数与费用以一题计。有请求失败的，分数为范围（从全错到全对），或暂不给分。",
    PPL: "按似然",
    generation: "按生成",
    circular: "选项循环，次次答对",
    differ: "提取结果不同",
    failed: "请求失败",
    withheld: "暂不给分",
    left: "未上榜",
  },
} as const;

type Words = (typeof WORDS)[BoardLanguage];

/** For a light and a dark reader. */
export const COLOURS = `
:root { color-scheme: light dark; --ink: #1c1a17; --paper: #fbfaf7; --line: #ddd6c8; --bar: #9c3d2e; --soft: #6d665a; }
@media (prefers-color-scheme: dark) { :root { --ink: #ece7dd; --paper: #171512; --line: #3a352d; --bar: #d98673; --soft: #a59c8d; } }`;
const STYLE = `${COLOURS}
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Noto Sans SC", sans-serif; }
h1 { font-size: 1.4rem; } section { border-top: 1px solid var(--line); padding: .75rem 0; }
h2 { font-size: 1rem; margin: 0 0 .25rem; } h2 small, .soft { color: var(--soft); font-weight: normal; }
.cell { display: grid; grid-template-columns: minmax(6rem, 14rem) 3rem 5rem 1fr; gap: .5rem; align-items: center; }
.cell svg { width: 100%; height: 1rem; } .number { text-align: right; font-variant-numeric: tabular-nums; }
.model { overflow-wrap: anywhere; } a { color: var(--bar); } h1 small { font-size: .9rem; font-weight: normal; }
@media (max-width: 34rem) { .cell { grid-template-columns: 1fr 3rem 4.5rem; } .cell svg { grid-column: 1 / -1; } }
`;

export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** A number as the board shows it: shares in percent. */
export function boardNumber(value: number, isShare: boolean): string {
  return isShare ? `${(100 * value).toFixed(1)}%` : value.toPrecision(4);
}

/** Whether all ends of a row's intervals lie between 0 and 1. */
export const isShareRow = ({ cells, lessIsBetter }: BoardRow): boolean =>
  !lessIsBetter && cells.every(({ interval }) => !interval || (interval[0] >= 0 && interval[1] <= 1));

/** "1", or "1–3" where several ranks are possible. */
export const rankText = ([best, worst]: BoardCell["ranks"]): string =>
  best === worst ? `${best}` : `${best}–${worst}`;

/** A score, the middle of what it may be, or below all others. */
const placeOf = ({ score, range }: BoardCell, lessIsBetter: boolean): number => {
  const value = score ?? (range && (range[0] + range[1]) / 2);
  if (value === undefined) return Number.NEGATIVE_INFINITY;
  return lessIsBetter ? -value : value;
};

/** The best first. */
export const sortedCells = ({ cells, lessIsBetter }: BoardRow): BoardCell[] =>
  [...cells].sort((a, b) => Math.sign(placeOf(b, lessIsBetter) - placeOf(a, lessIsBetter)) || 0);

/** A score, what it may be, or the word for one that is withheld. */
export function scoreText({ score, range }: BoardCell, isShare: boolean, language: BoardLanguage): string {
  if (score !== null) return boardNumber(score, isShare);
  return range ? range.map((end) => boardNumber(end, isShare)).join("–") : WORDS[language].withheld;
}

/** Where a row's bars end. */
export const mostOf = (row: BoardRow): number =>
  isShareRow(row) ? 1 : Math.max(1e-9, ...row.cells.map(({ interval }) => interval?.[1] ?? 0)) * 1.05;

/** How a row was measured: metric, filter, way of asking. */
function measureOf({ metric, filter, asked, lessIsBetter }: BoardRow, language: BoardLanguage): string {
  const words = WORDS[language];
  const own = [metric, ...(filter === "none" ? [] : [filter]), words[asked]];
  return own.concat(lessIsBetter ? words.less : []).join(", ");
}

/** A row's task and measure in one line. */
export const rowTitle = (row: BoardRow, language: BoardLanguage): string =>
  `${row.alias}  ${measureOf(row, language)}`;

/**
 * The page.
 *
 * other  the name of the page in the other language beside it
 */
export function boardPage(board: Board, language: BoardLanguage, other?: string): string {
  const words = WORDS[language];
  const sections = board.rows.map((row) => {
    const shown = { isShare: isShareRow(row), most: mostOf(row), language };
    return `<section><h2>${escapeHtml(row.alias)} <small>${escapeHtml(measureOf(row, language))}</small></h2>
${sortedCells(row)
  .map((cell) => cellLine(cell, shown))
  .join("\n")}</section>`;
  });
  return `<!doctype html>
<html lang="${language === "zh" ? "zh-CN" : "en"}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${words.title}</title><style>${STYLE}</style></head>
<body><h1>${words.title}${other === undefined ? "" : otherLink(language, other)}</h1><p class="soft">${words.note}</p>
${sections.join("\n")}${leftSection(board, words)}
</body></html>
`;
}

function otherLink(language: BoardLanguage, page: string): string {
  const [name, lang] = language === "zh" ? ["English", "en"] : ["中文", "zh-CN"];
  return ` <small><a lang="${lang}" href="${encodeURI(page)}">${name}</a></small>`;
}

function leftSection({ left }: Board, words: Words): string {
  if (left.length === 0) return "";
  const lines = left.map(({ model, task, why }) => `<li>${escapeHtml(`${model}, ${task}: ${why}`)}</li>`);
  return `\n<section><h2>${words.left}</h2><ul class="soft">${lines.join("")}</ul></section>`;
}

function cellLine(
  cell: BoardCell,
  { isShare, most, language }: { isShare: boolean; most: number; language: BoardLanguage },
): string {
  const words = WORDS[language];
  const { model, n, failed, ranks, notExtracted, extractionsDiffer, seconds, cost } = cell;
  const facts = [`n ${n}`];
  if (failed > 0) facts.push(`${words.failed} ${failed}`);
  if (notExtracted > 0) facts.push(`${words.none} ${boardNumber(notExtracted, true)}`);
  if (extractionsDiffer) facts.push(`${words.differ} ${extractionsDiffer}`);
  if (seconds !== undefined) facts.push(`${seconds.toPrecision(2)} s`);
  if (cost) facts.push(`${cost.amount.toPrecision(2)} ${cost.currency}`);
  return `<div class="cell"><span class="model">${escapeHtml(model)} <small class="soft">${escapeHtml(facts.join(" · "))}</small></span>
<span class="number">${rankText(ranks)}</span><span class="number">${escapeHtml(scoreText(cell, isShare, language))}</span>${bar(cell, most)}</div>`;
}

function bar({ score, range, interval }: BoardCell, most: number): string {
  if (!interval) return "<span></span>";
  const [low, high] = interval;
  const [from, to] = range ?? [score ?? low, score ?? low];
  const x = (value: number) => (100 * Math.max(0, value)) / most;
  const label = `${low.toPrecision(3)} – ${high.toPrecision(3)}`;
  const rect = (start: number, end: number, least: number, rest: string) =>
    `<rect x="${Math.min(start, 100 - least).toFixed(2)}" width="${Math.max(least, end - start).toFixed(2)}" ${rest} fill="var(--bar)"/>`;
  return `<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${label}">
<line x1="0" y1="5" x2="100" y2="5" stroke="var(--line)" stroke-width="1"/>
${rect(x(low), x(high), 0, 'y="3" height="4" opacity=".35"')}
${rect(x(from), x(to), 0.6, 'y="1" height="8"')}</svg>`;
}
