// The words of usage, in Chinese and English.

const zh = {
  title: "用量",
  about: "每个模型与助手读了多少、写了多少、用了多久。只记在这里。",
  period: "时段",
  days: (count: number) => `近 ${count} 天`,
  none: "这段时间里没有回答。",
  chart: "每天写下的词元",
  read: "读",
  cached: "其中缓存",
  written: "写",
  answers: "回答",
  time: "用时",
  rate: "词元/秒",
  model: "模型",
  assistant: "助手",
  total: "合计",
  noAssistant: "–",
  gone: "已删除的助手",
  noStore: "用量由保存对话的服务记录；这个页面没有。",
  seconds: (count: string) => `${count} 秒`,
  minutes: (count: string) => `${count} 分`,
  hours: (count: string) => `${count} 小时`,
};

const en: typeof zh = {
  title: "Usage",
  about: "What each model and assistant has read and written, and how long that took. It stays here.",
  period: "Period",
  days: (count) => `last ${count} days`,
  none: "There were no answers in this time.",
  chart: "Tokens written a day",
  read: "Read",
  cached: "of it cached",
  written: "Written",
  answers: "Answers",
  time: "Time",
  rate: "Tokens/s",
  model: "Model",
  assistant: "Assistant",
  total: "All",
  noAssistant: "–",
  gone: "a deleted assistant",
  noStore: "Usage is kept by a server that keeps conversations; this page has none.",
  seconds: (count) => `${count} s`,
  minutes: (count) => `${count} min`,
  hours: (count) => `${count} h`,
};

export const usageWords = { zh, en };
export type UsageWords = typeof zh;
