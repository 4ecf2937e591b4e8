// How the page is built: Svelte 5 into web/dist, nothing inline (content security policy).
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

export default defineConfig({
  base: "./",
  plugins: [oneFormat, svelte({ compilerOptions: { runes: true } })],
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
