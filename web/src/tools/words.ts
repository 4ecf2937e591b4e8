// The words of tools, in Chinese and English.

const zh = {
  title: "工具",
  about:
    "经 MCP 协议的工具服务：模型可以请求调用，每次都先问你，除非你信任那个工具。会调用工具的模型才用得上。",
  none: "还没有工具服务。",
  offered: "让模型使用",
  noTools: "没有工具",
  away: "这个工具服务没有回应。",
  trust: "不再询问",
  remove: "移除",
  removeOf: (name: string) => `移除「${name}」`,
  removed: (name: string) => `已移除「${name}」。`,
  look: "查看工具",
  add: "添加工具服务",
  addAbout: "命令会在运行服务的机器上以它的权限执行：只添加你信任的。",
  name: "名字",
  kind: "方式",
  kinds: { address: "网址", command: "命令" },
  address: "MCP 的网址",
  command: "启动 MCP 服务的命令",
  added: (name: string) => `已添加「${name}」。`,
  allow: "允许",
  decline: "拒绝",
  ask: "模型想调用这个工具。允许吗？",
  running: "工具运行中",
  notKept: "工具需要保存对话的服务；这个页面没有。",
};

const en: typeof zh = {
  title: "Tools",
  about:
    "Servers of tools, by the protocol MCP. A model can ask for a call, and you are asked each time, unless you trust the tool. For models that call tools.",
  none: "No servers of tools yet.",
  offered: "Offer to models",
  noTools: "no tools",
  away: "This server of tools does not answer.",
  trust: "Do not ask",
  remove: "Remove",
  removeOf: (name) => `Remove “${name}”`,
  removed: (name) => `“${name}” was removed.`,
  look: "Show its tools",
  add: "Add a server of tools",
  addAbout: "A command runs on the server’s machine with its rights: add only what you trust.",
  name: "Name",
  kind: "By",
  kinds: { address: "address", command: "command" },
  address: "Address of an MCP server",
  command: "Command that starts an MCP server",
  added: (name) => `“${name}” was added.`,
  allow: "Allow",
  decline: "Decline",
  ask: "The model wants to call this tool. Do you allow it?",
  running: "The tool is running",
  notKept: "Tools need a server that keeps conversations; this page has none.",
};

export const toolWords = { zh, en };
