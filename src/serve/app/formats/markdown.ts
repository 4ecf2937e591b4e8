// A conversation as Markdown: the branch that is shown, for people to read.
import type { StoredConversation } from "../../../store/conversations.ts";
import type { Part } from "../../../store/parts.ts";
import { placeOf } from "../fit-passages.ts";
import type { Said } from "../prompt.ts";

const NAMES = { user: "User", assistant: "Assistant", tool: "Tool" };

export function toMarkdown({ title, settings }: StoredConversation, branch: readonly Said[]): string {
  const sections = branch.map(({ role, parts }) => `## ${NAMES[role]}\n\n${parts.map(toText).join("\n\n")}`);
  if (settings.system) sections.unshift(`## System\n\n${settings.system}`);
  return `# ${title || "Conversation"}\n\n${sections.join("\n\n")}\n`;
}

function toText(part: Part): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "reasoning":
      return quoted(part.text);
    case "file":
      return `**${part.name}**\n\n${fenced(part.text)}`;
    case "passages":
      return part.passages.map((passage, i) => `[${i + 1}] ${placeOf(passage)}`).join("  \n");
    case "tool-call":
      return `**${part.name}**\n\n${fenced(part.arguments, "json")}`;
    case "tool-result":
      return `**${part.name}**\n\n${fenced(part.text)}`;
  }
}

const quoted = (text: string) => text.replace(/^/gm, "> ");

/** A block whose fence is longer than any within. */
function fenced(text: string, language = ""): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
