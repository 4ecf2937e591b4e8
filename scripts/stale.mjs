// Finds built files that are older than their sources.
import { statSync } from "node:fs";
import { join, relative } from "node:path";
import { listFiles } from "./list-files.mjs";

const isKernel = (name) => name.endsWith(".as.ts");
const isPage = (name) => /\.(svelte|ts|css|html|svg|json)$/.test(name);

/** When a file was written, in milliseconds; 0 where there is none. */
const written = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Steps of scripts/build.mjs that must run again, each with one of the files that are the reason. */
export function findStale(root) {
  const sources = ["src", "test"].flatMap((folder) =>
    listFiles(join(root, folder), (name) => name.endsWith(".ts")),
  );
  const kernels = listFiles(join(root, "dist/src/kernels"), (name) => name.endsWith(".wasm"));
  const pages = listFiles(join(root, "web/src"), isPage);
  const page = written(join(root, "web/dist/index.html"));
  const app = written(join(root, "dist/app/service-worker.js"));
  const oldest = Math.min(...kernels.map(written));
  const builtOf = (path) => join(root, "dist", relative(root, path).replace(/\.ts$/, ".js"));
  const stale = {
    types: sources.find((path) => !isKernel(path) && written(path) > written(builtOf(path))),
    kernels: sources.find((path) => isKernel(path) && written(path) > oldest),
    page: pages.find((path) => written(path) > page),
    app: pages.find((path) => written(path) > app),
  };
  return Object.entries(stale)
    .filter(([, path]) => path !== undefined)
    .map(([step, path]) => ({ step, file: relative(root, path) }));
}
