// Sentences that a saved task may have for its report, of each kind of comparison and measure.
import type { SentenceTemplate } from "../src/dispatch/graph/task.ts";

export const templates: Readonly<Record<string, readonly SentenceTemplate[]>> = {
  "region-month": [
    {
      zh: "销售额 {sales_fen}，合 {sales_fen:万元}，共 {orders} 笔。",
      en: "Sales were {sales_fen} in {orders}.",
    },
  ],
  "year-on-year": [
    {
      when: "after_fen > before_fen",
      zh: "由 {before_fen} {上升|after_fen > before_fen}到 {after_fen}，增幅 {change}。",
      en: "Purchases {rose|after_fen > before_fen} from {before_fen} to {after_fen}, a change of {change}.",
    },
    {
      when: "after_fen < before_fen",
      zh: "由 {before_fen} {下降|after_fen < before_fen}到 {after_fen}。",
      en: "Purchases {fell|after_fen < before_fen} from {before_fen} to {after_fen}.",
    },
    { zh: "相差 {after_fen - before_fen:元}。", en: "The difference is {after_fen - before_fen:yuan}." },
  ],
  overdue: [
    {
      zh: "{orders} 笔，共 {open_fen}，{最大|largest_order}的是 {largest_order} 号。",
      en: "{orders} with {open_fen}; the {largest|largest_order} is {largest_order}.",
    },
  ],
  npl: [
    { zh: "不良率 {npl_ratio}，即 {npl_ratio:bp}。", en: "The ratio is {npl_ratio}, or {npl_ratio:bp}." },
  ],
  premise: [
    {
      when: "rose",
      zh: "五月{高于|may_fen > january_fen}一月：{may_fen}，{january_fen}。",
      en: "Sales {rose|rose} to {may_fen}.",
    },
  ],
  "compare-wait": [
    {
      zh: "均值 {mean_1} 与 {mean_2}，t 为 {t}，p 为 {p_value}。",
      en: "Means of {mean_1} and {mean_2}; t is {t}, p is {p_value}.",
    },
    {
      when: "mean_1 > mean_2",
      zh: "前者{更高|mean_1 > mean_2}。",
      en: "The former is {higher|mean_1 > mean_2}.",
    },
    {
      when: "mean_1 < mean_2",
      zh: "前者{更低|mean_1 < mean_2}。",
      en: "The former is {lower|mean_1 < mean_2}.",
    },
  ],
  "no-show": [{ zh: "{最高|worst}的是 {worst}。", en: "{worst} has the {highest|worst} rate." }],
};
