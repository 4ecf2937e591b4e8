// Work of the page in headless Chromium: a saved task with a write, a request in words, the report.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openJournal, openTools } from "../src/dispatch/index.ts";
import { openDispatcher } from "../src/serve/dispatcher/open-dispatcher.ts";
import { openAny } from "../src/store/open-database.ts";
import { noBrowser } from "./browser.ts";
import { look, type PageServer, startPageServer } from "./page-server.ts";
import { speakingModel } from "./speaking-model.ts";

const write = "update sales set fen = ? where name = ?";
const total = {
  parameters: { year: { type: "integer", minimum: 2000, maximum: 2100 } },
  nodes: [
    {
      id: "n1",
      tool: "sql.query",
      args: {
        db: "shop",
        sql: "select sum(fen) fen from sales where year = ?",
        params: [{ $parameter: "year" }],
      },
      after: [],
    },
    {
      id: "n2",
      tool: "calc",
      args: { expr: "rounded = round(fen / 100)", fen: { $from: "n1", path: "/rows/0/fen" } },
      after: [],
    },
  ],
  facts: [
    { key: "sales", node: "n1", path: "/rows/0/fen", unit: "fen", label: { en: "sales", zh: "销售额" } },
  ],
};
const price = {
  nodes: [
    {
      id: "n1",
      tool: "db.write",
      args: { db: "shop", sql: write, params: [500, "tea"] },
      after: [],
      needsApproval: true,
    },
  ],
  facts: [{ key: "changed", node: "n1", path: "/changed" }],
};

describe("work of the page", { skip: noBrowser }, () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-work-"));
  const path = join(folder, "shop.db");
  let server: PageServer;
  let close: () => Promise<void>;
  before(async () => {
    const database = await openAny(path);
    database.exec("CREATE TABLE sales (id INTEGER PRIMARY KEY, name TEXT, year INTEGER, fen INTEGER)");
    database.exec(
      "INSERT INTO sales VALUES (1, 'tea', 2025, 300), (2, 'rice', 2025, 100), (3, 'rice', 2024, 900)",
    );
    database.close();
    const opened = await openTools({ databases: { shop: { path, roles: ["clerk"], writes: [write] } } });
    const journal = await openJournal(join(folder, "journal"));
    const tasks = { "Sales of a year": total, "New price": price };
    const { dispatcher, close: end } = openDispatcher({ opened, journal, people: { "*": "clerk" }, tasks });
    close = end;
    let said = 0;
    const answers = ['{"verdict":"clarify"}', '{"missing":"period"}', '{"column":"none","text":"Sales"}'];
    const model = speakingModel("planner", () => ({ text: answers[said++] ?? "{}" }));
    const planner = Object.assign(model, { tokenizer: { chatTemplate: "", chatTemplates: new Map() } });
    server = await startPageServer((store) => ({ models: [planner], application: { store, dispatcher } }));
  });
  after(async () => {
    await server?.close();
    await close?.();
    rmSync(folder, { recursive: true });
  });

  test("a task is planned, run, and its figure opens its rows; a write waits; words are asked back", async () => {
    await server.visit(async (page) => {
      await page.getByRole("link", { name: "Work" }).click();
      await page.getByLabel("year").fill("2025");
      await page.getByRole("button", { name: "See the plan" }).click();
      await page.getByText("Writes nothing").waitFor();
      await look(page, "work-plan");
      await page.getByRole("button", { name: "Run it" }).click();
      await page.getByRole("button", { name: "4.00 yuan" }).click();
      await page.getByRole("button", { name: "Show these rows" }).click();
      await page.getByRole("cell", { name: "400" }).waitFor();
      await page.getByText("Keys of the rows that went in (2 of 2)").waitFor();
      await look(page, "work-evidence");
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByRole("article", { name: "n2" }).getByText("done").waitFor();

      await page.getByRole("link", { name: "All", exact: true }).click();
      await page.getByRole("combobox", { name: "Task" }).selectOption("New price");
      await page.getByRole("button", { name: "See the plan" }).click();
      await page.getByText("n1 would write, and asks you first").waitFor();
      await page.getByRole("button", { name: "Run it" }).click();
      await page.getByText("Rows that would change: 1").waitFor();
      await look(page, "work-approval");
      await page.getByRole("button", { name: "Allow" }).click();
      await page
        .getByText("Changed: 1")
        .or(page.getByRole("button", { name: "1", exact: true }))
        .first()
        .waitFor();

      await page.getByRole("link", { name: "All", exact: true }).click();
      await page.getByRole("link", { name: "New price" }).waitFor();
      await page.getByRole("radio", { name: "In my own words" }).check();
      await page.getByLabel("What is to be done").fill("Sales of the month?");
      await page.getByRole("button", { name: "See the plan" }).click();
      await page.getByText("Not clear yet: which period").waitFor();
      await look(page, "work-words");
    });
    const database = await openAny(path);
    const [{ fen }] = database.prepare("select fen from sales where name = 'tea'").all<{ fen: number }>();
    assert.equal(fen, 500);
    database.close();
  });

  test("runs are in one's export, and go with one's data", async () => {
    const ask = (path: string, method = "GET") => fetch(new URL(`/app/v1/${path}`, server.url), { method });
    const { work } = (await (await ask("export")).json()) as { work: { state: string; request?: string }[] };
    assert.deepEqual(
      work.map(({ state }) => state),
      ["done", "done"],
    );
    assert.equal((await ask("data", "DELETE")).status, 200);
    assert.deepEqual(((await (await ask("work")).json()) as { runs: unknown[] }).runs, []);
  });
});
