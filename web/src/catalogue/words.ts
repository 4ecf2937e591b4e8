// The catalogue's words in Chinese and English, and how figures are written.
import type { Generation, Hardware, Known } from "../../../src/catalogue/catalogue.ts";
import { figureOf, sizesOf } from "../../../src/catalogue/catalogue.ts";
import type { Language } from "../language.ts";

const zh = {
  title: "开放模型图鉴",
  about: "每个数字都有出处；找不到出处的，写“不详”。",
  all: "全部模型",
  search: "搜索名称、开发者、国家、语言、许可",
  use: "用途",
  anyUse: "任何许可",
  commercialUse: "可商用（含附条件）",
  freeUse: "可自由商用",
  open: "完全开放",
  size: "大小",
  anySize: "任何大小",
  sizes: ["30 亿以下", "30 亿至 150 亿", "150 亿至 800 亿", "800 亿以上"],
  order: "排序",
  orders: { date: "最新在前", name: "按名称", size: "最大在前" },
  runs: "可在此运行",
  count: (count: number) => `${count} 个条目`,
  none: "没有这样的模型。放宽条件试试。",
  aspects: { weights: "权重", code: "代码", data: "数据", logs: "日志" },
  grades: { yes: "开放", partly: "部分", no: "不开放", unknown: "不详" },
  unknown: "不详",
  parameters: "参数",
  active: "激活",
  released: "发布",
  tokens: "训练词元",
  hardware: "硬件",
  cost: "费用",
  context: "上下文",
  languages: "语言",
  licence: "许可",
  kind: "类型",
  kinds: { dense: "稠密", moe: "混合专家" },
  experts: "专家",
  expertsOf: (count: number, each: number, shared = 0) =>
    `${count} 个${shared ? `，另 ${shared} 个共享` : ""}，每词元 ${each} 个`,
  shape: "结构",
  shapes: { decoder: "解码器", "encoder-decoder": "编码器-解码器" },
  attention: "注意力",
  attentions: { MHA: "MHA", MQA: "MQA", GQA: "GQA", MLA: "MLA", hybrid: "混合" },
  position: "位置",
  positions: {
    RoPE: "RoPE",
    ALiBi: "ALiBi",
    learned: "学习得到",
    relative: "相对位置桶",
    mixed: "依大小而异",
  },
  vocabulary: "词表",
  openness: "开放程度",
  framework: "开放框架（MOF）",
  frameworkClass: (level: number | null, opened: number, all: number) =>
    `${level === null ? "未查证" : `第 ${level} 类`}（${all} 项中打开过 ${opened} 项）`,
  notOpen: "（许可不开放）",
  lacks: (level: number, names: readonly string[]) => `第 ${level} 类尚缺：${names.join("、")}`,
  components: {
    architecture: "模型结构",
    parameters: "权重",
    "technical-report": "技术报告",
    "evaluation-results": "评测结果",
    "model-card": "模型卡",
    "data-card": "数据卡",
    "training-code": "训练代码",
    "inference-code": "推理代码",
    "evaluation-code": "评测代码",
    "evaluation-data": "评测数据",
    "supporting-libraries": "所用的库",
    "research-paper": "论文",
    datasets: "数据集",
    "preprocessing-code": "预处理代码",
    "intermediate-parameters": "中间权重",
  },
  architecture: "结构",
  training: "训练",
  claims: "说法与查证",
  verdicts: { confirmed: "属实", partly: "部分属实", differs: "出处不同", press: "仅见于报道" },
  conditions: "许可条件",
  commercial: { yes: "可商用", conditions: "附条件可商用", no: "不可商用", unknown: "不详" },
  licenceText: "许可全文",
  notAdvice: "以上为便于选择的概括，不是法律意见；使用前请阅读全文。",
  links: "链接",
  sources: "出处",
  read: (date: string, copy?: string) => (copy ? `${date} 读取，存本 ${copy}` : `${date} 读取`),
  devices: (count: string, name: string) => `${count} × ${name}`,
  hours: (hours: string) => `${hours} 卡时`,
  days: (days: string) => `${days} 天`,
  notYet: "尚不能运行",
  yes: "可以",
  noFamily: "图鉴里没有这个模型。",
  source: (number: number) => `出处 ${number}`,
};

