// The words of usage, in Chinese and English.

const zh = {
  title: "用量",
  about: "每个模型与助手读了多少、写了多少、用了多久，耗了多少电、花了多少钱。只记在这里。",
  period: "时段",
  days: (count: number) => `近 ${count} 天`,
  none: "这段时间里没有回答。",
  shown: "画出",
  by: "分别按",
  charts: {
    tokens: "每天写下的词元",
    time: (unit: string) => `每天的用时（${unit}）`,
    energy: (unit: string) => `每天的能耗（${unit}）`,
    cost: (currency: string) => `每天的花费（${currency}）`,
  },
  choices: {
    tokens: "词元",
    time: "用时",
    energy: "能耗",
    cost: (currency: string) => `花费，${currency}`,
  },
  read: "读",
  cached: "其中缓存",
  written: "写",
  answers: "回答",
  time: "用时",
  rate: "词元/秒",
  energy: "能耗",
  cost: "花费",
  model: "模型",
  assistant: "助手",
  total: "合计",
  noAssistant: "没有助手",
  gone: "已删除的助手",
  unknown: "未知",
  known: (known: string, all: string) => `${all} 个回答中的 ${known} 个`,
  noStore: "用量由保存对话的服务记录；这个页面没有。",
  units: { seconds: "秒", minutes: "分", hours: "小时" },
  whence: "这些数从哪里来",
  measured:
    "能耗由处理器自己计量（RAPL）：回答期间整个处理器的耗电，其他程序用的也在内；同时进行的请求均分。内存、显卡与电源的损耗不在内。",
  stated: (watts: string, source: string) =>
    `能耗是算出来的：服务器所用的处理器时间，乘以每个核心 ${watts} 瓦（${source}）；同时进行的请求均分。`,
  noMeter: "现在的能耗不为人知：机器不告诉服务器，管理员也没有写明处理器的功率（设置 power）。",
  elsewhere: "别处的模型与显卡上的模型耗多少电，这里不知道。",
  prices: "花费按回答当时的价格记下。现在的价格，每百万词元：",
  price: (model: string, input: string, output: string, cached: string | undefined) =>
    `${model}：读 ${input}${cached ? `（缓存 ${cached}）` : ""}，写 ${output}`,
  noPrices: "花费不为人知的模型没有价格：这里没有内置的价格，由管理员写明（模型的设置 price）。",
  noSource: "没有写明来源",
  noDate: "没有写明日期",
};

const en: typeof zh = {
  title: "Usage",
  about:
    "What each model and assistant has read and written, how long that took, its energy and its cost. It stays here.",
  period: "Period",
  days: (count) => `last ${count} days`,
  none: "There were no answers in this time.",
  shown: "Drawn",
  by: "By",
  charts: {
    tokens: "Tokens written a day",
    time: (unit) => `Time a day, ${unit}`,
    energy: (unit) => `Energy a day, ${unit}`,
    cost: (currency) => `Cost a day, ${currency}`,
  },
  choices: {
    tokens: "Tokens",
    time: "Time",
    energy: "Energy",
    cost: (currency) => `Cost, ${currency}`,
  },
  read: "Read",
  cached: "of it cached",
  written: "Written",
  answers: "Answers",
  time: "Time",
  rate: "Tokens/s",
  energy: "Energy",
  cost: "Cost",
  model: "Model",
  assistant: "Assistant",
  total: "All",
  noAssistant: "no assistant",
  gone: "a deleted assistant",
  unknown: "not known",
  known: (known, all) => `of ${known} of ${all} answers`,
  noStore: "Usage is kept by a server that keeps conversations; this page has none.",
  units: { seconds: "s", minutes: "min", hours: "h" },
  whence: "Where these figures come from",
  measured:
    "Energy is what the processor counts itself (RAPL): the whole processor's while an answer is written, whatever other programs took of it, divided equally among requests at a time. Memory, a graphics card and losses of the power supply are not in it.",
  stated: (watts, source) =>
    `Energy is reckoned: the server's processor time, at ${watts} W a core (${source}), divided equally among requests at a time.`,
  noMeter:
    "Energy is not known now: the machine does not tell the server, and its operator states no power of the processor (the setting power).",
  elsewhere: "What models elsewhere take, and those on a graphics card, is not known here.",
  prices: "A cost is kept as the price was when the answer was written. Prices now, of a million tokens:",
  price: (model, input, output, cached) =>
    `${model}: read ${input}${cached ? ` (cached ${cached})` : ""}, written ${output}`,
  noPrices:
    "A model whose cost is not known has no price: none is built in, the operator gives them (a model's setting price).",
  noSource: "no source given",
  noDate: "no date given",
};

export const usageWords = { zh, en };
export type UsageWords = typeof zh;
