// ChatGPT's export, conversations.json: a list of trees, with nodes of which some are not shown.
import { isRecord, listOf, recordOf, stringOf } from "../../../json.ts";
import type { Part } from "../../../store/parts.ts";
import { fromSeconds, type ImportedConversation, type ImportedMessage } from "./imported.ts";

interface Node {
  readonly id: string;
  readonly parent: string | null;
  readonly children: number;
  readonly message: unknown;
}

/** Reads one conversation. @throws {BaimoError} `format` */
export function readChatGpt(value: unknown): ImportedConversation {
  const given = recordOf(value, "the conversation");
  const mapping = recordOf(given.mapping, "mapping");
  const nodes = new Map<string, Node>();
  for (const [id, each] of Object.entries(mapping)) {
    const node = recordOf(each, `mapping[${id}]`);
    const parent = typeof node.parent === "string" ? node.parent : null;
    const children = Array.isArray(node.children) ? node.children.length : 0;
    nodes.set(id, { id, parent, children, message: node.message });
  }
  const messages = new Map<string, ImportedMessage>();
  /** The message that stands for a node: its own, or of one that is not shown that before it. */
  const standsFor = new Map<string, string | null>();
  for (const node of parentsFirst(nodes)) {
    const before = node.parent === null ? null : (standsFor.get(node.parent) ?? null);
    const message = readMessage(node, before);
    const last = before === null ? undefined : messages.get(before);
    if (!message) standsFor.set(node.id, before);
    else if (
      last?.role === "assistant" &&
      message.role === "assistant" &&
      nodes.get(node.parent ?? "")?.children === 1
    ) {
      last.parts.push(...message.parts); // one answer in several nodes: thoughts, code, text
      standsFor.set(node.id, last.id);
    } else {
      messages.set(node.id, message);
      standsFor.set(node.id, node.id);
    }
  }
  const current = typeof given.current_node === "string" ? standsFor.get(given.current_node) : undefined;
  return {
    title: typeof given.title === "string" ? given.title : "",
    created: fromSeconds(given.create_time),
    updated: fromSeconds(given.update_time),
    pinned: given.is_starred === true,
    messages: [...messages.values()],
    leaf: current ?? undefined,
  };
}

function* parentsFirst(nodes: ReadonlyMap<string, Node>): Generator<Node> {
  const children = new Map<string | null, Node[]>();
  for (const node of nodes.values()) {
    const parent = node.parent !== null && nodes.has(node.parent) ? node.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), node]);
  }
  const waiting = [...(children.get(null) ?? [])].reverse();
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    yield node;
    waiting.push(...[...(children.get(node.id) ?? [])].reverse());
  }
}

/** Undefined for what is not shown: the system's, calls of tools and their results. */
function readMessage({ id, message }: Node, parent: string | null): ImportedMessage | undefined {
  if (!isRecord(message)) return undefined;
  const author = isRecord(message.author) ? message.author.role : undefined;
  const { recipient, metadata } = message;
  if (author !== "user" && author !== "assistant") return undefined;
  if (typeof recipient === "string" && recipient !== "all") return undefined;
  if (isRecord(metadata) && metadata.is_visually_hidden_from_conversation === true) return undefined;
  const parts = readContent(message.content);
  if (parts.length === 0) return undefined;
  const model = isRecord(metadata) ? metadata.model_slug : undefined;
  return {
    id,
    parent,
    role: author,
    parts,
    model: author === "assistant" && typeof model === "string" ? model.slice(0, 1024) : undefined,
    created: fromSeconds(message.create_time),
  };
}

function readContent(content: unknown): Part[] {
  if (!isRecord(content)) return [];
  const type = content.content_type;
  if (type === "thoughts") {
    const thoughts = listOf(content.thoughts ?? [], "thoughts").map((each) => {
      const { summary = "", content: text = "" } = recordOf(each, "a thought");
      return [summary, text].filter((line) => line !== "").join("\n");
    });
    return thoughts.length > 0 ? [{ type: "reasoning", text: thoughts.join("\n\n") }] : [];
  }
  if (type === "code") return textPart("```\n" + stringOf(content.text ?? "", "text") + "\n```");
  if (type !== "text" && type !== "multimodal_text") return [];
  const texts = listOf(content.parts ?? [], "parts").map((part) => {
    if (typeof part === "string") return part;
    if (!isRecord(part)) return "";
    if (typeof part.text === "string") return part.text;
    return String(part.content_type).startsWith("image") ? "[image]" : "";
  });
  return textPart(texts.filter((text) => text !== "").join("\n\n"));
}

const textPart = (text: string): Part[] => (text.trim() === "" ? [] : [{ type: "text", text }]);
