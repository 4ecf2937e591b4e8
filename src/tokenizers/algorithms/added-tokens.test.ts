// Added tokens in a text: found first, stripped after, the first of two of one form.
import assert from "node:assert/strict";
import { it } from "node:test";
import { type AddedToken, createAddedTokenSplitter } from "./added-tokens.ts";

const token = (id: number, content: string, given: Partial<AddedToken> = {}): AddedToken => ({
  id,
  content,
  lstrip: false,
  rstrip: false,
  singleWord: false,
  normalized: false,
  special: true,
  ...given,
});

function cut(tokens: readonly AddedToken[], text: string): (string | number)[] {
  const parts: (string | number)[] = [];
  createAddedTokenSplitter(tokens)?.(
    text,
    (part) => parts.push(part),
    (id) => parts.push(id),
  );
  return parts;
}

it("a token that stands in swallowed white space is still a token", () => {
  const tokens = [token(1, "<u>", { rstrip: true }), token(2, "\n\n"), token(3, "<l>", { lstrip: true })];
  assert.deepEqual(cut(tokens, "<u>\n\nhi"), [1, 2, "hi"]);
  assert.deepEqual(cut(tokens, "<u> \n hi \n\n <l>"), [1, "hi ", 2, 3]);
});

it("of two tokens with one form the first counts", () => {
  assert.deepEqual(cut([token(7, "<a>"), token(8, "<a>"), token(9, "<a>b")], "<a><a>b"), [7, 9]);
});
