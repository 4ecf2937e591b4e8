// A report as one HTML page without scripts: a claim opens its fact, a fact shows its evidence.
import type { Part, Report } from "./report.ts";
import { wordsOf } from "./report-words.ts";
import { anchorOf, detailsOf, notices, rawValue } from "./to-markdown.ts";

const STYLE =
  "body{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}" +
  "a{color:#0645ad;text-underline-offset:.2em}blockquote{margin:1rem 0;padding-left:1rem;border-left:3px solid #999}" +
  "code{font-size:.85em;white-space:pre-wrap;overflow-wrap:anywhere}section:target{outline:2px solid #0645ad;outline-offset:.3rem}" +
  "dt{font-weight:600}dd{margin:0 0 .3rem 1rem}@media(prefers-color-scheme:dark){body{color:#eee;background:#121212}a{color:#8ab4f8}}";

export function toHtml(report: Report): string {
  const words = wordsOf(report.language);
  const anchors = new Map(report.facts.map(({ key }, at) => [key, `fact-${at + 1}`]));
  const inline = (part: Part): string => {
    if (typeof part === "string") return plain(part);
    if ("label" in part) return plain(part.text);
    const anchor = anchorOf(part.from, report.facts, anchors);
    return anchor === undefined ? plain(part.text) : `<a href="#${anchor}">${plain(part.text)}</a>`;
  };
  const facts = report.facts.map((fact, at) => {
    const evidence = fact.evidence.map((each) => {
      const rows = detailsOf(each).map(
        ([name, value]) => `<dt>${name}</dt><dd><code>${plain(value)}</code></dd>`,
      );
      return `<dl>${rows.join("")}</dl>`;
    });
    const head = `<h3>${plain(fact.key)}</h3><p><code>${plain(rawValue(fact))}</code> ${plain(fact.unit)}</p>`;
    return `<section id="fact-${at + 1}">${head}${evidence.join("")}</section>`;
  });
  const parts = [
    `<h1>${words.report}</h1>`,
    report.request === undefined ? "" : `<blockquote>${plain(report.request)}</blockquote>`,
    ...report.sentences.map(({ parts }) => `<p>${parts.map(inline).join("")}</p>`),
    ...notices(report).map(
      ({ title, items }) =>
        `<h2>${title}</h2><ul>${items.map((item) => `<li>${plain(item)}</li>`).join("")}</ul>`,
    ),
    `<h2>${words.evidence}</h2>`,
    ...facts,
    `<footer>${words.level}: ${plain(report.level)}</footer>`,
  ];
  const lang = report.language === "zh" ? "zh-CN" : "en";
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${words.report}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="${lang}"><head>${head}</head>\n<body>\n${parts.filter((part) => part !== "").join("\n")}\n</body></html>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const plain = (text: string): string => text.replace(/[&<>"]/g, (sign) => ENTITIES[sign]);
