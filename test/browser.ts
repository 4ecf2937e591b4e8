// Where tests find a browser (Chromium), how they start it, and how they visit a page.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

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

/** No sandbox, since containers run as root without user namespaces; the rest keeps the browser off the network. */
export const browserArguments = [
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
