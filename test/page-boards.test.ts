// Boards of the page in headless Chromium: a run begun and watched, the board, documents, two runs.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { KeptRuns } from "../src/evaluate/kept-runs.ts";
import { load } from "../src/generate/load.ts";
import type { Model } from "../src/generate/types.ts";
import { noBrowser } from "./browser.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { root } from "./places.ts";

describe("boards of the page", { skip: noBrowser }, () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-boards-"));
  const evaluations = new KeptRuns({
    folder,
    includePaths: [join(root, "assets", "evaluation")],
    version: "0",
  });
  let model: Model;
  let server: PageServer;
  before(async () => {
    model = await load(join(root, "assets", "poet.gguf"), { contextLength: 256 });
    server = await startPageServer((store) => ({ models: [model], application: { store, evaluations } }));
  });
  after(async () => {
    await server?.close();
    await model?.dispose();
    rmSync(folder, { recursive: true });
  });

  test("a run is begun, watched, read and compared", async () => {
    await server.visit(async (page) => {
      await page.getByRole("link", { name: "Boards" }).click();
      await page.getByText("Nothing has been run yet.").waitFor();
      await page.getByLabel("Tasks").selectOption("poet_en_next");
      for (const limit of ["3", "4"]) {
        await page.getByLabel("Documents of each task").fill(limit);
        await page.getByRole("button", { name: "Start" }).click();
        const runs = page.getByRole("link", { name: /^Documents of .* · poet_en_next/ });
        await runs.nth(Number(limit) - 3).waitFor();
      }
      await page
        .getByRole("region", { name: "Board" })
        .getByRole("row", { name: /baimo poet \(/ })
        .nth(1)
        .waitFor();
      await page
        .getByRole("region", { name: "Compare two runs" })
        .getByRole("row", { name: /poet_en_next/ })
        .waitFor();
      await look(page, "boards");

      await page
        .getByRole("link", { name: /^Documents of/ })
        .first()
        .click();
      await page.getByText("Document 1").click();
      await page.getByText("A line of a poem:").first().waitFor();
      await look(page, "boards-documents");
      const { evaluations: kept } = await (await fetch(`${server.url}/app/v1/export`)).json();
      const [{ task, results, samples }] = kept;
      assert.deepEqual([kept.length, task, samples[task].length], [2, "poet_en_next", 4]);
      assert.ok(task in results.results);
      await page.getByRole("link", { name: "Back to the board" }).click();
      await page
        .getByRole("button", { name: /^Remove:/ })
        .first()
        .click();
      await page.getByRole("region", { name: "Compare two runs" }).waitFor({ state: "detached" });
    });
    await server.visit(
      async (page) => {
        await page.getByRole("link", { name: "评测" }).click();
        await page.getByRole("region", { name: "榜单" }).getByText("按似然").first().waitFor();
        await look(page, "boards-zh");
      },
      { locale: "zh-CN" },
    );
  });

  test("runs are their person's alone, and only tasks that are offered run", async () => {
    const [run] = evaluations.list("local");
    assert.equal(run.state, "done");
    assert.deepEqual(evaluations.list("another"), []);
    assert.equal(evaluations.stop("another", run.id), false);
    await assert.rejects(
      evaluations.documents("another", run.id, run.task, 0, 5),
      /there is no finished run/,
    );
    await assert.rejects(evaluations.compare("local", run.id, "../../x"), /there is no finished run/);
    for (const [path, status] of [
      ["evaluations/documents?run=notthere00&task=x", 400],
      [`evaluations/documents?run=${run.id}&task=x`, 400],
      [`evaluations/documents?run=${run.id}&task=poet_en_next`, 200],
    ] as const) {
      const response = await fetch(new URL(`/app/v1/${path}`, server.url));
      assert.equal(response.status, status, path);
      await response.body?.cancel();
    }
    const start = { method: "POST", headers: { "content-type": "application/json" } };
    const body = JSON.stringify({ model: model.name, task: "/etc/task.yaml" });
    const refused = await fetch(new URL("/app/v1/evaluations", server.url), { ...start, body });
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /no task that runs here is named/);
    await evaluations.forget("another");
    assert.equal(evaluations.list("local").length, 1);
    await evaluations.forget("local");
    assert.deepEqual(evaluations.list("local"), []);
  });
});
