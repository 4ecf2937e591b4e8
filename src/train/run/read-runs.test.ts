// Logs of runs as curves: thinned, a line that is being written left out, several runs of a folder.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { listRuns, readCurves } from "./read-runs.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-logs-"));
after(() => rmSync(folder, { recursive: true }));

test("runs of a folder, their curves, their samples", () => {
  for (const name of ["first", "second", "no-run"]) mkdirSync(join(folder, name));
  const log = join(folder, "first", "log.jsonl");
  const lines = Array.from({ length: 1200 }, (_, i) => ({ _step: i + 1, "train/loss": 5 - i / 1000 }));
  writeFileSync(log, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  appendFileSync(
    log,
    `${JSON.stringify({ _step: 1200, "eval/loss": 4.5 })}\nnot JSON\n[1]\n{"_step": 1201, "tra`,
  );
  writeFileSync(join(folder, "first", "run.json"), JSON.stringify({ stage: "sft", model: "m", steps: 2000 }));
  const sample = { "sample/prompt": "?", "sample/answer": "!", "sample/reward": 0.5 };
  writeFileSync(
    join(folder, "second", "log.jsonl"),
    JSON.stringify({ _step: 1, "train/loss": "NaN", ...sample }),
  );

  const [first, second] = listRuns(folder);
  assert.deepEqual(
    [first.name, first.stage, first.steps, first.done, first.loss, first.heldOut],
    ["first", "sft", 2000, 1200, 5 - 1199 / 1000, 4.5],
  );
  assert.deepEqual([second.name, second.done, second.loss], ["second", 1, null]);
  const { series } = readCurves(folder, "first");
  assert.deepEqual(series.loss.steps.slice(-2), [1197, 1200]);
  assert.equal(series.loss.steps.length, 400);
  assert.deepEqual(series.heldOut, { steps: [1200], values: [4.5] });
  const { samples } = readCurves(folder, "second");
  assert.deepEqual(samples, [{ step: 1, prompt: "?", answer: "!", reward: 0.5 }]);
  assert.equal(listRuns(join(folder, "second"))[0].name, "second");
  assert.throws(() => readCurves(folder, "../second"), /has no run/);
  assert.throws(() => listRuns(join(folder, "none")), /no such folder/);
});
