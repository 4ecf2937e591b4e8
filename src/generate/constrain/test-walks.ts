// For tests: a small vocabulary, and random answers drawn from the tokens that a constraint allows.
import assert from "node:assert/strict";
import type { Random } from "../../random.ts";
import type { Constraint } from "./constraint.ts";
import type { ConstraintVocabulary } from "./token-trie.ts";

/** Every byte, then pieces as tokenizers have them; the last id ends an answer, the one before stands for no text. */
export function smallVocabulary(): ConstraintVocabulary {
  // biome-ignore format: many short pieces
  const pieces = [
    '"}', '"},', '",', '", "', '":', '": "', '":"', '{"', '[{"', '["', '"]', '"]}', "]}", "}}", "},",
    "],", ", ", ": ", "\n", "\n  ", "  ", '\\"', "\\n", "\\u", "\\u00", "\\ud83d", "\\ude00", '\\", "a',
    "\\\\", "\\t\\", "true", "false", "null", "12", "2026", "-1", "0.", ".5", "e", "E+", "00", "-01-",
    "T10", ":00", "Z", "+0", "name", "value", "kind", "id", "x-", "a", " a", "ab", "the", " the",
    "tion", "é", "漢字", "漢", "👍", " 👍a", "@", ".com", 'a"', 'ab",', 'the"}', '漢"', 'é":', 'x":"',
    '":1,"', "1}", "1]", '1,"', "0,", "5}",
  ];
  // Halves of characters, with what comes before or after.
  const halves = ["e6bc", "bca2", "a222", "61c3", "a9227d", "f09f", "918d"].map((hex) =>
    Buffer.from(hex, "hex"),
  );
  const encoder = new TextEncoder();
  const tokens = [
    ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    ...pieces.map((piece) => encoder.encode(piece)),
    ...halves,
    new Uint8Array(),
    new Uint8Array(),
  ];
  return { size: tokens.length, tokenBytes: (id) => tokens[id], endTokens: [tokens.length - 1] };
}

/** The ids of a mask. */
export function idsOf(mask: Uint32Array): number[] {
  const ids: number[] = [];
  for (let id = 0; id < mask.length * 32; id++) if ((mask[id >> 5] >>> (id & 31)) & 1) ids.push(id);
  return ids;
}

/**
 * Draws an answer; the text, or undefined where it has not come to an end after `most` tokens.
 *
 * check  how often, of all steps, each token is tried by itself against the mask
 */
export function drawAnswer(
  constraint: Constraint,
  vocabulary: ConstraintVocabulary,
  random: Random,
  options: { most: number; check: number },
): string | undefined {
  const mask = new Uint32Array(Math.ceil(vocabulary.size / 32));
  const state = constraint.start();
  const bytes: number[] = [];
  const [end] = vocabulary.endTokens;
  for (let step = 0; step < options.most; step++) {
    state.mask(mask);
    const allowed = idsOf(mask);
    assert.ok(allowed.length > 0, "a dead end");
    if (random.uniform() < options.check) {
      for (let id = 0; id < vocabulary.size; id++) {
        const alone = state.fork();
        assert.equal(alone.accept(id), allowed.includes(id), `token ${id} after ${Buffer.from(bytes)}`);
      }
    }
    if (allowed.includes(end) && random.uniform() < 0.5) return Buffer.from(bytes).toString();
    // Mostly one that brings the answer nearer to its end; later on a bracket that closes where there is one.
    const text = (id: number) => Buffer.from(vocabulary.tokenBytes(id)).toString();
    const last = step > options.most / 2 ? allowed.filter((id) => /^[}\]]$/.test(text(id))) : [];
    const closing = last.length > 0 ? last : allowed.filter((id) => /["}\]]/.test(text(id)));
    const choices = closing.length > 0 && random.uniform() < 0.6 ? closing : allowed;
    const id = choices[random.integer(choices.length)];
    if (id === end) return Buffer.from(bytes).toString();
    assert.ok(state.accept(id));
    for (const byte of vocabulary.tokenBytes(id)) bytes.push(byte);
  }
  return undefined;
}
