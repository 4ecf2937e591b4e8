// The conversations that `chat` takes: messages with a role that the template knows, and a content.
import { kindOf, list, listed, plain, text } from "../option-kinds.ts";
import { isPlain, type Kind, refusal } from "../options.ts";
import type { ChatMessage, ContentPart } from "./types.ts";

/** Roles that every template is asked with; it may know others. */
const ROLES = ["system", "developer", "user", "assistant", "tool"];

const anyText = text({ least: 0, most: Infinity });

/** What every template takes a message's other fields for; null is none. */
const besides: Readonly<Record<string, Kind<unknown>>> = {
  name: anyText,
  tool_call_id: anyText,
  reasoning_content: anyText,
  tool_calls: list(plain),
};

/** Parts of pictures and sound, which a template may name though no model here sees or hears. */
const MEDIA = /image|picture|audio|sound|video|file/i;

/** Conversations for a template, which names the further roles and kinds of parts that it knows in quotes. */
export function conversations(template: string): Kind<ChatMessage[]> {
  const names = (word: string) =>
    /^[\w-]{1,64}$/.test(word) && (template.includes(`'${word}'`) || template.includes(`"${word}"`));
  const role = kindOf(
    "choice",
    `${listed(ROLES)}, or another role that the chat template names`,
    (value) => typeof value === "string",
    (value) => ROLES.includes(value) || names(value),
  );
  const partType = kindOf(
    "choice",
    '"text", or another part of text that the chat template names: models here read text only',
    (value) => typeof value === "string",
    (value) => value === "text" || (names(value) && !MEDIA.test(value)),
  );
  const part: Kind<ContentPart> = {
    kind: "part",
    allowed: 'an object such as { type: "text", text: "…" }',
    read(value, name, door) {
      if (!isPlain(value)) throw refusal("type", name, value, this.allowed, door);
      const type = partType.read(value.type, `${name}.type`, door);
      if (type === "text") anyText.read(value.text, `${name}.text`, door);
      return value as ContentPart; // type and text were just looked at
    },
  };
  const parts = list(part);
  const content: Kind<ChatMessage["content"]> = {
    kind: "content",
    allowed: 'a string, or a list of parts such as { type: "text", text: "…" }',
    read(value, name, door) {
      if (typeof value === "string") return value;
      if (Array.isArray(value)) return parts.read(value, name, door);
      throw refusal("type", name, value, this.allowed, door);
    },
  };
  const message: Kind<ChatMessage> = {
    kind: "message",
    allowed: "an object with role and content",
    read(value, name, door) {
      if (!isPlain(value)) throw refusal("type", name, value, this.allowed, door);
      const known = role.read(value.role, `${name}.role`, door);
      // Of an assistant there may be calls of tools alone.
      const mayLack = known === "assistant" && (value.content === undefined || value.content === null);
      if (!mayLack) content.read(value.content, `${name}.content`, door);
      for (const [key, kind] of Object.entries(besides)) {
        if (value[key] !== undefined && value[key] !== null) kind.read(value[key], `${name}.${key}`, door);
      }
      return value as ChatMessage; // its fields were just looked at
    },
  };
  return list(message, { least: 1, most: 1 << 24 });
}
