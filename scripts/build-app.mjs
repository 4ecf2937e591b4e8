// Builds dist/app, the page with its engine: a folder that any host of static files can serve.
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { build } from "rolldown";
import { pagePolicy } from "../dist/src/serve/page-policy.js";
import { listFiles } from "./list-files.mjs";

const root = resolve(import.meta.dirname, "..");
const browser = join(root, "dist/browser");
const tab = join(root, "web/src/tab");
const out = join(root, "dist/app");

rmSync(out, { recursive: true, force: true });
cpSync(join(root, "web/dist"), out, { recursive: true });
copyFileSync(join(root, "assets/poet.gguf"), join(out, "assets/poet.gguf"));
copyFileSync(join(browser, "LICENSES.txt"), join(out, "LICENSES.txt"));

await build({
  input: join(tab, "worker.ts"),
  platform: "browser",
  tsconfig: false,
  resolve: {
    alias: {
      baimo$: join(browser, "index.js"),
      "baimo/formats": join(browser, "formats.js"),
      "baimo/serve": join(browser, "serve.js"),
      "baimo/train": join(browser, "train.js"),
    },
  },
  checks: { ineffectiveDynamicImport: false },
  output: {
    dir: join(out, "assets/engine"),
    format: "esm",
    minify: true,
    chunkFileNames: "[name]-[hash].js",
  },
});

// A host of files may send no headers. What a page alone can say of frames, no element can.
const index = join(out, "index.html");
const policy = pagePolicy.filter((rule) => !rule.startsWith("frame-ancestors")).join("; ");
const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}" />`;
writeFileSync(index, readFileSync(index, "utf8").replace("<meta charset", `${meta}\n    <meta charset`));

const files = listFiles(out, () => true).map((file) => relative(out, file).replaceAll("\\", "/"));
const hash = createHash("sha256");
for (const file of files) hash.update(file).update(readFileSync(join(out, file)));
await build({
  input: join(tab, "service-worker.ts"),
  transform: {
    define: { FILES: JSON.stringify(files), VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)) },
  },
  output: { file: join(out, "service-worker.js"), format: "iife", minify: true },
});
const bytes = files.reduce((sum, file) => sum + readFileSync(join(out, file)).length, 0);
console.log(`app: ${files.length} files, ${bytes.toLocaleString("en")} bytes`);
