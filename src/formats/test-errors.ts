// Test support: asserts that a call fails with a BaimoError of a code and message.
import assert from "node:assert/strict";
import { BaimoError } from "../errors.ts";

/** What `assert.throws` and `assert.rejects` take: a BaimoError of this code, whose message says this. */
export const is = (code: string, message: RegExp) => (e: unknown) => {
  assert.ok(e instanceof BaimoError, String(e));
  assert.equal(e.code, code, e.message);
  assert.match(e.message, message);
  return true;
};
