// Trainings of the page in headless Chromium: runs laid over one another, followed as they go on.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { load } from "../src/generate/load.ts";
import type { Model } from "../src/generate/types.ts";
import { openLoggedRuns } from "../src/train/run/read-runs.ts";
import { noBrowser } from "./browser.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { root } from "./places.ts";

describe("trainings of the page", { skip: noBrowser }, () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-trainings-"));
  const write = (name: string, from: number, to: number) => {
    mkdirSync(join(folder, name), { recursive: true });
    const sample = { "sample/prompt": "The sum of 2 and 3 is", "sample/answer": " 5", "sample/reward": 1 };
    for (let step = from; step <= to; step++) {
      const loss = (name === "poet" ? 4 : 5) * step ** -0.2;
      const more = { "train/lr": 1e-3, "train/grad_norm": 1 / step, "train/tokens_per_second": 900 + step };
      const line = { _step: step, "train/loss": loss, ...more, ...(step === 40 ? sample : {}) };
      appendFileSync(join(folder, name, "log.jsonl"), `${JSON.stringify(line)}\n`);
    }
    const about = { stage: "pretrain", model: "poet", steps: 100 };
    writeFileSync(join(folder, name, "run.json"), JSON.stringify(about));
  };
  let model: Model;
  let server: PageServer;
  before(async () => {
    write("poet", 1, 50);
    write("smaller", 1, 30);
    model = await load(join(root, "assets", "poet.gguf"), { contextLength: 256 });
    server = await startPageServer((store) => ({
      models: [model],
      application: { store, trainings: openLoggedRuns(folder) },
    }));
  });
  after(async () => {
    await server?.close();
    await model?.dispose();
    rmSync(folder, { recursive: true });
  });

  test("curves, samples, what goes on while one looks", async () => {
    await server.visit(async (page) => {
      await page.getByRole("link", { name: "Training" }).click();
      await page.getByRole("row", { name: /poet.*50 \/ 100/ }).waitFor();
      const charts = page.locator("figure");
      await charts.filter({ hasText: "Training loss" }).locator("canvas").waitFor();
      assert.equal(await charts.count(), 4);
      const lines = charts.filter({ hasText: "Training loss" }).getByRole("listitem");
      assert.deepEqual(await lines.allTextContents(), ["poet", "smaller"]);
      await page.getByText("reward 1").waitFor();
      write("smaller", 31, 35);
      await page.getByRole("row", { name: /smaller.*35 \/ 100/ }).waitFor();
      await look(page, "trainings");
      await page.getByLabel("Show poet").uncheck();
      await page.getByText("reward 1").waitFor({ state: "detached" });
      assert.deepEqual(await lines.allTextContents(), ["smaller"]);
    });
  });
});
