// Checked reading of fields of parsed JSON and of metadata.

import { BaimoError } from "../../errors.ts";

/** A short form of a value for a message. */
export function brief(value: unknown): string {
  const text = typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** The value as an object, or a `format` error. */
export function recordOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BaimoError("format", `${where} must be an object but is ${brief(value)}`);
  }
  return value as Record<string, unknown>;
}

/** The value as an array, or a `format` error. */
export function listOf(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value))
    throw new BaimoError("format", `${where} must be an array but is ${brief(value)}`);
  return value;
}

/** The value as a string, or a `format` error. */
export function stringOf(value: unknown, where: string): string {
  if (typeof value !== "string") {
    throw new BaimoError("format", `${where} must be a string but is ${brief(value)}`);
  }
  return value;
}

/** The value as a boolean, a default for null and undefined, or a `format` error. */
export function booleanOf(value: unknown, fallback: boolean, where: string): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== "boolean") {
    throw new BaimoError("format", `${where} must be true or false but is ${brief(value)}`);
  }
  return value;
}

/** Token ids stay below this, so that tables by id stay small. */
const MAX_TOKEN_ID = 1 << 24;

/** The value as a token id, or a `format` error. */
export function tokenIdOf(value: unknown, where: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value >= MAX_TOKEN_ID) {
    throw new BaimoError(
      "format",
      `${where} must be a token id (0 to ${MAX_TOKEN_ID - 1}) but is ${brief(value)}`,
    );
  }
  return value;
}

/** The value as a finite number, or a `format` error. */
export function numberOf(value: unknown, where: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new BaimoError("format", `${where} must be a finite number but is ${brief(value)}`);
  }
  return value;
}
