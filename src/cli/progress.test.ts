// The progress bar: what is drawn, and that work which reports once is shown, too.
import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createProgress, drawBar } from "./progress.ts";
import { createTerminal } from "./terminal.ts";

test("a bar tells label, share, amounts and speed within its width", () => {
  const state = { label: "loading", done: 512, total: 1024 };
  assert.match(drawBar(state, 0, 79), /^loading {2}█+░+ {2}50% {2}512 of 1,024$/);
  assert.match(
    drawBar({ ...state, unit: "bytes" }, 256, 79),
    /512 bytes of 1.00 KiB {2}256 bytes\/s {2}2\.0 s left$/,
  );
  assert.equal(drawBar({ label: "reading", done: 7, total: 0 }, 0, 79), "reading  7");
});

test("a report that nothing follows is drawn once the bar's patience is over, unless it is cleared before", async () => {
  const screen = new PassThrough();
  const terminal = {
    ...createTerminal(),
    showsProgress: true,
    columns: () => 80,
    writeError: (text: string) => void screen.write(text),
  };
  createProgress(terminal).update({ label: "prompt", done: 0, total: 9 });
  const cleared = createProgress(terminal);
  cleared.update({ label: "cleared", done: 0, total: 9 });
  cleared.clear();
  const keepsAlive = setInterval(() => {}, 1000); // the bar's timer does not
  const [drawn] = await once(screen, "data");
  clearInterval(keepsAlive);
  assert.match(String(drawn), /prompt {2}░+ {2}0% {2}0 of 9/);
});
