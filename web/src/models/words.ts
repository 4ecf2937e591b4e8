// The words of the view of models, in Chinese and English.
import type { ModelState } from "../talk/client.ts";

const zh = {
  title: "模型",
  about: "这里的模型就在你的机器上运行。",
  here: "这里的模型",
  use: "使用",
  used: "正在使用",
  context: (count: string) => `上下文 ${count} 词元`,
  weights: (size: string) => `权重 ${size}`,
  states: {
    ready: "就绪",
    starting: "重新启动中",
    lost: "已停止",
    unloaded: "未加载",
    waiting: "等候内存",
    loading: "加载中",
    leaving: "答完便卸载",
    failed: "没能加载",
  } as Record<ModelState, string>,
  leaves: (minutes: string) => `闲置 ${minutes} 分钟后卸载`,
  adapters: "适配器",
  load: "加载",
  unload: "卸载",
  retry: "再试",
  more: (name: string) => `「${name}」的更多操作`,
  memory: (used: string, limit: string) => `模型占用内存 ${used}，上限 ${limit}`,
  none: "服务里没有模型。",
  onMachine: "已在这台机器上",
  onMachineAbout: "下载过、但服务还没有加入的模型。",
  serve: "加入服务",
  served: (name: string) => `已加入「${name}」。`,
  download: "下载",
  downloadAbout: "写下 Hub 上的名字。中断的下载会从断处继续；下载完便可作答。",
  downloadLabel: "Hub 上的模型",
  notName: "写作 hf:owner/name，需要时加 :Q4_K_M",
  stop: "停止",
  resume: "继续",
  forget: "移除",
  stopped: "已停止，已下载的部分会保留",
  finished: "已下载",
  of: (done: string, total: string) => `${done} / ${total}`,
  fits: "这台机器放得下什么",
  fitsAbout: (limit: string) =>
    `图鉴里能在此运行、以 4 位量化约占 ${limit} 以内的模型，大的在前。估算含 4,096 词元的缓存，层数未知者不含。`,
  about4: (size: string) => `约 ${size}`,
  commercial: { yes: "可商用", conditions: "有条件可商用", no: "不可商用", unknown: "许可不明" },
  open: { yes: "训练数据公开", partly: "训练数据部分公开", no: "训练数据未公开", unknown: "训练数据不明" },
  choose: "在图鉴中选一个",
  moreAbout: "图鉴里每个数字都有出处：参数、许可、训练数据是否开放，以及能否在此运行。",
  toCatalogue: "打开图鉴",
  how: "加一个模型",
  howAbout: "用一个 GGUF 文件、文件夹或 Hub 上的名字启动服务，它便出现在这里：",
};

const en: typeof zh = {
  title: "Models",
  about: "The models here run on your machine.",
  here: "On this server",
  use: "Use",
  used: "In use",
  context: (count) => `Context of ${count} tokens`,
  weights: (size) => `${size} of weights`,
  states: {
    ready: "ready",
    starting: "starting again",
    lost: "stopped",
    unloaded: "not loaded",
    waiting: "waiting for memory",
    loading: "loading",
    leaving: "unloads when it has answered",
    failed: "could not be loaded",
  },
  leaves: (minutes) => `unloads after ${minutes} idle minutes`,
  adapters: "Adapters",
  load: "Load",
  unload: "Unload",
  retry: "Try again",
  more: (name) => `More for “${name}”`,
  memory: (used, limit) => `Models take ${used} of ${limit} of memory`,
  none: "The server has no model.",
  onMachine: "On this machine already",
  onMachineAbout: "Models that were downloaded, and that the server does not answer with yet.",
  serve: "Take on",
  served: (name) => `The server answers with “${name}” now.`,
  download: "Download",
  downloadAbout:
    "Name a model of the Hub. A download that was cut off goes on where it stopped; when it has come, it can answer.",
  downloadLabel: "A model of the Hub",
  notName: "Write hf:owner/name, with :Q4_K_M after it if need be",
  stop: "Stop",
  resume: "Resume",
  forget: "Remove",
  stopped: "stopped; what has come is kept",
  finished: "downloaded",
  of: (done, total) => `${done} of ${total}`,
  fits: "What fits this machine",
  fitsAbout: (limit) =>
    `Models of the catalogue that run here and take about ${limit} or less at 4 bits, the largest first. The estimate has a cache for 4,096 tokens where the layers are known.`,
  about4: (size) => `about ${size}`,
  commercial: {
    yes: "commercial use",
    conditions: "commercial use on conditions",
    no: "no commercial use",
    unknown: "licence unknown",
  },
  open: {
    yes: "training data open",
    partly: "training data open in part",
    no: "training data not open",
    unknown: "training data unknown",
  },
  choose: "Choose from the catalogue",
  moreAbout:
    "Every figure in the catalogue has a source: parameters, licence, whether the training data is open, and whether a model runs here.",
  toCatalogue: "Open the catalogue",
  how: "Add a model",
  howAbout: "Start the server with a GGUF file, a folder or a name on the Hub, and it appears here:",
};

export const modelsWords = { zh, en };

/** Bytes in the unit that suits them: "1.4 GB". */
export function bytesIn(language: "zh" | "en", bytes: number): string {
  const [unit, size] =
    bytes >= 1e9 ? ["GB", bytes / 1e9] : bytes >= 1e6 ? ["MB", bytes / 1e6] : ["kB", bytes / 1e3];
  const digits = size < 10 ? 1 : 0;
  const figure = new Intl.NumberFormat(language === "zh" ? "zh-Hans" : "en", {
    maximumFractionDigits: digits,
  });
  return `${figure.format(size)} ${unit}`;
}
