// The words around a plan's answer, in Chinese and English: headings, origins, verdicts.
import type { HostingVerdict, Verdict } from "./money/verdict.ts";

const zh = {
  unknown: "未知",
  none: "没有",
  verdict: "结论",
  quantile: (part: string) => `${part} 的情形低于`,
  matters: "最要紧的三项输入",
  assumed: "没有人说，因而假定",
  missing: "缺少",
  warnings: "请注意",
  origins: {
    given: "由提问者给出",
    published: "公布的数",
    rumour: "传闻",
    measured: "实测",
    defined: "定义",
    assumed: "假定",
    unknown: "未知",
  },
  fromTo: (low: string, high: string) => `，${low} 至 ${high}`,
  plansFit: (fit: number, all: number) => `${all} 种切分中，${fit} 种可行。`,
  colon: "：",
  who: (verdict: Verdict, nameOf: (name: string) => string): string => {
    if (verdict.kind === "model") return "交给模型。";
    if (verdict.kind === "people")
      return /saves nothing/.test(verdict.why)
        ? "由人来做：模型做一件并不节省，用量再大也无益。"
        : "由人来做：按此用量，节省抵不过固定费用。";
    if (verdict.kind === "both")
      return `两者都要：模型做${verdict.model.join("、")}，人做${verdict.people.join("、")}。`;
    return `说不准：请先量一量「${nameOf(verdict.measure)}」。`;
  },
  where: (verdict: HostingVerdict, nameOf: (name: string) => string): string => {
    if (verdict.kind === "self") return "自建更便宜。";
    if (verdict.kind === "api")
      return verdict.reachable ? "用 API 更便宜。" : "用 API：机器满负荷也达不到保本点。";
    if (verdict.kind === "does-not-fit")
      return `放不下：这台机器同时容纳 ${verdict.held} 个序列，而要求 ${verdict.asked} 个。请加 GPU、换小些的权重类型，或减少并发。`;
    return `说不准：请先量一量「${nameOf(verdict.measure)}」。`;
  },
  noPlan: "这些 GPU 放不下：没有可行的切分。",
};

const en: typeof zh = {
  unknown: "unknown",
  none: "none",
  verdict: "Verdict",
  quantile: (part) => `${part} of cases lie below`,
  matters: "The three inputs that matter most",
  assumed: "Assumed, since nobody said",
  missing: "Missing",
  warnings: "Mind",
  origins: {
    given: "given by who asks",
    published: "published",
    rumour: "a rumour",
    measured: "measured",
    defined: "a definition",
    assumed: "assumed",
    unknown: "unknown",
  },
  fromTo: (low, high) => `, ${low} to ${high}`,
  plansFit: (fit, all) => `${fit} of ${all} ways to divide it over the GPUs work.`,
  colon: ": ",
  who: (verdict, nameOf) => {
    if (verdict.kind === "model") return "Let the model do it.";
    if (verdict.kind === "people") return `Let people do it: ${verdict.why}.`;
    if (verdict.kind === "both")
      return `Both: the model does ${verdict.model.join(", ")}, people do ${verdict.people.join(", ")}.`;
    return `Can't tell: measure ${nameOf(verdict.measure)} first.`;
  },
  where: (verdict, nameOf) => {
    if (verdict.kind === "self") return "A machine of your own is cheaper.";
    if (verdict.kind === "api")
      return verdict.reachable
        ? "The API is cheaper."
        : "The API: break-even is more than the machine can make.";
    if (verdict.kind === "does-not-fit")
      return `It does not fit: the machine holds ${verdict.held} sequences at once, and ${verdict.asked} are asked for. Take more GPUs, a smaller type of weights, or fewer at once.`;
    return `Can't tell: measure ${nameOf(verdict.measure)} first.`;
  },
  noPlan: "It does not fit these GPUs: no way to divide it works.",
};

export const answerWords = { zh, en };
