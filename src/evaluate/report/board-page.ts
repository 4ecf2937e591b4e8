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
    note: "Bars are intervals of 95%. Ranks are ranges: models that the documents cannot tell apart (paired tests, Holm) share them. Seconds and cost are of a document.",
    PPL: "by likelihood",
    generation: "by generation",
    circular: "right with its options in every order",
    differ: "extractions differ",
  },
  zh: {
    title: "榜",
    task: "任务",
    less: "越小越好",
    none: "未得答案",
    note: "横条为 95% 区间。名次为范围：文档分不出高下的模型（配对检验，Holm 校正）并列。秒数与费用以一题计。",
    PPL: "按似然",
    generation: "按生成",
    circular: "选项循环，次次答对",
    differ: "提取结果不同",
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
.model { overflow-wrap: anywhere; }
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
  !lessIsBetter && cells.every(({ interval: [low, high] }) => low >= 0 && high <= 1);

/** "1", or "1–3" where several ranks are possible. */
export const rankText = ([best, worst]: BoardCell["ranks"]): string =>
  best === worst ? `${best}` : `${best}–${worst}`;

/** The best first. */
export const sortedCells = ({ cells, lessIsBetter }: BoardRow): BoardCell[] =>
  [...cells].sort((a, b) => (lessIsBetter ? a.score - b.score : b.score - a.score));

/** Where a row's bars end. */
export const mostOf = (row: BoardRow): number =>
  isShareRow(row) ? 1 : Math.max(...row.cells.map(({ interval }) => interval[1])) * 1.05;

/** How a row was measured: metric, filter, way of asking. */
function measureOf({ metric, filter, asked, lessIsBetter }: BoardRow, language: BoardLanguage): string {
  const words = WORDS[language];
  const own = [metric, ...(filter === "none" ? [] : [filter]), words[asked]];
  return own.concat(lessIsBetter ? words.less : []).join(", ");
}

/** A row's task and measure in one line. */
export const rowTitle = (row: BoardRow, language: BoardLanguage): string =>
  `${row.alias}  ${measureOf(row, language)}`;

/** The page. */
export function boardPage(board: Board, language: BoardLanguage): string {
  const words = WORDS[language];
  const sections = board.rows.map((row) => {
    const shown = { isShare: isShareRow(row), most: mostOf(row), words };
    return `<section><h2>${escapeHtml(row.alias)} <small>${escapeHtml(measureOf(row, language))}</small></h2>
${sortedCells(row)
  .map((cell) => cellLine(cell, shown))
  .join("\n")}</section>`;
  });
  return `<!doctype html>
<html lang="${language === "zh" ? "zh-CN" : "en"}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${words.title}</title><style>${STYLE}</style></head>
<body><h1>${words.title}</h1><p class="soft">${words.note}</p>
${sections.join("\n")}
</body></html>
`;
}

function cellLine(
  cell: BoardCell,
  { isShare, most, words }: { isShare: boolean; most: number; words: Words },
): string {
  const { model, score, interval, n, ranks, notExtracted, extractionsDiffer, seconds, cost } = cell;
  const facts = [`n ${n}`];
  if (notExtracted > 0) facts.push(`${words.none} ${boardNumber(notExtracted, true)}`);
  if (extractionsDiffer) facts.push(`${words.differ} ${extractionsDiffer}`);
  if (seconds !== undefined) facts.push(`${seconds.toPrecision(2)} s`);
  if (cost) facts.push(`${cost.amount.toPrecision(2)} ${cost.currency}`);
  return `<div class="cell"><span class="model">${escapeHtml(model)} <small class="soft">${escapeHtml(facts.join(" · "))}</small></span>
<span class="number">${rankText(ranks)}</span><span class="number">${boardNumber(score, isShare)}</span>${bar(score, interval, most)}</div>`;
}

function bar(score: number, [low, high]: BoardCell["interval"], most: number): string {
  const x = (value: number) => ((100 * Math.max(0, value)) / most).toFixed(2);
  const label = `${low.toPrecision(3)} – ${high.toPrecision(3)}`;
  return `<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${label}">
<line x1="0" y1="5" x2="100" y2="5" stroke="var(--line)" stroke-width="1"/>
<rect x="${x(low)}" y="3" width="${x(high - Math.max(0, low))}" height="4" fill="var(--bar)" opacity=".35"/>
<rect x="${x(score)}" y="1" width="0.6" height="8" fill="var(--bar)"/></svg>`;
}
