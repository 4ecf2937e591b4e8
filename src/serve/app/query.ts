// What stands after a path's question mark: texts, read as what they stand for.
import { kindOf, text } from "../../option-kinds.ts";
import { type Kind, refusal } from "../../options.ts";

/** A whole number. */
export function wholeText(min: number, max: number): Kind<number> {
  const allowed = `a whole number from ${min} to ${max}`;
  return {
    kind: "whole",
    allowed,
    schema: { type: "integer", minimum: min, maximum: max },
    read(value, name, door) {
      const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      throw refusal("value", name, value, allowed, door);
    },
  };
}

/** "true" or "false". */
export const flagText: Kind<boolean> = {
  kind: "flag",
  allowed: "true or false",
  schema: { enum: ["true", "false"] },
  read(value, name, door) {
    if (value === "true" || value === "false") return value === "true";
    throw refusal("value", name, value, this.allowed, door);
  },
};

/** Whether a text can be an id. */
export function isId(text: string): boolean {
  return /^[\w-]{8,64}$/.test(text);
}

/** An id of the client's own. */
export const newIdText = kindOf(
  "text",
  "8 to 64 of A-Z, a-z, 0-9, - and _",
  (value) => typeof value === "string",
  isId,
  { type: "string", pattern: "^[A-Za-z0-9_-]{8,64}$" },
);

export const idText = text({ least: 0, most: 256 });
