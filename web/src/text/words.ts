// The words around an answer's text, in Chinese and English.

const zh = {
  code: "代码",
  copy: "复制",
  copied: "已复制",
  done: "已完成",
  toDo: "未完成",
  source: (number: number) => `出处 ${number}`,
  picture: (name: string) => `图片：${name}`,
  thinking: (seconds: string) => `思考中 ${seconds} 秒`,
  thought: (seconds: string) => `思考了 ${seconds} 秒`,
  thoughtSome: "思考过程",
  call: (name: string) => `调用工具 ${name}`,
  arguments: "参数",
  result: "结果",
  pinyin: "拼音",
  pinyinHelp: "每个字怎么读",
};

const en: typeof zh = {
  code: "code",
  copy: "Copy",
  copied: "Copied",
  done: "done",
  toDo: "to do",
  source: (number) => `Source ${number}`,
  picture: (name) => `Image: ${name}`,
  thinking: (seconds) => `Thinking, ${seconds} s`,
  thought: (seconds) => `Thought for ${seconds} s`,
  thoughtSome: "Reasoning",
  call: (name) => `Calls the tool ${name}`,
  arguments: "Arguments",
  result: "Result",
  pinyin: "Pinyin",
  pinyinHelp: "How each character is read aloud: ā level, á rising, ǎ dipping, à falling",
};

export const textWords = { zh, en };
