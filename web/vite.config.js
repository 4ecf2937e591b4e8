// How the page is built: Svelte 5 into web/dist, nothing inline (content security policy).
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

/** KaTeX's style sheet names each font in three formats; every browser that runs the page reads the first. */
const oneFormat = {
  name: "one-font-format",
  enforce: "pre",
  transform(code, id) {
    if (!id.includes("katex.min.css")) return undefined;
    return code.replaceAll(/,url\([^)]+\.(?:woff|ttf)\) format\("[a-z]+"\)/g, "");
  },
};

/** The encodings of Chinese, Japanese and Korean in PDFs, which PDF.js fetches one by one where a file names them. */
const characterMaps = {
  name: "character-maps",
  generateBundle() {
    const folder = join(dirname(createRequire(import.meta.url).resolve("pdfjs-dist/package.json")), "cmaps");
    for (const name of readdirSync(folder))
      this.emitFile({
        type: "asset",
        fileName: `cmaps/${name}`,
        source: readFileSync(join(folder, name)),
      });
  },
};

export default defineConfig({
  base: "./",
  plugins: [oneFormat, characterMaps, svelte({ compilerOptions: { runes: true } })],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/app": "http://127.0.0.1:8080",
      "/v1": "http://127.0.0.1:8080",
      "/tokenize": "http://127.0.0.1:8080",
      "/health": "http://127.0.0.1:8080",
    },
  },
});
