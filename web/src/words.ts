// Every word of the page, in Chinese and English.

/** The languages of the page. */
export type Language = "zh" | "en";

const zh = {
  name: "百模",
  tagline: "开放大模型，在你自己的机器上",
  poetGreeting: "以题为约，与诗相逢",
  poetAbout:
    "这里住着一位小诗人：一个从零训练的小模型，就在你的机器上运行。它只会写古典诗词——给它题目、体裁或首句便好。",
  modelGreeting: "你好",
  modelAbout: (model: string) => `正与「${model}」对话。一切都在你的机器上进行。`,
  placeholderPoet: "出个题目，或起个头……",
  placeholder: "说点什么……",
  hint: "回车发送，Shift + 回车换行",
  send: "发送",
  stop: "停止",
  regenerate: "再写一次",
  retry: "重试",
  copy: "复制",
  copied: "已复制",
  edit: "修改",
  cancel: "取消",
  resend: "重新发送",
  newConversation: "新的对话",
  conversations: "对话",
  catalogue: "开放模型图鉴",
  noConversations: "还没有对话。",
  kept: "对话只保存在这个浏览器里。",
  deleteConversation: (title: string) => `删除「${title}」`,
  settings: "设置",
  close: "关闭",
  model: "模型",
  temperature: "温度",
  temperatureHelp: "越高越出人意料",
  topP: "Top-p",
  topPHelp: "只在最可能的词中选取",
  maxTokens: "最多词元",
  maxTokensHelp: "留空则写到结束为止",
  seed: "随机种子",
  seedHelp: "同样的种子得到同样的回答；留空则每次不同",
  system: "系统提示",
  systemHelp: "每次对话开头给模型的嘱咐",
  systemPoet: "小诗人不理会系统提示",
  reset: "恢复默认",
  toDark: "换成深色",
  toLight: "换成浅色",
  otherLanguage: "Switch to English",
  otherLanguageShort: "EN",
  you: "你",
  answering: "正在回答",
  reading: (percent: number) => `正在读题 ${percent}%`,
  answered: "回答完毕：",
  stopped: "已停止",
  lengthReached: "已达长度上限",
  left: (count: number) => `对话太长，最早的 ${count} 条没有交给模型`,
  tokens: (count: number) => `${count} 个词元`,
  rate: (rate: string) => `${rate} 词元/秒`,
  seconds: (seconds: string) => `${seconds} 秒`,
  toEnd: "回到最新",
  problems: {
    unreachable: "连不上服务。它还在运行吗？",
    broken: "连接中断，回答没有写完。",
    context_length_exceeded: "这段话超出了模型能读的长度。请写短一些，或开始新的对话。",
    model_not_found: "这个模型不在服务里。请在设置中另选一个。",
    queue_full: "排队的请求太多，请稍候再试。",
    request_too_large: "内容太长，服务不收。请写短一些。",
    host_not_allowed: "服务只接受本机访问。请用 localhost 打开此页。",
    no_models: "服务里没有模型。",
  } as Record<string, string>,
  otherProblem: (message: string) => `出了差错：${message}`,
};

const en: typeof zh = {
  name: "baimo",
  tagline: "Open models, on your own machine",
  poetGreeting: "Name a theme, meet a poem",
  poetAbout:
    "A small poet lives here: a tiny model, trained from scratch, running on your machine. It writes classical Chinese verse and nothing else. Give it a title, a form or a first line.",
  modelGreeting: "Hello",
  modelAbout: (model) => `You are talking to “${model}”. Everything happens on your machine.`,
  placeholderPoet: "A title, a theme, or a first line…",
  placeholder: "Say something…",
  hint: "Enter sends, Shift + Enter starts a line",
  send: "Send",
  stop: "Stop",
  regenerate: "Write it again",
  retry: "Try again",
  copy: "Copy",
  copied: "Copied",
  edit: "Edit",
  cancel: "Cancel",
  resend: "Send again",
  newConversation: "New conversation",
  conversations: "Conversations",
  catalogue: "Catalogue of open models",
  noConversations: "No conversations yet.",
  kept: "Conversations are kept in this browser only.",
  deleteConversation: (title) => `Delete “${title}”`,
  settings: "Settings",
  close: "Close",
  model: "Model",
  temperature: "Temperature",
  temperatureHelp: "Higher is more surprising",
  topP: "Top-p",
  topPHelp: "Choose among the likeliest tokens only",
  maxTokens: "Most tokens",
  maxTokensHelp: "Empty: until the answer ends",
  seed: "Seed",
  seedHelp: "The same seed gives the same answer; empty: a new one each time",
  system: "System prompt",
  systemHelp: "What the model is told at the start of each conversation",
  systemPoet: "The poet does not heed system prompts",
  reset: "Restore defaults",
  toDark: "Switch to dark",
  toLight: "Switch to light",
  otherLanguage: "切换为中文",
  otherLanguageShort: "中",
  you: "You",
  answering: "Answering",
  reading: (percent) => `Reading ${percent}%`,
  answered: "Answer: ",
  stopped: "Stopped",
  lengthReached: "Length limit reached",
  left: (count) => `Too long for the model: the ${count} earliest messages were left out`,
  tokens: (count) => (count === 1 ? "1 token" : `${count} tokens`),
  rate: (rate) => `${rate} tokens/s`,
  seconds: (seconds) => `${seconds} s`,
  toEnd: "Back to the latest",
  problems: {
    unreachable: "The server cannot be reached. Is it still running?",
    broken: "The connection broke before the answer was complete.",
    context_length_exceeded:
      "This is longer than the model can read. Shorten it, or start a new conversation.",
    model_not_found: "The server does not have this model. Choose another in the settings.",
    queue_full: "Too many requests are waiting. Try again in a moment.",
    request_too_large: "This is longer than the server accepts. Please shorten it.",
    host_not_allowed: "The server answers this machine only. Open the page as localhost.",
    no_models: "The server has no model.",
  },
  otherProblem: (message) => `Something went wrong: ${message}`,
};

/** The page's words by language. */
export const words = { zh, en };

/** The page's words in one language. */
export type Words = typeof zh;

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

/** Examples for the embedded poet, or for any other model. */
export function examples(language: Language, poet: boolean): Example[] {
  const plain = (prompts: string[]) => prompts.map((prompt) => ({ label: prompt, prompt }));
  if (!poet) {
    return language === "zh"
      ? plain(["用三句话介绍一下你自己", "解释一下什么是复利", "把“海内存知己”译成英文"])
      : plain([
          "Introduce yourself in three sentences",
          "Explain compound interest",
          "Translate “carpe diem”",
        ]);
  }
  if (language === "zh") return plain(poetPrompts);
  const labels = [
    "A quatrain, “Autumn Night”",
    "A ci to the tune Huanxisha",
    "Continue a first line",
    "A poem about snow",
  ];
  return labels.map((label, at) => ({ label, prompt: poetPrompts[at]! }));
}

/** Whether a model is the embedded poet, who deserves an introduction of its own. */
export function isPoet(model: string): boolean {
  return /\bpoet\b/i.test(model);
}

/** The language that the browser asks for. */
export function preferredLanguage(languages: readonly string[]): Language {
  const first = languages.find((language) => /^(zh|en)\b/i.test(language)) ?? "en";
  return first.toLowerCase().startsWith("zh") ? "zh" : "en";
}
