// Checked JSON: parsing, and values of the expected kind or a `format` error that names the place.
import { BaimoError } from "./errors.ts";

/** A JSON Schema (draft 2020-12) that this project writes. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Parses JSON from text or from UTF-8 bytes.
 *
 * where  names the document in messages, such as "config.json"
 * @throws {BaimoError} `format` when it is not JSON
 */
export function parseJson(json: string | Uint8Array, where: string): unknown {
  const text = typeof json === "string" ? json : textOf(json, where);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = insteadOfJson(text) ?? (cause instanceof Error ? cause.message : String(cause));
    throw new BaimoError("format", `${where} is not JSON: ${reason.slice(0, 120)}`, { cause });
  }
}

/**
 * The text of a file in UTF-8.
 *
 * @throws {BaimoError} `format` when it is in another encoding
 */
export function textOf(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BaimoError("format", `${where} is not text in UTF-8; save it in that encoding`, { cause });
  }
}

/** What people have in the place of a file that did not come down. */
export function insteadOfJson(text: string): string | undefined {
  if (text.trim() === "") return "the file is empty; is the download complete?";
  if (text.startsWith("version https://git-lfs"))
    return "it is a Git LFS pointer; git lfs pull fetches the file";
  if (/^\s*<(!|\?|html)/i.test(text)) return "it is a web page";
  return undefined;
}

/** A short form of a value for a message. */
export function brief(value: unknown): string {
  const plain = (_key: string, item: unknown) => (typeof item === "bigint" ? String(item) : item);
  const isNumber = typeof value === "bigint" || typeof value === "number"; // JSON has neither NaN nor bigint
  const text = isNumber ? String(value) : (JSON.stringify(value, plain) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Whether a value is an object, neither an array nor null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object, or a `format` error. */
export function recordOf(value: unknown, where: string): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw new BaimoError("format", `${where} must be an object but is ${brief(value)}`);
}

/** The value as an array, or a `format` error. */
export function listOf(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new BaimoError("format", `${where} must be an array but is ${brief(value)}`);
}

/** The value as a string, or a `format` error. */
export function stringOf(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  throw new BaimoError("format", `${where} must be a string but is ${brief(value)}`);
}

/** The value as a boolean, a default for null and undefined, or a `format` error. */
export function booleanOf(value: unknown, fallback: boolean, where: string): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value === "boolean") return value;
  throw new BaimoError("format", `${where} must be true or false but is ${brief(value)}`);
}

/** The value as a finite number, or a `format` error. */
export function numberOf(value: unknown, where: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new BaimoError("format", `${where} must be a finite number but is ${brief(value)}`);
}
