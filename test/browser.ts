// Where tests find a browser (Chromium) and how they start it.
import { existsSync } from "node:fs";

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
export const desk = { width: 1280, height: 800 };
export const phone = { width: 360, height: 740 };
