// What a document's field may be made of.
import { brief, isRecord } from "../../json.ts";
import { PortedFunction } from "../functions/find-function.ts";
import { configError } from "./config-error.ts";
import type { Document } from "./document.ts";

/** How a document's field is made: a column's name, a template or a function; numbers, lists and mappings stand for themselves. */
export type FieldSource =
  | string
  | number
  | PortedFunction
  | readonly unknown[]
  | Readonly<Record<string, unknown>>;

/** What a function makes of a document; undefined for other sources. */
export function ported(source: FieldSource, document: Document): { readonly value: unknown } | undefined {
  if (!(source instanceof PortedFunction) || source.port.kind !== "field") return undefined;
  return { value: source.port.run(document) };
}

/** @throws {BaimoError} `format` for what makes no field, booleans of YAML 1.1 above all */
export function checkField(value: unknown, key: string, where: string): void {
  if (value === undefined || typeof value === "string") return;
  if (value instanceof PortedFunction) {
    if (value.port.kind === "field") return;
    throw configError(where, key, "names a function that makes no field of a document");
  }
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
