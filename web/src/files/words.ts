// The words about files and their passages, in Chinese and English.

const zh = {
  notText: (name: string) => `「${name}」不是文本、PDF 或 DOCX，没有加入。`,
  tooLarge: (name: string) => `「${name}」超过 64 MB，没有加入。`,
  broken: (name: string) => `「${name}」已损坏，读不出来，没有加入。`,
  locked: (name: string) => `「${name}」有密码保护，没有加入。`,
  tooSlow: (name: string) => `「${name}」读得太久，没有加入。`,
  noText: (name: string) => `「${name}」里没有文字（也许是扫描的图片），没有加入。`,
  cut: (count: number) => `只取了开头的 ${count.toLocaleString("zh-Hans")} 个字符`,
  pages: (read: number, of: number) => `只取了前 ${read} 页，共 ${of} 页`,
  emptyPages: (count: number) => `有 ${count} 页没有文字`,
  reading: "正在读取文件",
  searched: (read: number, of: number) =>
    `文件放不进上下文：每次提问只把最相关的段落交给模型，这一次是 ${of} 段中的 ${read} 段。`,
  whole: (count: string, most: string) => `文件全文交给模型；连同对话共 ${count} / ${most} 词元。`,
  read: (read: number, of: number) => `读了文件 ${of} 段中的 ${read} 段`,
  byWords: "按词找出",
  byMeaning: (model: string) => `按词和意思找出（${model}）`,
  page: (page: number) => `第 ${page} 页`,
  line: (line: number) => `第 ${line} 行`,
  heading: (heading: string) => `「${heading}」`,
  close: "关闭",
};

const en: typeof zh = {
  notText: (name) => `“${name}” is no text, PDF or DOCX and was not added.`,
  tooLarge: (name) => `“${name}” is larger than 64 MB and was not added.`,
  broken: (name) => `“${name}” is damaged and could not be read; it was not added.`,
  locked: (name) => `“${name}” has a password and was not added.`,
  tooSlow: (name) => `“${name}” takes too long to read and was not added.`,
  noText: (name) => `“${name}” has no text in it (a scan, perhaps) and was not added.`,
  cut: (count) => `only the first ${count.toLocaleString("en")} characters were taken`,
  pages: (read, of) => `only the first ${read} of ${of} pages were taken`,
  emptyPages: (count) => (count === 1 ? "1 page has no text" : `${count} pages have no text`),
  reading: "Reading the file",
  searched: (read, of) =>
    `The files do not fit the context: for each question the model reads the passages that match it best, here ${read} of ${of}.`,
  whole: (count, most) => `The files are read whole; with the conversation ${count} of ${most} tokens.`,
  read: (read, of) => `Read ${read} of ${of} passages of the files`,
  byWords: "found by their words",
  byMeaning: (model) => `found by words and meaning (${model})`,
  page: (page) => `page ${page}`,
  line: (line) => `line ${line}`,
  heading: (heading) => `“${heading}”`,
  close: "Close",
};

export const fileWords = { zh, en };
export type FileWords = typeof zh;
