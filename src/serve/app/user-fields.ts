// What names and passwords of accounts may be.
import { kindOf, text } from "../../option-kinds.ts";

const NAME = /^[\p{L}\p{N}._@+-]{1,64}$/u;

export const userName = kindOf(
  "text",
  "1 to 64 letters, digits or any of . _ @ + -",
  (value) => typeof value === "string",
  (value) => NAME.test(value),
  { type: "string", minLength: 1, maxLength: 64 },
);

/** Long ones are better than odd ones (NIST SP 800-63B). */
export const newPassword = text({ least: 10, most: 1024 });
