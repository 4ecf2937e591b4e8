// The words of a report that are the same in each.
import type { Language } from "./report.ts";

const WORDS = {
  zh: {
    report: "报告",
    evidence: "证据",
    blocked: "被拦下的句子",
    sentence: "一个句子，字数",
    missing: "没有得出的数",
    failures: "失败的步骤",
    dropped: "第三方回答中不在约定内、已略去的字段",
    flagged: "数据中对系统说话的文字，只作数据，未予采用",
    level: "写作方式",
  },
  en: {
    report: "Report",
    evidence: "Evidence",
    blocked: "Sentences that were blocked",
    sentence: "a sentence, characters",
    missing: "Facts that there are not",
    failures: "Steps that failed",
    dropped: "Fields of third parties' answers outside their schema, left out",
    flagged: "Texts of the data that speak to the system, kept as data and left out",
    level: "Written by",
  },
} as const;

export const wordsOf = (language: Language) => WORDS[language];
