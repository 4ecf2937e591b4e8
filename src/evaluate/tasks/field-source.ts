// What a document's field may be made of.
import { brief, isRecord } from "../../json.ts";
import { configError } from "./config-error.ts";

/** How a document's field is made: a column's name or a template; numbers, lists and mappings stand for themselves. */
export type FieldSource = string | number | readonly unknown[] | Readonly<Record<string, unknown>>;

/** @throws {BaimoError} `format` for what makes no field, booleans of YAML 1.1 above all */
export function checkField(value: unknown, key: string, where: string): void {
  if (value === undefined || typeof value === "string") return;
  const items = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [value];
  if (items.some((item) => typeof item === "boolean")) {
    throw configError(
      where,
      key,
      `is ${brief(value)}: YAML 1.1 reads yes, no, on and off as booleans; quote them`,
    );
  }
  if (key === "doc_to_choice" && items.some((item) => typeof item !== "string")) {
    throw configError(where, key, `must be texts but is ${brief(value)}; quote numbers`);
  }
  const isList = Array.isArray(value) || isRecord(value);
  if (!isList && typeof value !== "number") {
    throw configError(where, key, `must be a column or a template but is ${brief(value)}`);
  }
}
