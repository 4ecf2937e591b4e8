// A key of the server: what it may do, and how much. Only its hash is kept.
import { toBase64Url } from "../../base64.ts";
import { choice, fields, kindOf, list, required, text, whole, withDefault } from "../../option-kinds.ts";
import type { OptionsOf } from "../../options.ts";
import { sha256 } from "../../sha256.ts";

/** What a key may be for. "admin" is for everything. */
export const SCOPES = ["chat", "embeddings", "models", "metrics", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** Scopes of a key that says nothing of them. */
export const USUAL_SCOPES: readonly Scope[] = ["chat", "embeddings", "models"];

const hash = kindOf(
  "text",
  "64 hexadecimal digits",
  (value) => typeof value === "string",
  (value) => /^[0-9a-f]{64}$/.test(value),
);
const count = whole({ min: 1 });

/** How many tokens a key may use, prompts and answers together. */
const quota = fields({ tokens: required(count), per: withDefault(choice("day", "total"), "total") });

/** A key as it is kept. */
export const keyTable = {
  id: required(text({ most: 64 })),
  name: required(text({ most: 256 })),
  /** SHA-256 of the key. It is 256 random bits: there is nothing to guess that a slow hash would protect. */
  hash: required(hash),
  created: required(text({ most: 64 })),
  scopes: required(list(choice(...SCOPES), { least: 1, most: SCOPES.length })),
  quota,
  /** Requests at a time. */
  concurrent: count,
  /** Requests begun within a minute. */
  perMinute: count,
};

export type ApiKey = OptionsOf<typeof keyTable>;

/** Where a server looks keys up, and keeps account of their tokens. */
export interface KeyRing {
  /** The key with this hash. */
  find(hash: string): Promise<ApiKey | undefined>;
  /** Tokens that count against a key's quota now. */
  used(key: ApiKey): number;
  /** A key has used tokens. */
  spend(key: ApiKey, tokens: number): void;
}

/** The hash by which a key is kept. */
export const hashOf = (key: string): Promise<string> => sha256(key);

/** A new key: 256 random bits. */
export function newKey(): string {
  return `baimo-${toBase64Url(crypto.getRandomValues(new Uint8Array(32)))}`;
}
