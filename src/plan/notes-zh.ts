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
  "above 100%: not reachable, whatever the volume": "大于 100%：用量再大也达不到",
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
  "M/M/c: independent arrivals, exponential service. A model server batches and is not M/M/c; measure before relying on it":
    "M/M/c：到达相互独立、服务时间为指数分布。模型服务会成批处理，并非 M/M/c；采信之前请实测",
  "none where requests arrive faster than they are served: the queue grows without end":
    "请求到达快于处理时没有：队列无限增长",
  "none: more than a million sequences at once would be needed": "没有：须同时处理一百万以上的序列",
  "convention: a tenth is kept for buffers, fragments and the runtime": "惯例：留一成给缓冲、碎片与运行时",
  "a multiplication and an addition (arXiv 2001.08361 §2.1)": "一次乘法与一次加法（arXiv 2001.08361 §2.1）",
  "a multiplication and an addition, once forward and twice backward (arXiv 2001.08361 §2.1)":
    "一次乘法与一次加法，前向一遍、反向两遍（arXiv 2001.08361 §2.1）",
  "scores and weighted sum, 2 each, of which the causal mask leaves half":
    "注意力分数与加权和各 2，因果掩码留下一半",
  "one alone": "单独一个",
  "the usual quantile of waiting": "等待时间常用的分位数",
  "which quantile is asked for": "所问的分位数",
  "definition of a million": "百万的定义",
  "definition of the unit": "单位的定义",
  definition: "定义",
  "16-bit weights and gradients; fp32 copy, two fp32 moments": "16 位权重与梯度；fp32 副本、两个 fp32 动量",
  "16-bit weights, fp32 gradients; fp32 copy, two fp32 moments":
    "16 位权重、fp32 梯度；fp32 副本、两个 fp32 动量",
  "16-bit weights and gradients; fp32 copy, two 8-bit moments": "16 位权重与梯度；fp32 副本、两个 8 位动量",
  "16-bit weights and gradients; fp32 copy, moments by rows and columns":
    "16 位权重与梯度；fp32 副本、按行列的动量",
  "16-bit weights and gradients; fp32 copy, one fp32 moment": "16 位权重与梯度；fp32 副本、一个 fp32 动量",
  "all fp32; two moments": "全部 fp32；两个动量",
  "all fp32; no state": "全部 fp32；无状态",
  "all fp32; one moment": "全部 fp32；一个动量",
  "8,760 hours a year / 12": "每年 8,760 小时 / 12",
  "attention keeps a key and a value (arXiv 1706.03762)": "注意力保存键与值各一（arXiv 1706.03762）",
  "convention: 20 days of 8 hours": "惯例：20 天，每天 8 小时",
  "one forward pass more: 8 N D beside 6 N D": "多一遍前向：8 N D 对 6 N D",
  "baimo bench measures one alone": "baimo bench 一次只测一个",
  "baimo bench measures one machine": "baimo bench 只测一台机器",
  "as much as is put in": "取决于装了多少",
  "no standard errors that its data bear out (arXiv 2404.10102); beside Besiroglu's for comparison":
    "没有其数据所支持的标准误（arXiv 2404.10102）；与 Besiroglu 的并列，供比较",
  "standard errors of the fit, by the delta method": "拟合的标准误，用 delta 方法",
  "central differences of the law": "对定律取中心差分",
  "the engine's own count, as baimo inspect shows it": "引擎自己的计数，即 baimo inspect 所示",
};

/** Texts with a name or a number in them. */
const forms: readonly (readonly [form: RegExp, text: (...parts: string[]) => string])[] = [
  [
    /^standard errors as published: (.+); covariances were not, /,
    (errors) => `标准误按公布的：${errors}；协方差未公布，少了它，预测的误差偏大`,
  ],
  [/^(.+): the checkpoint's own config and tensors$/, (model) => `${model}：模型文件自己的配置与张量`],
  [/^(.+): tokens and hours were never published$/, (model) => `${model}：词元与时数从未公布`],
  [/^the catalogue has none for (.+)$/, (model) => `图鉴没有 ${model} 的这项数据`],
  [/^((?:adam|ada|sgd|muon|lion)[\w-]+): (.+)$/, (optimiser, what) => `${optimiser}：${chineseNote(what)}`],
  [/^(F32|F16|Q8); scales of Q8 are left out$/, (type) => `${type}；未计 Q8 的缩放系数`],
  [
    /^(\w+): (\S+) bytes for (\d+) weights? \(ggml-common\.h\)$/,
    (type, bytes, weights) => `${type}：每 ${weights} 个权重 ${bytes} 字节（ggml-common.h）`,
  ],
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

/** Why a training cannot be divided so, and what it computes again. */
const reasons: Readonly<Record<string, string>> = {
  memory: "显存不足",
  "memory unknown": "显存未知",
  heads: "注意力头数除不尽",
  layers: "层数除不尽",
  experts: "专家数除不尽",
  "global batch": "全局批除不尽",
  none: "不重算",
  selective: "选择性重算",
  full: "全部重算",
};

/** The first reason against a division, or what is recomputed, in Chinese. */
export function chineseReason(reason: string): string {
  if (Object.hasOwn(reasons, reason)) return reasons[reason];
  const [, node, replicated] =
    /^tensor parallel beyond a node of (\d+)(, and KV heads replicated)?$/.exec(reason) ?? [];
  return node === undefined ? reason : `张量并行超出 ${node} 卡节点${replicated ? "，且 KV 头重复" : ""}`;
}

const warnings: typeof forms = [
  [
    /^measured was (.+) of (\S+) bytes, and the plan is of (\S+)$/,
    (model, bytes, planned) => `实测的是 ${model}（${bytes} 字节），而此处为 ${planned} 字节`,
  ],
  [/^faster than the bound: /, () => "快过上限：所给的带宽或峰值偏低"],
  [
    /^a request of (\S+) tokens is longer than the context of (.+), (\S+)$/,
    (tokens, model, context) => `一次请求 ${tokens} 词元，长于 ${model} 的上下文 ${context}`,
  ],
  [/^(.+): (\S+) is no day$/, (name, day) => `${name}：${day} 不是日期`],
  [/^(.+): of (\S+), which is yet to come$/, (name, day) => `${name}：日期 ${day} 尚未到来`],
  [/^(.+): no source and no date;/, (name) => `${name}：无出处，无日期；请写明，否则无人知道它是否仍然有效`],
  [/^(.+): no date;/, (name) => `${name}：无日期；请写明，否则无人知道它是否仍然有效`],
  [/^(.+): no source; say/, (name) => `${name}：无出处；请写明从何处读到`],
  [
    /^(.+): (\d+) days old \((.+)\); look it up again$/,
    (name, days, date) => `${name}：${date} 的价格，已过 ${days} 天，请重新查证`,
  ],
  [
    /^(extrapolates): (\S+) FLOPs lie outside (\S+) to (\S+), where the law "(.+)" stands on runs$/,
    (_, flops, low, high, law) =>
      `外推：${flops} FLOP 在 ${low} 至 ${high} 之外，定律“${law}”只在其间有训练为据`,
  ],
  [/^(besiroglu|hoffmann|own): (.+)$/, (law, errors) => `${law}：${chineseNote(errors)}`],
  [
    /^(no size) reaches a loss of (\S+): (.+)'s E is (\S+)$/,
    (_, loss, law, least) => `任何规模都达不到损失 ${loss}：${law} 的 E 为 ${least}`,
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
