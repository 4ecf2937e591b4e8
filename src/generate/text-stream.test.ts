// The text stream: stop strings across tokens, split characters, which tokens are reported.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../random.ts";
import { createTextStream, type TextDelta } from "./text-stream.ts";

/** A tokenizer in which an id stands for the bytes given here; ids below 0 are special and have no text. */
function bytesTokenizer(pieces: readonly Uint8Array[]) {
  return {
    createDecodeStream() {
      const decoder = new TextDecoder("utf-8");
      return {
        push: (id: number) => (id < 0 ? "" : decoder.decode(pieces[id], { stream: true })),
        flush: () => decoder.decode(),
      };
    },
  };
}

/** Cuts a text's bytes at the given places and streams the pieces. */
function stream(bytes: Uint8Array, cuts: readonly number[], stop: readonly string[]): TextDelta[] {
  const ends = [...cuts, bytes.length];
  const pieces = ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
  const text = createTextStream(bytesTokenizer(pieces), { stop });
  const deltas = pieces.map((_, id) => text.push({ id }));
  return [...deltas, text.flush()];
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const textOf = (deltas: readonly TextDelta[]) => deltas.map((delta) => delta.text).join("");
const tokensOf = (deltas: readonly TextDelta[]) => deltas.flatMap((delta) => delta.tokens.map((t) => t.id));
const stopOf = (deltas: readonly TextDelta[]) => deltas.find((delta) => delta.stopped)?.stopped;

/** The definition: read character by character, end where a stop string is complete first. */
function reference(text: string, stops: readonly string[]): { text: string; stopped?: string } {
  for (let end = 1; end <= text.length; end++) {
    const complete = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    if (complete.length > 0) {
      const stopped = complete.reduce((a, b) => (b.length > a.length ? b : a));
      return { text: text.slice(0, end - stopped.length), stopped };
    }
  }
  return { text };
}

test("without stop strings all text and all tokens come, at once", () => {
  const deltas = stream(utf8("hello world"), [2, 5], []);
  assert.deepEqual(
    deltas.map((delta) => delta.text),
    ["he", "llo", " world", ""],
  );
  assert.deepEqual(tokensOf(deltas), [0, 1, 2]);
});

test("half a character waits, and its tokens with it", () => {
  // 秋 is three bytes: cut after each.
  const deltas = stream(utf8("秋夜"), [1, 2, 3], []);
  assert.deepEqual(
    deltas.map((delta) => [delta.text, delta.tokens.map((t) => t.id)]),
    [
      ["", []],
      ["", []],
      ["秋", [0, 1, 2]],
      ["夜", [3]],
      ["", []],
    ],
  );
});

test("a stop string that straddles tokens is cut, and no part of it is given out", () => {
  const deltas = stream(utf8("one</s>two"), [2, 5, 6, 9], ["</s>"]);
  assert.deepEqual(
    deltas.map((delta) => delta.text),
    ["on", "e", "", "", "", ""],
  );
  assert.equal(stopOf(deltas), "</s>");
  // Token 1 ("e</") begins before the cut, "s" and ">tw" after it.
  assert.deepEqual(tokensOf(deltas), [0, 1]);
});

test("a beginning that turns out otherwise is given out with its tokens", () => {
  const deltas = stream(utf8("a\n\nb"), [1, 2, 3], ["\n\nUser:"]);
  assert.deepEqual(
    deltas.map((delta) => [delta.text, delta.tokens.map((t) => t.id)]),
    [
      ["a", [0]],
      ["", []],
      ["", []],
      ["\n\nb", [1, 2, 3]],
      ["", []],
    ],
  );
  const ended = stream(utf8("a\n\nUs"), [1, 3], ["\n\nUser:"]);
  assert.equal(textOf(ended), "a\n\nUs");
  assert.deepEqual(ended.at(-1), { text: "\n\nUs", tokens: [{ id: 1 }, { id: 2 }] });
});

test("of overlapping stop strings the one complete first ends the text, however the text is cut", () => {
  for (const cuts of [[], [1], [2], [3], [1, 2, 3]]) {
    const deltas = stream(utf8("abcd"), cuts, ["abcd", "bc"]);
    assert.equal(textOf(deltas), "a", `cuts ${cuts}`);
    assert.equal(stopOf(deltas), "bc");
  }
  const same = stream(utf8("xabc"), [2], ["bc", "abc", "c"]);
  assert.equal(textOf(same), "x");
  assert.equal(stopOf(same), "abc");
});

test("after a stop string nothing comes", () => {
  const text = createTextStream(bytesTokenizer([utf8("ab."), utf8("c")]), { stop: ["."] });
  assert.deepEqual(text.push({ id: 0 }), { text: "ab", tokens: [{ id: 0 }], stopped: "." });
  assert.deepEqual(text.push({ id: 1 }), { text: "", tokens: [] });
  assert.deepEqual(text.flush(), { text: "", tokens: [] });
});

test("tokens without text are reported once", () => {
  const text = createTextStream(bytesTokenizer([utf8("a"), utf8("b")]), { stop: [] });
  const deltas = [text.push({ id: 0 }), text.push({ id: -1 }), text.push({ id: 1 }), text.push({ id: -1 })];
  assert.deepEqual(tokensOf([...deltas, text.flush()]), [0, -1, 1, -1]);
});

test("random texts, cuts and stop strings agree with the definition", () => {
  const seed = 20;
  const random = createRandom(seed);
  const alphabet = ["a", "b", "秋", "😀"];
  const word = (length: number) =>
    Array.from({ length }, () => alphabet[random.integer(alphabet.length)]).join("");
  for (let round = 0; round < 2000; round++) {
    const bytes = utf8(word(1 + random.integer(12)));
    const cuts = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1).filter(
      () => random.uniform() < 0.5,
    );
    const stops = Array.from({ length: random.integer(3) }, () => word(1 + random.integer(4)));
    const deltas = stream(bytes, cuts, stops);
    const where = `seed ${seed}, round ${round}`;
    const expected = reference(new TextDecoder().decode(bytes), stops);
    assert.equal(textOf(deltas), expected.text, where);
    assert.equal(stopOf(deltas), expected.stopped, where);
    for (const delta of deltas) assert.doesNotMatch(delta.text, /\p{Surrogate}|\ufffd/u, where);
    const ids = tokensOf(deltas);
    assert.deepEqual(ids, [...ids.keys()], `${where}: every token once, in order`);
    if (expected.stopped === undefined) assert.equal(ids.length, cuts.length + 1, where);
  }
});
