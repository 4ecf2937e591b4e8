// What a plan or a question about licences refuses, in Chinese, by the English message.
import { chineseName } from "./names-zh.ts";

/** Options of the library, by the quantities that they give. */
const options: Readonly<Record<string, string>> = {
  tasksPerMonth: "tasks a month",
  minutesPerTask: "minutes a task",
  hourlyWage: "wage",
  overhead: "overhead",
  modelCostPerTask: "cost of the model a task",
  acceptance: "acceptance",
  reviewMinutes: "minutes of review",
  errorRate: "rate of accepted errors",
  errorCost: "price of an error",
  fixedPerMonth: "fixed cost",
  promptTokens: "tokens of a prompt",
  answerTokens: "tokens of an answer",
  batch: "sequences at once",
  efficiency: "share of the bound that decoding reaches",
  mfu: "model FLOPs utilisation",
  utilisation: "utilisation over the month",
  requestsPerSecond: "requests a second",
  wait: "seconds that these may wait",
  price: "price of the machine",
  kilowatts: "power",
  tariff: "tariff",
  api: "price of the API",
  tokens: "tokens",
  gpus: "GPUs",
  goodput: "goodput",
  sequence: "tokens of a sequence",
  globalBatch: "sequences a step",
  parameters: "parameters",
  activeParameters: "parameters a token meets",
  numLayers: "layers",
  hiddenSize: "hidden size",
  numHeads: "heads",
  numKvHeads: "KV heads",
};
const others: Readonly<Record<string, string>> = {
  currency: "货币",
  accelerator: "加速器",
  weights: "权重类型",
  cache: "缓存类型",
  work: "工作",
  name: "名称",
  seed: "种子",
  draws: "抽样次数",
  optimiser: "优化器",
  model: "模型",
  zero: "ZeRO 阶段",
};

/** "work[1].acceptance.value" as "采纳率". */
function optionIn(path: string): string {
  const parts = path.split(".").map((part) => part.replace(/\[\d+\]$/, ""));
  const known = parts.findLast((part) => Object.hasOwn(options, part) || Object.hasOwn(others, part));
  if (known === undefined) return path;
  return others[known] ?? chineseName(options[known]) ?? path;
}

/** "a whole number from 1 to 1,000" as "1 至 1,000 的整数". */
function allowedIn(allowed: string): string {
  if (/^low, likely and high/.test(allowed)) return "依次为最低、最可能、最高";
  const [, size] = /^a (?:string|list) of (\S+ to \S+) (?:characters|values)/.exec(allowed) ?? [];
  if (size !== undefined) return `${size.replace(" to ", " 至 ")} 个`;
  const [number, whole, from, above, most] =
    /^an? (whole )?number(?: from (\S+)| above (\S+))?(?: to (\S+))?/.exec(allowed) ?? [];
  if (number === undefined) return allowed.replaceAll(/, | or /g, "、");
  const least = above === undefined ? from : `大于 ${above}`;
  const open = most === undefined && from !== undefined ? "不小于 " : "";
  return `${open}${[least, most].filter(Boolean).join(" 至 ")} 的${whole ? "整数" : "数"}`;
}

const forms: readonly (readonly [form: RegExp, text: (...parts: string[]) => string])[] = [
  [
    /(?:^|: )([\w.[\]]+) is (.+?)(?: \(a \w+\))?; allowed: (.+)$/,
    (option, found, allowed) =>
      `${optionIn(option)}为 ${found.replace("an empty array", "空")}；可为：${allowedIn(allowed)}`,
  ],
  [/option ([\w.[\]]+) is not known/, (option) => `不认识选项 ${option}；请换回例子，或去掉它`],
  [
    /(?:^|: )([\w.[\]]+) is missing(?:; it must be (.+)|,.* it must be (.+))$/,
    (option, one = "", other = "") => `缺少${optionIn(option)}；可为：${allowedIn(one || other)}`,
  ],
  [
    /^the catalogue has no model (".*?"); (?:did you mean (.+)\?)?/,
    (model, near = "") => `图鉴里没有 ${model}；${near ? `是指 ${near} 吗？` : "请从列表中选择"}`,
  ],
  [
    /^(".*?") is more than one model; which: (.+)\?$/,
    (model, names) => `${model} 不止一个：${names}；请选一个`,
  ],
  [
    /^no accelerator is called (".*?"); (?:did you mean|known:) ([^?]+)/,
    (name, known) => `没有叫 ${name} 的加速器；已有：${known}`,
  ],
  [/is a peak with 2:4 sparsity/, () => "这是 2:4 稀疏的峰值，稠密模型达不到；请给稠密峰值，即其一半"],
  [/^link of a scenario:/, () => "这个链接不完整，或不是本页写的；请重新复制整个链接"],
  [
    /the action (".*?") is not known; (?:did you mean (.+)\?|known: (.+))/,
    (action, near = "", known = "") =>
      `不认识“做什么”：${action}；${near ? `是指 ${near} 吗？` : `可为：${known}`}`,
  ],
  [/the question names no licence/, () => "问题里没有许可；请至少选一个"],
  [/the fact (\w+) is (.+); it must be/, (fact, found) => `已知情况 ${fact} 为 ${found}，类型不对；请重填`],
  [/makes \d+ ways to read the question/, () => "可能的许可组合太多；请写明模型的规模与版本"],
  [
    /a question has at most (\S+) characters, this has (\S+);/,
    (most, found) => `问题最长 ${most} 个字符，现有 ${found} 个；请写短一些`,
  ],
  [
    /^(.+) is unknown: (.+) is missing$/,
    (name, missing) => `${chineseName(name) ?? name}未知：缺少${chineseName(missing) ?? missing}`,
  ],
];

/** What an error says, in Chinese; for one of another kind, that the inputs are to be looked at again. */
export function chineseError(message: string): string {
  for (const [form, text] of forms) {
    const found = form.exec(message);
    if (found) return text(...found.slice(1));
  }
  return "所给的内容算不出；请检查输入，或换回例子";
}
