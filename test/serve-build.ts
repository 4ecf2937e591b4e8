// Serves the built project to a browser, for tests of the engine in a page.
import { createReadStream, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join } from "node:path";
import { root } from "./places.ts";

const types: Record<string, string> = { ".js": "text/javascript", ".wasm": "application/wasm" };

const html =
  '<!doctype html><title>engine</title><link rel="icon" href="data:,">' +
  '<script type="module">import { load } from "./src/index.js"; globalThis.load = load;</script>';

/** Serves the built project and a model; below /isolated with the headers that shared memory asks for. */
export function serveBuild(model: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname.startsWith("/isolated/")) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    const path = pathname.replace(/^\/(isolated|plain)/, "");
    if (path === "/") {
      response.setHeader("content-type", "text/html");
      return response.end(html);
    }
    const file = path === "/model.gguf" ? model : join(root, "dist", path);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.statusCode = 404;
      return response.end();
    }
    response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream");
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
