// Tables in the terminal: columns, display widths, sizes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawBar } from "./progress.ts";
import { displayWidth, fitWidth, formatBytes, formatCount, formatSeconds, formatTable } from "./table.ts";

test("Chinese characters and emoji take two columns, accents none", () => {
  assert.equal(displayWidth("abc"), 3);
  assert.equal(displayWidth("秋夜"), 4);
  assert.equal(displayWidth("，。《》"), 8);
  assert.equal(displayWidth("한글カナ"), 8);
  assert.equal(displayWidth("😀"), 2);
  assert.equal(displayWidth("e\u0301"), 1);
  assert.equal(displayWidth("𠀀"), 2);
});

test("text is cut to a width, never in the middle of a character", () => {
  assert.equal(fitWidth("abcdef", 6), "abcdef");
  assert.equal(fitWidth("abcdef", 4), "abc…");
  assert.equal(fitWidth("秋夜寄邱员外", 6), "秋夜…");
  assert.equal(displayWidth(fitWidth("秋夜寄邱员外", 5)), 5);
});

test("columns align whatever is in them", () => {
  const lines = formatTable(
    [
      ["秋", "1", "x"],
      ["abcd", "100", "y"],
    ],
    { align: ["left", "right"] },
  );
  assert.deepEqual(lines, ["秋      1  x", "abcd  100  y"]);
  const cut = formatTable([["key", "a long value that does not fit"]], { width: 20 });
  assert.equal(displayWidth(cut[0]), 20);
});

test("sizes, counts and times are written for people", () => {
  assert.equal(formatBytes(512), "512 bytes");
  assert.equal(formatBytes(1536), "1.50 KiB");
  assert.equal(formatBytes(12 * 2 ** 20), "12.0 MiB");
  assert.equal(formatCount(999_999), "999,999");
  assert.equal(formatCount(1.1e9), "1.10 B");
  assert.equal(formatSeconds(0.85), "850 ms");
  assert.equal(formatSeconds(65), "1 min 05 s");
  assert.equal(formatSeconds(3 * 3600 + 120), "3 h 02 min");
});

test("a progress bar fits its line and shows what is done", () => {
  const state = {
    label: "downloading 模型.gguf",
    done: 25 * 2 ** 20,
    total: 100 * 2 ** 20,
    unit: "bytes" as const,
  };
  for (const width of [30, 60, 79, 200]) {
    assert.ok(displayWidth(drawBar(state, 2 ** 20, width)) <= width, `${width} columns`);
  }
  const bar = drawBar(state, 5 * 2 ** 20, 100);
  assert.match(bar, /25% {2}25\.0 MiB of 100\.0 MiB {2}5\.00 MiB\/s {2}15\.0 s left$/);
  const [filled, empty] = [bar.split("█").length - 1, bar.split("░").length - 1];
  assert.ok(Math.abs(filled / (filled + empty) - 0.25) < 0.05);
  assert.equal(drawBar({ label: "x", done: 7, total: 0 }, 0, 80), "x  7");
});
