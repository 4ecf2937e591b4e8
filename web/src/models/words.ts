// The words of the view of models, in Chinese and English.

const zh = {
  title: "模型",
  about: "这里的模型都在你的机器上运行。",
  here: "现在可用",
  use: "使用",
  used: "使用中",
  context: (count: string) => `上下文 ${count} 词元`,
  ready: "就绪",
  none: "服务里没有模型。",
  more: "在图鉴中选一个",
  moreAbout: "图鉴里每个数字都有出处：参数、许可、训练数据是否开放，以及能否在此运行。",
  toCatalogue: "打开图鉴",
  how: "加一个模型",
  howAbout: "用一个 GGUF 文件、文件夹或 Hub 上的名字启动服务，它便出现在这里：",
};

const en: typeof zh = {
  title: "Models",
  about: "The models here run on your machine.",
  here: "Ready to answer",
  use: "Use",
  used: "In use",
  context: (count) => `Context of ${count} tokens`,
  ready: "ready",
  none: "The server has no model.",
  more: "Choose from the catalogue",
  moreAbout:
    "Every figure in the catalogue has a source: parameters, licence, whether the training data is open, and whether a model runs here.",
  toCatalogue: "Open the catalogue",
  how: "Add a model",
  howAbout: "Start the server with a GGUF file, a folder or a name on the Hub, and it appears here:",
};

export const modelsWords = { zh, en };
