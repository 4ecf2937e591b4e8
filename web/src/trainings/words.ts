// The words of trainings, in Chinese and English.

const zh = {
  title: "训练",
  about: "正在跑和跑完的训练：曲线可以叠在一起看，页面开着就一直更新。",
  noStore: "训练要由保存对话的服务来看；这个页面没有。",
  noFolder: "这个服务没有训练可看：用 baimo serve --trainings 文件夹 启动它。",
  none: "文件夹里还没有训练。",
  runs: "训练",
  shown: "显示",
  step: "步",
  stage: "阶段",
  model: "模型",
  speed: "词元/秒",
  series: {
    loss: "训练损失",
    heldOut: "留出损失",
    rate: "学习率",
    gradNorm: "梯度范数",
    tokensPerSecond: "每秒词元",
    reward: "奖励",
  },
  show: (name: string) => `显示 ${name}`,
  samples: (name: string) => `${name} 的回答`,
  sample: (step: number) => `第 ${step} 步`,
  reward: (value: string) => `奖励 ${value}`,
};

const en: typeof zh = {
  title: "Training",
  about:
    "Runs of training under way and done: curves laid over one another, followed while the page is open.",
  noStore: "Trainings are shown by a server that keeps conversations; this page has none.",
  noFolder: "This server has no trainings to show: start it with baimo serve --trainings FOLDER.",
  none: "There is no run in the folder yet.",
  runs: "Runs",
  shown: "Shown",
  step: "Step",
  stage: "Stage",
  model: "Model",
  speed: "Tokens/s",
  series: {
    loss: "Training loss",
    heldOut: "Held-out loss",
    rate: "Learning rate",
    gradNorm: "Gradient norm",
    tokensPerSecond: "Tokens a second",
    reward: "Reward",
  },
  show: (name: string) => `Show ${name}`,
  samples: (name: string) => `Answers of ${name}`,
  sample: (step: number) => `Step ${step}`,
  reward: (value: string) => `reward ${value}`,
};

export const trainingWords = { zh, en };
