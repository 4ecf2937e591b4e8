// Checked token ids of files.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";

/** Token ids stay below this, so that tables by id stay small. */
export const MAX_TOKEN_ID = 1 << 24;

/** The value as a token id, or a `format` error. */
export function tokenIdOf(value: unknown, where: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < MAX_TOKEN_ID)
    return value;
  throw new BaimoError(
    "format",
    `${where} must be a token id (0 to ${MAX_TOKEN_ID - 1}) but is ${brief(value)}`,
  );
}
