// Serves the built files of the page, read once.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { BaimoError } from "../errors.ts";
import { text } from "../option-kinds.ts";
import { call } from "../options.ts";
import { pagePolicy } from "./page-policy.ts";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};

const securityHeaders = {
  "content-security-policy": pagePolicy.join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};

/** A page has few and small files; a folder with more is not one. */
const maxFiles = 500;
const maxBytes = 64 * 1024 * 1024;

/** Answers a path with a file of the page, or undefined. */
export type Page = (path: string) => Promise<Response | undefined>;

/**
 * Reads all files of a built page and answers them from memory. A path is looked up among their names and nowhere
 * else, so no path can lead out of the folder. Names that carry a hash of their content are cached for good.
 * @throws {BaimoError} `request` for what is no path, `config` when the folder has no index.html or is too large to be a page
 */
export async function openPage(folder: string): Promise<Page> {
  text({ most: Infinity }).read(folder, "folder", call("openPage"));
  const files = new Map<string, { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> }>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new BaimoError("config", `page: cannot read ${folder}; build it with npm run build`, { cause });
  });
  let total = 0;
  for (const entry of entries.filter((each) => each.isFile())) {
    const name = join(entry.parentPath, entry.name);
    const path = name.slice(folder.length).replaceAll("\\", "/").replace(/^\/*/, "/");
    const body = new Uint8Array(await readFile(name));
    total += body.byteLength;
    if (total > maxBytes || files.size >= maxFiles) {
      throw new BaimoError(
        "config",
        `page: ${folder} holds more than a page does (${maxFiles} files, 64 MiB)`,
      );
    }
    files.set(path, {
      body,
      headers: {
        ...securityHeaders,
        "content-type": contentTypes[extname(entry.name)] ?? "application/octet-stream",
        "cache-control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
        etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
      },
    });
  }
  const index = files.get("/index.html");
  if (!index)
    throw new BaimoError("config", `page: ${folder} has no index.html; build it with npm run build`);
  files.set("/", index);
  return async (path) => {
    const file = files.get(path);
    return file && new Response(file.body, { headers: file.headers });
  };
}
