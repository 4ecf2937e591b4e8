// A browser, a store and a server with the page, for tests of what the page does with them.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { createHandler, type Handler } from "../src/serve/index.ts";
import { type Listening, listen, openPage } from "../src/serve/node.ts";
import type { HandlerOptions } from "../src/serve/options.ts";
import { openStore } from "../src/store/open-store.ts";
import type { Store } from "../src/store/store.ts";
import { isLong } from "../src/test-long.ts";
import { keepPicture, openBrowser, visitPage } from "./browser.ts";
import { root } from "./places.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Every width in both themes, or one of each. */
const looks = isLong
  ? [390, 820, 1440].flatMap((width) => [
      { width, theme: "light" as const },
      { width, theme: "dark" as const },
    ])
  : [
      { width: 1440, theme: "light" as const },
      { width: 390, theme: "dark" as const },
    ];

/** A server with the page, and what looks at it. */
export interface PageServer {
  readonly url: string;
  readonly store: Store;
  /** Opens a page in a context of its own; requests that the server refuses are no errors of the page. */
  visit(run: (page: Page) => Promise<void>, options?: BrowserContextOptions): Promise<void>;
  close(): Promise<void>;
}

/** Starts both. `options` are made over a store of its own, and may say where the server is. */
export async function startPageServer(
  options: (store: Store, url: string) => HandlerOptions,
): Promise<PageServer> {
  const folder = mkdtempSync(join(tmpdir(), "baimo-page-"));
  const store = await openStore(folder);
  const closing = new AbortController();
  const page = await openPage(join(root, "web", "dist"));
  let handler: Handler;
  const server: Listening = await listen((request) => handler(request), { port: 0 });
  handler = createHandler({ ...options(store, server.url), page, signal: closing.signal });
  const browser = await openBrowser();
  return {
    url: server.url,
    store,
    visit: (run, given = {}) =>
      visitPage(browser, server.url, given, run, (message) => message.startsWith("Failed to load resource")),
    async close() {
      closing.abort();
      await server.close();
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

interface Axe {
  axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
}

/** What a theme and a width can break. */
const LOOK_RULES = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"];

/**
 * Holds what the page shows to having no fault that axe finds and nothing beside the window. Another look at the same view
 * asks only the rules that looks can break, but in the long run.
 */
export async function look(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()!;
  for (const [i, { width, theme }] of looks.entries()) {
    await page.setViewportSize({ width, height: width < 800 ? 844 : 900 });
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
    await keepPicture(page, `${name}-${width}-${theme}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${name}: ${wide} px beside a window of ${width}`);
    if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
    const problems = await page.evaluate(
      async (options) => {
        const { violations } = await (globalThis as unknown as Axe).axe.run(options);
        return violations.map(({ id, nodes }) => [id, nodes[0]?.html]);
      },
      i === 0 || isLong ? {} : { runOnly: LOOK_RULES },
    );
    assert.deepEqual(problems, [], `${name} at ${width} in ${theme}`);
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
}
