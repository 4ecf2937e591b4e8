// The board as one SVG, for documents and slides: light or dark as its reader is.
import type { Board } from "./board.ts";
import {
  type BoardLanguage,
  COLOURS,
  escapeHtml,
  isShareRow,
  mostOf,
  rankText,
  rowTitle,
  scoreText,
  sortedCells,
} from "./board-page.ts";

const WIDTH = 720;
const LINE = 22;
/** Where bars begin and how wide they are. */
const BAR = { from: 400, width: 300 };

/** Each task with a line for each model: rank, score, and the interval as a bar. */
export function boardSvg(board: Board, language: BoardLanguage): string {
  const parts: string[] = [];
  let y = 0;
  const text = (x: number, content: string, extra = "") =>
    parts.push(`<text x="${x}" y="${y}"${extra}>${escapeHtml(content)}</text>`);
  for (const row of board.rows) {
    y += LINE * 1.5;
    text(10, rowTitle(row, language), ' class="task"');
    const most = mostOf(row);
    const at = (value: number): number => BAR.from + (BAR.width * Math.max(0, value)) / most;
    for (const cell of sortedCells(row)) {
      const { model, ranks, score, range, interval } = cell;
      y += LINE;
      text(10, model.length > 28 ? `${model.slice(0, 27)}…` : model);
      text(290, rankText(ranks), ' class="number"');
      text(385, scoreText(cell, isShareRow(row), language), ' class="number"');
      if (!interval) continue;
      const [low, high] = interval.map(at);
      const [from, to] = (range ?? [score ?? 0, score ?? 0]).map(at);
      parts.push(`<path d="M${BAR.from} ${y - 5}h${BAR.width}" class="line"/>
<rect x="${low.toFixed(1)}" y="${y - 10}" width="${(high - low).toFixed(1)}" height="10" class="bar" opacity=".35"/>
<rect x="${(from - 1).toFixed(1)}" y="${y - 12}" width="${(to - from + 2).toFixed(1)}" height="14" class="bar"/>`);
    }
  }
  const height = y + LINE;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<style>${COLOURS}
svg { background: var(--paper); } text { font: 14px system-ui, "Noto Sans SC", sans-serif; fill: var(--ink); }
.task { font-weight: 600; } .number { text-anchor: end; } .line { stroke: var(--line); } .bar { fill: var(--bar); }</style>
${parts.join("\n")}
</svg>
`;
}
