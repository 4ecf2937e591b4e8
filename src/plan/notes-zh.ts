// Reasons and warnings of plans in Chinese, by their English texts.

const notes: Readonly<Record<string, string>> = {
  "not given": "未给出",
  "social security, desk, management; yours differ": "社保、工位、管理；各家不同",
  "published runs reach 0.16 to 0.48 (baimo plan runs lists them); measure yours":
    "公开的训练达到 0.16 至 0.48（见 baimo plan runs）；请实测自己的",
  "Llama 3.1 405B had over 0.9 (arXiv 2407.21783 §3.3.4)":
    "Llama 3.1 405B 超过 0.9（arXiv 2407.21783 §3.3.4）",
  "a usual context of pre-training": "预训练常用的上下文",
  "a usual batch of pre-training: 4 million tokens at 4,096": "预训练常用的批：长 4,096 时共四百万词元",
  "a question with some context": "带些上文的一问",
  "an answer of a paragraph or two": "一两段的回答",
  "one request at a time": "一次一个请求",
  "prompts reach 0.3 to 0.5 in common servers; measure yours":
    "常见服务的提示处理达到 0.3 至 0.5；请实测自己的",
  "a roofline is a bound; servers reach a third to most of it; --measured takes yours":
    "屋顶线只是上限，服务达到其三分之一至大部分；--measured 可用自己的实测",
  "read it from your server's log: it decides": "请从自己的服务日志读取：它起决定作用",
  "one device": "一台设备",
  "weights in BF16, as most are published": "权重为 BF16，多数模型如此发布",
  "a person's patience": "人的耐心",
  "in the price of the hour": "已含在每小时价格里",
  "above 1: not reachable, whatever the volume": "大于 1：用量再大也达不到",
  "what is not accepted is done again by people; wrong answers that were accepted cost":
    "未采纳的由人重做；误采纳的错误要付代价",
  "none where a task saves nothing: then no volume helps, and people should do it":
    "每任务不节省时没有：用量再大也无益，应由人来做",
  "as many as heads, where nothing is said": "未说明时与注意力头数相同",
  "a dense model": "稠密模型",
  "constants of a GPT block with dropout and kept scores; a gated MLP or fused attention keeps less":
    "按带 dropout、保留注意力分数的 GPT 层；门控 MLP 或融合注意力更少",
  "with 1F1B the first stage keeps as many microbatches as there are stages":
    "1F1B 下第一段保留与段数相同的微批",
  "without attention's own products and without recomputation": "不含注意力本身的乘积与重算",
  "published hours may cover more than the final run": "公布的时数可能不止最终一次训练",
  "the final run alone: no trials, no people, no storage": "只计最终一次训练：不含试验、人员与存储",
  "an upper bound, not a forecast": "上限，不是预测",
  "experts that a batch meets, if every expert is equally likely": "假定各专家概率相同时，一批所用的专家",
  "layers and heads are not known; open the checkpoint": "层数与头数未知；请打开模型文件",
  "the source has no such figure": "出处没有这个数",
  "as much as is put in": "取决于装了多少",
};

/** Texts with a name or a number in them. */
const forms: readonly (readonly [form: RegExp, text: (...parts: string[]) => string])[] = [
  [/^the catalogue has none for (.+)$/, (model) => `图鉴没有 ${model} 的这项数据`],
  [
    /^taken to be the (.+)'s: /,
    (device) => `取作 ${device} 的数值：据说出口版仅互联不同（400 GB/s）；未见其数据表`,
  ],
];

/** A note or a reason in Chinese; the English text where there is none. */
export function chineseNote(note: string): string {
  if (Object.hasOwn(notes, note)) return notes[note];
  for (const [form, text] of forms) {
    const found = form.exec(note);
    if (found) return text(...found.slice(1));
  }
  return note;
}

const warnings: typeof forms = [
  [/^(.+): no source and no date$/, (name) => `${name}：无出处，无日期`],
  [/^(.+): no date$/, (name) => `${name}：无日期`],
  [
    /^(.+): (\d+) days old \((.+)\); look it up again$/,
    (name, days, date) => `${name}：${date} 的价格，已过 ${days} 天，请重新查证`,
  ],
  [/^(.+) rests on a rumour$/, (name) => `${name}：依据传闻`],
];

/**
 * A warning in Chinese; the English text where there is none.
 *
 * nameOf  a quantity's name in Chinese
 */
export function chineseWarning(warning: string, nameOf: (name: string) => string | undefined): string {
  for (const [form, text] of warnings) {
    const [, name, ...rest] = form.exec(warning) ?? [];
    if (name === undefined) continue;
    const [, base, of] = /^(.*?)(?: \((.*)\))?$/.exec(name) ?? [];
    const shown = nameOf(base) ?? base;
    return text(of === undefined || of === "the work" ? shown : `${shown}（${of}）`, ...rest);
  }
  return warning;
}
