// Where tests find a browser (Chromium), how they start it, and how they visit a page.
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { isLong } from "../src/test-long.ts";
import { root } from "./places.ts";

const browsers = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
export const executablePath = browsers.find((path) => path && existsSync(path));
/** Why tests of the page are skipped, or false. */
export const noBrowser = executablePath
  ? false
  : "no Chromium here; install it (Debian: apt-get install chromium) or set CHROMIUM_PATH";

/**
 * What a window has that no test looks at: two pages of its address bar, and a process kept for the next page. They are
 * half of what a visit costs. The others are Playwright's choice, which this replaces.
 */
const unused = [
  "WebUIOmniboxPopup",
  "WebUIOmniboxAimPopup",
  "SpareRendererForSitePerProcess",
  "AimEnabled",
  "LensOverlay",
  "MediaRouter",
  "NetworkTimeServiceQuerying",
  "OptimizationHints",
  "PreconnectToSearch",
  "DestroyProfileOnBrowserClose",
  "HttpsFirstBalancedModeAutoEnable",
  "HttpsUpgrades",
  "PaintHolding",
];

/** No sandbox, since containers run as root without user namespaces; the rest keeps the browser off the network. */
export const browserArguments = [
  `--disable-features=${unused.join()}`,
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** The same with WebGPU on Chromium's software adapter. */
export const gpuArguments = [
  ...browserArguments.filter((argument) => argument !== "--disable-gpu"),
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];
export const desk = { width: 1280, height: 800 };
export const phone = { width: 360, height: 740 };

let opened: Promise<Browser> | undefined;

/** The one browser of a process: files of tests that share the process share it, each visit with a context of its own. */
export function openBrowser(): Promise<Browser> {
  opened ??= chromium.launch({ executablePath, args: browserArguments });
  return opened;
}
after(async () => (await opened)?.close());

/** In the long run keeps a picture of what a page shows, for people to look at. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  if (!isLong) return;
  const folder = join(root, "test", "screenshots");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Opens a page in a context of its own, runs, and holds the page to having raised no error but those left out. */
export async function visitPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  run: (page: Page) => Promise<void>,
  leaveOut: (message: string) => boolean = () => false,
): Promise<void> {
  const context = await browser.newContext({
    viewport: desk,
    locale: "en-US",
    reducedMotion: "reduce",
    ...options,
  });
  // Less than the runner gives a test; other work may slow the browser.
  context.setDefaultTimeout(Number(process.env.BAIMO_PAGE_SECONDS ?? 240) * 1000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !leaveOut(message.text())) errors.push(message.text());
  });
  try {
    await page.goto(url);
    await run(page);
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}