const en: typeof zh = {
  title: "Catalogue of open models",
  about: "Every figure has a source; where none was found it says “unknown”.",
  all: "All models",
  search: "Search names, makers, countries, languages, licences",
  use: "Use",
  anyUse: "Any licence",
  commercialUse: "Commercial use, also on conditions",
  freeUse: "Free commercial use",
  open: "Wholly open",
  size: "Size",
  anySize: "Any size",
  sizes: ["Below 3B", "3B to 15B", "15B to 80B", "Above 80B"],
  order: "Order",
  orders: { date: "Newest first", name: "By name", size: "Largest first" },
  runs: "Runs here",
  count: (count) => (count === 1 ? "1 entry" : `${count} entries`),
  none: "No model is like that. Ask for less.",
  aspects: { weights: "Weights", code: "Code", data: "Data", logs: "Logs" },
  grades: { yes: "open", partly: "in part", no: "closed", unknown: "unknown" },
  unknown: "unknown",
  parameters: "Parameters",
  active: "active",
  released: "Released",
  tokens: "Training tokens",
  hardware: "Hardware",
  cost: "Cost",
  context: "Context",
  languages: "Languages",
  licence: "Licence",
  kind: "Kind",
  kinds: { dense: "dense", moe: "mixture of experts" },
  experts: "Experts",
  expertsOf: (count, each, shared = 0) => `${count}${shared ? ` and ${shared} shared` : ""}, ${each} a token`,
  shape: "Shape",
  shapes: { decoder: "decoder", "encoder-decoder": "encoder-decoder" },
  attention: "Attention",
  attentions: { MHA: "MHA", MQA: "MQA", GQA: "GQA", MLA: "MLA", hybrid: "hybrid" },
  position: "Position",
  positions: {
    RoPE: "RoPE",
    ALiBi: "ALiBi",
    learned: "learned",
    relative: "relative buckets",
    mixed: "by size",
  },
  vocabulary: "Vocabulary",
  openness: "Openness",
  framework: "Openness framework",
  frameworkClass: (level, opened, all) =>
    `${level === null ? "not verified" : `class ${level}`} (${opened} of ${all} artefacts opened)`,
  notOpen: "(not open)",
  lacks: (level, names) => `class ${level} lacks ${names.join(", ")}`,
  components: {
    architecture: "architecture",
    parameters: "parameters",
    "technical-report": "technical report",
    "evaluation-results": "evaluation results",
    "model-card": "model card",
    "data-card": "data card",
    "training-code": "training code",
    "inference-code": "inference code",
    "evaluation-code": "evaluation code",
    "evaluation-data": "evaluation data",
    "supporting-libraries": "supporting libraries",
    "research-paper": "research paper",
    datasets: "datasets",
    "preprocessing-code": "preprocessing code",
    "intermediate-parameters": "intermediate parameters",
  },
  architecture: "Architecture",
  training: "Training",
  claims: "Claims, checked",
  verdicts: {
    confirmed: "confirmed",
    partly: "partly",
    differs: "the sources differ",
    press: "reported by the press",
  },
  conditions: "Terms of the licence",
  commercial: {
    yes: "commercial use",
    conditions: "commercial use on conditions",
    no: "no commercial use",
    unknown: "commercial use unknown",
  },
  licenceText: "The licence itself",
  notAdvice: "A summary that helps to choose, not legal advice: read the licence before you depend on it.",
  links: "Links",
  sources: "Sources",
  read: (date, copy) => (copy ? `read ${date}, copy of ${copy}` : `read ${date}`),
  devices: (count, name) => `${count} × ${name}`,
  hours: (hours) => `${hours} device hours`,
  days: (days) => `${days} days`,
  notYet: "not yet",
  yes: "yes",
  noFamily: "The catalogue has no such model.",
  source: (number) => `source ${number}`,
};

/** The catalogue's words by language. */
export const catalogueWords = { zh, en };

/** How figures are written in a language. */
export function writersOf(language: Language) {
  const words = catalogueWords[language];
  const locale = language === "zh" ? "zh-Hans" : "en";
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumSignificantDigits: 4 });
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const dollars = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    notation: "compact",
    maximumSignificantDigits: 4,
  });
  const regions = new Intl.DisplayNames([locale], { type: "region" });
  const tongues = new Intl.DisplayNames([locale], { type: "language" });
  return {
    count: (value: number) => compact.format(value),
    whole: (value: number) => whole.format(value),
    country: (code: string) => regions.of(code) ?? code,
    languages: (codes: readonly string[]) =>
      codes.map((code) => tongues.of(code) ?? code).join(language === "zh" ? "、" : ", "),
    cost: ({ low, high }: { low: number; high: number }) =>
      low === high ? dollars.format(low) : `${dollars.format(low)} – ${dollars.format(high)}`,
    hardware: ({ accelerator, count, hours, days }: Hardware) =>
      [
        count === undefined ? accelerator : words.devices(whole.format(count), accelerator),
        hours === undefined ? "" : words.hours(whole.format(hours)),
        days === undefined ? "" : words.days(whole.format(days)),
      ]
        .filter(Boolean)
        .join(language === "zh" ? "，" : ", "),
    /** "7B – 70B", with the most active parameters where not all work. */
    size(generation: Generation) {
      const sizes = sizesOf(generation);
      if (!sizes) return words.unknown;
      const { low, high } = sizes;
      return low === high ? compact.format(high) : `${compact.format(low)} – ${compact.format(high)}`;
    },
    active(generation: Generation) {
      const counts = generation.variants
        .map(({ active }) => figureOf(active))
        .filter((count) => count !== undefined);
      return counts.length === 0 ? "" : `${compact.format(Math.max(...counts))} ${words.active}`;
    },
    /** A figure, or the word for unknown. */
    known: <T>(fact: Known<T> | undefined, write: (value: T) => string) => {
      const value = figureOf(fact);
      return value === undefined ? words.unknown : write(value);
    },
  };
}
