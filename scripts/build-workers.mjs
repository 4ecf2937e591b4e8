// Makes one file of the modules of a worker thread: reading sixty takes 40 ms of its start.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "rolldown";

const source = resolve(import.meta.dirname, "../dist/src");

/** The workers of which every thread of an engine starts one. */
for (const name of ["generate/worker.js", "models/weights/packing-worker.js", "train/worker.js"]) {
  const file = join(source, name);
  await build({
    input: file,
    platform: "node",
    output: { file, format: "esm", codeSplitting: false },
    logLevel: "warn",
  });
  // A file that lies beside a module would be looked for beside the worker.
  if (readFileSync(file, "utf8").includes("import.meta")) throw new Error(`${name} looks for files`);
}
