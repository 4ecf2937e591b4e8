// Many waiters, one listener; those that are released are not called.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { onAbort } from "./on-abort.ts";

test("all are called once, but those that were released", () => {
  const controller = new AbortController();
  const called: number[] = [];
  const release = Array.from({ length: 20 }, (_, i) => onAbort(controller.signal, () => called.push(i)));
  assert.equal(getEventListeners(controller.signal, "abort").length, 1);
  release[3]();
  controller.abort();
  assert.deepEqual(
    called,
    Array.from({ length: 20 }, (_, i) => i).filter((i) => i !== 3),
  );
  onAbort(controller.signal, () => called.push(99));
  assert.equal(called.length, 19);
});
