// The words of the view of costs, in Chinese and English.
import type { HostingVerdict, Verdict } from "../../../src/plan/index.ts";

const zh = {
  title: "费用与回报",
  about: "花多少、赚多少、能不能用。每个数都能点开，看到公式与出处；没有给出的，列为假定。",
  plans: { roi: "人还是模型", serve: "推理", train: "训练", may: "许可" },
  plansLabel: "问什么",
  example: "开头的数字只是一个例子，请换成你自己的。",
  inputs: "输入",
  model: "模型",
  byNumbers: "按数字给出",
  device: "加速器",
  noDevice: "未选",
  weights: "权重类型",
  asUsual: "通常（BF16）",
  currency: "货币",
  kind: (number: number) => `第 ${number} 类工作`,
  kindName: "这类工作的名称",
  addKind: "再加一类工作",
  removeKind: "去掉这一类",
  range: "给出范围",
  thumbs: { low: "最低", value: "最可能", high: "最高" },
  wrongEntry: "请写一个数，或 低..最可能..高",
  noSource: "无出处",
  source: "出处",
  date: "日期",
  unknown: "未知",
  none: "没有",
  verdict: "结论",
  copyLink: "复制链接",
  copied: "链接已复制，整个方案都在里面。",
  save: "存为 JSON",
  print: "打印成一页",
  reset: "换回例子",
  figure: "变动时如何",
  over: "横轴",
  figureLabel: (lines: string, over: string) => `${lines}，随${over}变化`,
  figureNote: (over: string, unit: string, now: string) =>
    `横轴：${over}${unit ? `（${unit}）` : ""}；竖线是现在的 ${now}，浅色是给出的范围。`,
  spread: (of: string) => `${of}：会落在哪里`,
  quantile: (part: string) => `${part} 的情形低于`,
  draws: (count: string, seed: number) => `${count} 次抽样，种子 ${seed}，每次相同。`,
  loss: (part: string) => `亏损的概率 ${part}`,
  matters: "最要紧的三项输入",
  mattersNote: "各自单独解释的方差（一阶 Sobol 指数）。",
  results: "结果",
  resultsNote: "点开看公式与出处。",
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
  failed: "算不出",
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
  training: (days: string, cost: string) => `${days}，${cost}。`,
  incomplete: (missing: readonly string[]) => `还算不出：缺少${missing.join("、")}。`,
  noPlan: "这些 GPU 放不下：没有可行的切分。",
  question: "用文字提问",
  questionExample: "我们能商用 Grok-1 吗？",
  ask: "提问",
  notNamed: "问题里没有图鉴中的模型或许可，请在下面选择。",
  unread: "未能理解",
  leaveOut: "与此无关，去掉",
  uses: "模型或许可",
  addUse: "再加一个",
  removeUse: (name: string) => `去掉 ${name}`,
  action: "做什么",
  facts: "已知的情况",
  askedFor: "还需要知道",
  conditions: "条件",
  clauses: "条款",
  notes: "说明",
  yes: "是",
  no: "否",
  notSaid: "未说明",
  because: "原因",
  readOn: (date: string) => `读于 ${date}`,
  copyOf: (date: string) => `存本 ${date}`,
};

const en: typeof zh = {
  title: "Costs and returns",
  about:
    "What it costs, what it earns, may I use it. Every number opens to its formula and source; what nobody gave is listed as assumed.",
  plans: { roi: "People or model", serve: "Serving", train: "Training", may: "Licences" },
  plansLabel: "What is asked",
  example: "The numbers to begin with are an example: put yours in their place.",
  inputs: "Inputs",
  model: "Model",
  byNumbers: "by numbers",
  device: "Accelerator",
  noDevice: "none chosen",
  weights: "Type of weights",
  asUsual: "as usual (BF16)",
  currency: "Currency",
  kind: (number) => `Kind of work ${number}`,
  kindName: "Name of this kind of work",
  addKind: "Add a kind of work",
  removeKind: "Remove this kind",
  range: "as a range",
  thumbs: { low: "lowest", value: "likeliest", high: "highest" },
  wrongEntry: "Write a number, or low..likely..high",
  noSource: "no source",
  source: "source",
  date: "date",
  unknown: "unknown",
  none: "none",
  verdict: "Verdict",
  copyLink: "Copy link",
  copied: "The link is copied; it holds the whole scenario.",
  save: "Save as JSON",
  print: "Print to one sheet",
  reset: "Back to the example",
  figure: "What moves",
  over: "Over",
  figureLabel: (lines, over) => `${lines}, over ${over}`,
  figureNote: (over, unit, now) =>
    `Over ${over}${unit ? ` (${unit})` : ""}; the line is where it stands, ${now}; its range is shaded.`,
  spread: (of) => `Where it may fall: ${of}`,
  quantile: (part) => `${part} of cases lie below`,
  draws: (count, seed) => `${count} draws, seed ${seed}: the same each time.`,
  loss: (part) => `probability of loss ${part}`,
  matters: "The three inputs that matter most",
  mattersNote: "The variance that each explains alone (first-order Sobol index).",
  results: "Results",
  resultsNote: "Open one to see its formula and source.",
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
  failed: "This cannot be counted",
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
  training: (days, cost) => `${days}, ${cost}.`,
  incomplete: (missing) => `Cannot be counted yet: ${missing.join(", ")} missing.`,
  noPlan: "It does not fit these GPUs: no way to divide it works.",
  question: "Ask in words",
  questionExample: "May we sell a fine-tuned Llama 3.1?",
  ask: "Ask",
  notNamed: "The question names no model or licence of the catalogue; choose one below.",
  unread: "Not understood",
  leaveOut: "It does not matter: leave it out",
  uses: "Models or licences",
  addUse: "Add another",
  removeUse: (name) => `Remove ${name}`,
  action: "What is done",
  facts: "What is known",
  askedFor: "What must be known",
  conditions: "Conditions",
  clauses: "Clauses",
  notes: "Notes",
  yes: "yes",
  no: "no",
  notSaid: "not said",
  because: "Why",
  readOn: (date) => `read ${date}`,
  copyOf: (date) => `copy of ${date}`,
};

export const costWords = { zh, en };
