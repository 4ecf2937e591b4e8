// A message is no longer than can be read, whatever a file calls its tensors.
import assert from "node:assert/strict";
import { it } from "node:test";
import { BaimoError } from "./errors.ts";

it("a message that quotes a megabyte keeps its beginning and its end", () => {
  const { message } = new BaimoError(
    "format",
    `tensor "${"x".repeat(1 << 20)}" is missing; download the file again`,
  );
  assert.ok(message.length < 2000);
  assert.match(message, /^tensor "xxx.* … .*xxx" is missing; download the file again$/);
  const short = "model.gguf: has no tensors";
  assert.equal(new BaimoError("format", short).message, short);
});
