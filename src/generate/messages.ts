// The conversations that `chat` takes: messages with a role that the template knows, and a content.
import { kindOf, list, listed } from "../option-kinds.ts";
import { type Door, isPlain, type Kind, refusal } from "../options.ts";
import type { ChatMessage } from "./types.ts";

/** Roles that every template is asked with; it may know others. */
const ROLES = ["system", "developer", "user", "assistant", "tool"];

/** Conversations for a template, which names the further roles that it knows in quotes. */
export function conversations(template: string): Kind<ChatMessage[]> {
  const knows = (role: string) =>
    ROLES.includes(role) ||
    (/^[\w-]{1,64}$/.test(role) && (template.includes(`'${role}'`) || template.includes(`"${role}"`)));
  const role = kindOf(
    "choice",
    `${listed(ROLES)}, or another role that the chat template names`,
    (value) => typeof value === "string",
    knows,
  );
  const message: Kind<ChatMessage> = {
    kind: "message",
    allowed: "an object with role and content",
    read(value, name, door) {
      if (!isPlain(value)) throw refusal("type", name, value, this.allowed, door);
      const known = role.read(value.role, `${name}.role`, door);
      // Of an assistant there may be calls of tools alone.
      const mayLack = known === "assistant" && (value.content === undefined || value.content === null);
      if (!mayLack) checkContent(value.content, `${name}.content`, door);
      return value as ChatMessage; // role and content were just looked at
    },
  };
  return list(message, { least: 1, most: 1 << 24 });
}

function checkContent(content: unknown, name: string, door: Door): void {
  if (typeof content === "string") return;
  const allowed = 'a string, or a list of parts such as { type: "text", text: "…" }';
  if (!Array.isArray(content)) throw refusal("type", name, content, allowed, door);
  for (const [i, part] of content.entries()) {
    if (isPlain(part) && typeof part.type === "string") continue;
    throw refusal("type", `${name}[${i}]`, part, 'an object such as { type: "text", text: "…" }', door);
  }
}
