// The words of a conversation, in Chinese and English.
import type { Language } from "../language.ts";

const zh = {
  poetGreeting: "以题为约，与诗相逢",
  poetAbout:
    "这里住着一位小诗人：一个从零训练的小模型，小到哪里都能运行。它只会写古典诗词——给它题目、体裁或首句便好。",
  poetHelp: "想与别的模型对话？从上方换一个模型，或去模型页看看。",
  modelGreeting: "你好",
  modelAbout: (model: string) => `正与「${model}」对话。一切都在你的机器上进行。`,
  serverAbout: (model: string) => `正与「${model}」对话。一切都留在这个服务里。`,
  elsewhereAbout: (model: string) => `正与「${model}」对话。它在别处作答：你写的会发到那里。`,
  editAssistant: "看看或修改这位助手",
  placeholderPoet: "出个题目，或起个头……",
  placeholder: "说点什么……",
  hint: "回车发送，Shift + 回车换行，↑ 修改上一句，Esc 停止",
  send: "发送",
  stop: "停止",
  attach: "添加文件",
  remove: (name: string) => `移除 ${name}`,
  folder: (name: string) => `「${name}」是文件夹，没有加入。请拖入其中的文件。`,
  regenerate: "再写一次",
  goOn: "接着写",
  retry: "重试",
  edit: "修改",
  editAnswer: "修改回答",
  editing: "修改中",
  cancel: "取消",
  resend: "重新发送",
  keep: "保存为新版本",
  deleteMessage: "删除",
  deletedMessage: "已删除这条消息。",
  more: "更多",
  another: (model: string) => `用 ${model} 再答`,
  version: (at: number, count: number) => `第 ${at} 版，共 ${count} 版`,
  earlier: "上一版",
  later: "下一版",
  you: "你",
  answering: "正在回答",
  away: "连不上服务，正在重试。已写的都在。",
  loading: "模型加载中",
  reading: (percent: number) => `正在读题 ${percent}%`,
  answered: "回答完毕：",
  states: {
    stopped: "已停止",
    length: "已达长度上限",
    interrupted: "写到一半时页面或服务断开了",
    failed: "没有写完",
  } as Record<string, string>,
  left: (count: number) => `对话太长，最早的 ${count} 条没有交给模型`,
  tokens: (count: number) => `${count} 词元`,
  rate: (rate: string) => `${rate} 词元/秒`,
  seconds: (seconds: string) => `${seconds} 秒`,
  toEnd: "回到最新",
  context: (count: string, most: string) => `上下文：${count} / ${most} 词元`,
  tooLong: (count: string, most: string) =>
    `这段话有 ${count} 词元，而模型只能读 ${most}。请删去一些，或换一个上下文更长的模型；文字还在这里。`,
  willLeave: "对话已长过模型的上下文：最早的几条不会交给模型。",
  nearlyFull: (left: string) => `上下文快满了：还剩 ${left} 词元，回答也要用。`,
  notFound: "没有这个对话。也许已经删除，或是别人的。",
  toNew: "开始新的对话",
  dropHere: "放在这里，加入问题",
};

const en: typeof zh = {
  poetGreeting: "Name a theme, meet a poem",
  poetAbout:
    "A small poet lives here: a tiny model, trained from scratch, small enough to run anywhere. It writes classical Chinese verse and nothing else. Give it a title, a form or a first line.",
  poetHelp:
    "For a talk in English, choose another model above, or see the models page for what can run here.",
  modelGreeting: "Hello",
  modelAbout: (model) => `You are talking to “${model}”. Everything happens on your machine.`,
  serverAbout: (model) => `You are talking to “${model}”. Everything stays on this server.`,
  elsewhereAbout: (model) =>
    `You are talking to “${model}”. It answers elsewhere: what you write is sent there.`,
  editAssistant: "See or edit this assistant",
  placeholderPoet: "A title, a theme, or a first line…",
  placeholder: "Say something…",
  hint: "Enter sends, Shift + Enter starts a line, ↑ edits what you said last, Esc stops",
  send: "Send",
  stop: "Stop",
  attach: "Add a file",
  remove: (name) => `Remove ${name}`,
  folder: (name) => `“${name}” is a folder and was not added. Drop the files in it.`,
  regenerate: "Write it again",
  goOn: "Go on",
  retry: "Try again",
  edit: "Edit",
  editAnswer: "Edit the answer",
  editing: "Editing",
  cancel: "Cancel",
  resend: "Send again",
  keep: "Keep as a new version",
  deleteMessage: "Delete",
  deletedMessage: "The message was deleted.",
  more: "More",
  another: (model) => `Answer with ${model}`,
  version: (at, count) => `Version ${at} of ${count}`,
  earlier: "Earlier version",
  later: "Later version",
  you: "You",
  answering: "Answering",
  away: "The server is out of reach; trying again. What was written is kept.",
  loading: "The model is being loaded",
  reading: (percent) => `Reading ${percent}%`,
  answered: "Answer: ",
  states: {
    stopped: "Stopped",
    length: "Length limit reached",
    interrupted: "Interrupted: the page or the server went away",
    failed: "Not finished",
  },
  left: (count) => `Too long for the model: the ${count} earliest messages were left out`,
  tokens: (count) => (count === 1 ? "1 token" : `${count} tokens`),
  rate: (rate) => `${rate} tokens/s`,
  seconds: (seconds) => `${seconds} s`,
  toEnd: "Back to the latest",
  context: (count, most) => `Context: ${count} of ${most} tokens`,
  tooLong: (count, most) =>
    `This has ${count} tokens, and the model reads ${most}. Shorten it, or choose a model with a longer context; your text is still here.`,
  willLeave: "The conversation is longer than the model’s context: the earliest messages will be left out.",
  nearlyFull: (left) => `The context is nearly full: ${left} tokens are left, the answer’s among them.`,
  notFound: "There is no such conversation. Perhaps it was deleted, or is somebody else’s.",
  toNew: "Begin a new conversation",
  dropHere: "Drop it here to add it to the question",
};

export const conversationWords = { zh, en };
export type ConversationWords = typeof zh;

/** Requests that show what a model can do: what the button says, and what is sent. */
export interface Example {
  label: string;
  prompt: string;
}

const poetPrompts = [
  "以《秋夜》为题写一首五言绝句",
  "填一首《浣溪沙》",
  "续写：明月照高楼，",
  "写一首关于雪的诗",
];
const poetLabels = [
  "A quatrain, “Autumn Night”",
  "A ci to the tune Huanxisha",
  "Continue a first line",
  "A poem about snow",
];
const prompts = {
  zh: ["用三句话介绍一下你自己", "解释一下什么是复利", "把“海内存知己”译成英文"],
  en: ["Introduce yourself in three sentences", "Explain compound interest", "Translate “carpe diem”"],
};

/** Examples for the embedded poet, or for any other model. */
export function examples(language: Language, poet: boolean): Example[] {
  if (!poet) return prompts[language].map((prompt) => ({ label: prompt, prompt }));
  return poetPrompts.map((prompt, at) => ({ label: language === "zh" ? prompt : poetLabels[at]!, prompt }));
}

/** Whether a model is the embedded poet, who deserves an introduction of its own. */
export function isPoet(model: string): boolean {
  return /\bpoet\b/i.test(model);
}
