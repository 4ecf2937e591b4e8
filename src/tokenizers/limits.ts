// What a tokenizer's file may cost: steps and output for each text, depth of what it nests.

import { BaimoError } from "../errors.ts";

/** Steps that searches in a text may take: more than any published vocabulary needs, still in proportion to the text. */
export const stepLimit = (length: number): number => 64 * (length + 64);

/** Refuses a text whose search takes more steps. */
export function refuseSteps(where: string): never {
  throw new BaimoError(
    "request",
    `${where}: this text takes too many steps with this tokenizer (the limit is in proportion to its length); its tokens or ` +
      "its pattern are made so that it takes far longer than published ones do; give a shorter text",
  );
}

/** The longest text, in code units, that normalisation may make of one: U+FDFA in NFKC, the most in Unicode, makes 18 of 1. */
export const outputLimit = (length: number): number => 32 * length + (1 << 20);

/** Refuses what grows beyond the limit. */
export function checkOutput(length: number, limit: number, where: string): void {
  if (length <= limit) return;
  throw new BaimoError(
    "request",
    `${where}: makes more than ${limit} characters of this text, 32 times its length; the tokenizer's file is damaged or hostile`,
  );
}

const MAX_DEPTH = 16;
const MAX_STEPS = 256;

/**
 * Checks how deeply and how often a component of tokenizer.json holds others of its kind.
 *
 * field  where a Sequence keeps them
 * @throws {BaimoError} `format` when there are more than 256 or they are nested more than 16 deep
 */
export function checkNesting(json: unknown, field: string, where: string): void {
  let count = 0;
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    count += level.length;
    if (depth > MAX_DEPTH || count > MAX_STEPS) {
      throw new BaimoError(
        "format",
        `${where} has more than ${MAX_STEPS} steps or nests them more than ${MAX_DEPTH} deep; published ones have a few`,
      );
    }
    level = level.flatMap((step) => {
      const inner = (step as Record<string, unknown> | null | undefined)?.[field];
      return Array.isArray(inner) ? inner.slice(0, MAX_STEPS + 1) : [];
    });
  }
}
