// The page in Chromium: cold start, 300 tokens/s into 200 messages: node bench/page.mjs [ROUNDS]
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { load } from "../dist/src/index.js";
import { createHandler } from "../dist/src/serve/index.js";
import { listen, openPage } from "../dist/src/serve/node.js";
import { openStore } from "../dist/src/store/index.js";
import { browserArguments, desk, executablePath } from "../dist/test/browser.js";
import { writing } from "../dist/test/writing-model.js";

const [rounds] = process.argv.slice(2).map(Number);
const MESSAGES = 200;
const TOKENS_PER_SECOND = 300;
const categories = ["toplevel", "devtools.timeline"];
const part = (at) =>
  [
    `## Part ${at}\n\n**Compound interest** is *interest* on \`interest\`: $P$ grows to\n\n$$\nA = P(1 + r)^{${at}}\n$$\n\n`,
    "| Year | Sum | What |\n| ---: | ---: | :--- |\n| 1 | 1,050.00 | first |\n| 10 | 1,628.89 | a longer cell |\n\n",
    "```js\nconst sum = (p) => p * 1.05; // a year\nfor (let i = 0; i < 10; i++) console.log(sum(i));\n```\n\n",
    "1. one with **bold** words\n2. two\n   - nested `code`\n\n> A quotation, with [a link](https://example.com) in it.\n\n",
    "A paragraph of some length goes here, so that lines are broken and words are set, as they are in most answers. \n\n",
  ].join("");
const answer = Array.from({ length: 14 }, (_, at) => part(at)).join("");

const folder = mkdtempSync(join(tmpdir(), "baimo-bench-page-"));
const store = await openStore(folder);
const model = await load("poet", { threads: 1 });
const writer = {
  ...writing(model, "writer", () => ({ text: answer, tokensPerSecond: TOKENS_PER_SECOND })),
  contextLength: 1_000_000,
  encode: async (messages) => ({ length: Math.ceil(JSON.stringify(messages).length / 4) }),
};
const page = await openPage(resolve(import.meta.dirname, "..", "web", "dist"));
const closing = new AbortController();
const handler = createHandler({
  models: new Map([["writer", writer]]),
  page,
  application: { store },
  signal: closing.signal,
});
const server = await listen(handler, { port: 0 });
const id = await fillStore(server.url);

for (let round = 0; round < (rounds || 3); round++) {
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  try {
    console.log(
      JSON.stringify({
        ...(await coldStart(browser)),
        ...(await stream(browser)),
        load: Math.round(loadavg()[0]),
      }),
    );
  } finally {
    await browser.close();
  }
}
closing.abort();
await server.close();
await store.close();
await model.dispose();
rmSync(folder, { recursive: true });

/** A conversation of so many messages, half of them rich answers. */
async function fillStore(url) {
  const id = "bench-page-conversation";
  const messages = Array.from({ length: MESSAGES }, (_, at) => ({
    id: `bench-page-${at}`,
    parent: at === 0 ? null : `bench-page-${at - 1}`,
    role: at % 2 === 0 ? "user" : "assistant",
    parts: [{ type: "text", text: at % 2 === 0 ? `Question ${at}?` : part(at) }],
    status: "done",
    created: at,
  }));
  const conversation = { id, title: "Long", leaf: messages.at(-1).id, created: 1, updated: 2, messages };
  const data = { format: "baimo.conversations", version: 1, conversations: [conversation] };
  const headers = { "content-type": "application/json" };
  const response = await fetch(new URL("/app/v1/import", url), {
    method: "POST",
    headers,
    body: JSON.stringify({ data }),
  });
  if (!response.ok) throw new Error(await response.text());
  return id;
}

/** From navigation, with nothing cached, to a character that stands in the composer. */
async function coldStart(browser) {
  const context = await browser.newContext({ viewport: desk });
  const tab = await context.newPage();
  await tab.addInitScript(() => {
    const wait = () => {
      const field = document.querySelector(".composer textarea");
      if (!field) return requestAnimationFrame(wait);
      globalThis.ready = performance.now();
    };
    wait();
  });
  await browser.startTracing(tab, { categories });
  await tab.goto(server.url);
  await tab.waitForFunction(() => globalThis.ready);
  const { cpuMs } = tasksOf(await browser.stopTracing());
  await tab.locator(".composer textarea").press("a");
  const seen = await tab.evaluate(() => ({
    interactiveMs: Math.round(globalThis.ready),
    scriptKb: Math.round(
      performance
        .getEntriesByType("resource")
        .filter(({ name }) => name.endsWith(".js"))
        .reduce((sum, { transferSize }) => sum + transferSize, 0) / 1000,
    ),
  }));
  await context.close();
  return { interactiveMs: seen.interactiveMs, cpuMs, scriptKb: seen.scriptKb };
}

/** Tasks of the page's main thread and slow keys while an answer comes, in wall clock and in processor time. */
async function stream(browser) {
  const context = await browser.newContext({ viewport: desk });
  const tab = await context.newPage();
  await tab.addInitScript(() => {
    globalThis.keys = [];
    new PerformanceObserver((list) => globalThis.keys.push(...list.getEntries())).observe({
      type: "event",
      durationThreshold: 16,
    });
  });
  await browser.startTracing(tab, { categories });
  await tab.goto(`${server.url}/#/c/${id}`);
  const articles = tab.locator("article.answer");
  const all = (count) => document.querySelectorAll("article.answer").length >= count;
  await tab.waitForFunction(all, MESSAGES / 2);
  await tab.waitForTimeout(1000);
  const opening = tasksOf(await browser.stopTracing());
  const field = tab.locator(".composer textarea");
  await field.fill("go on");
  await browser.startTracing(tab, { categories });
  await field.press("Enter");
  await articles.nth(MESSAGES / 2).waitFor();
  await field.pressSequentially("typing never waits for what is streamed into the page", { delay: 90 });
  await articles
    .nth(MESSAGES / 2)
    .locator(".facts")
    .waitFor();
  const streaming = tasksOf(await browser.stopTracing());
  const keys = await tab.evaluate(() => globalThis.keys.map(({ duration }) => duration));
  await context.close();
  const slowestKeyMs = Math.max(0, ...keys);
  return { opening, streaming, slowestKeyMs, tokens: Math.ceil(answer.length / 4) };
}

/** The tasks of the page's main thread: all together, the longest, and how many took more than 50 ms. */
function tasksOf(trace) {
  const { traceEvents } = JSON.parse(trace);
  const mains = traceEvents.filter(
    ({ name, args }) => name === "thread_name" && args.name === "CrRendererMain",
  );
  const isMain = ({ pid, tid }) => mains.some((main) => main.pid === pid && main.tid === tid);
  const tasks = traceEvents.filter((event) => /RunTask$/.test(event.name) && event.dur && isMain(event));
  let end = 0;
  // Tasks that run inside another are in its time.
  const outer = tasks
    .sort((one, other) => one.ts - other.ts)
    .filter(({ ts, dur }) => ts >= end && (end = ts + dur) > 0);
  const over = (field) => outer.filter((task) => task[field] > 50_000).length;
  const most = (field) => Math.round(Math.max(0, ...outer.map((task) => task[field] ?? 0)) / 1000);
  return {
    cpuMs: Math.round(outer.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1000),
    longestMs: most("dur"),
    longestCpuMs: most("tdur"),
    over50: over("dur"),
    over50Cpu: over("tdur"),
  };
}
