// Builds dist/browser, the package for pages: workers and kernels inside, nothing of Node's.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { build } from "rolldown";

const root = resolve(import.meta.dirname, "..");
const source = join(root, "dist/src");
const out = join(root, "dist/browser");
const kernels = join(source, "kernels");

/** What a page cannot import fails when it is asked for, as it does where no bundler has been. */
const absent = /\bimport\("(node:[\w/]+|@huggingface\/hub|oauth4webapi|@modelcontextprotocol\/[\w/]+)"\)/g;
const worker = /new URL\("(\.\/[\w-]+\.js)", import\.meta\.url\)/g;

/** Puts the kernels, and nothing of Node's, where a page could not find them. */
const forPage = {
  name: "for-page",
  load(id) {
    if (!id.endsWith("/kernels/module/kernel-file.js")) return undefined;
    const files = readdirSync(kernels).filter((name) => name.endsWith(".wasm"));
    const entries = files.map((file) => {
      const [, name] = /^kernels\.(.+)\.wasm$/.exec(file);
      return `${JSON.stringify(name)}: () => import(${JSON.stringify(join(kernels, file))})`;
    });
    return `const files = { ${entries.join(", ")} };
      export const readKernelFile = async (name) => (await files[name]()).default;`;
  },
  transform(code, id) {
    if (!id.startsWith(source) || !id.endsWith(".js")) return undefined;
    return code.replace(absent, 'Promise.reject(new Error("there is no $1 in a page"))');
  },
};

/** Puts the code of a worker where its address stands: no two bundlers find files in the same way. */
const workersInside = {
  name: "workers-inside",
  async transform(code, id) {
    if (!id.startsWith(source) || !id.endsWith(".js")) return undefined;
    let text = code;
    for (const [whole, file] of code.matchAll(worker)) {
      const inside = JSON.stringify(await bundleWorker(join(dirname(id), file)));
      const address = `URL.createObjectURL(new Blob([${inside}], { type: "text/javascript" }))`;
      text = text.replace(whole, () => `new URL(${address})`);
    }
    return text;
  },
};

const common = {
  platform: "browser",
  plugins: [forPage],
  moduleTypes: { ".wasm": "binary" },
  checks: { ineffectiveDynamicImport: false },
  onLog(level, log, tell) {
    // A module that no page has would keep all others from loading.
    if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message);
    tell(level, log);
  },
};

/** The code of a worker thread as one module. */
async function bundleWorker(input) {
  const output = { format: "esm", minify: true, codeSplitting: false };
  const { output: chunks } = await build({ ...common, input, output, write: false });
  return chunks[0].code;
}

rmSync(out, { recursive: true, force: true });
const { output } = await build({
  ...common,
  plugins: [forPage, workersInside],
  input: Object.fromEntries(
    ["", "formats", "plan", "tokenizers", "licences", "serve", "train"].map((name) => [
      name || "index",
      join(source, name, "index.js"),
    ]),
  ),
  output: { dir: out, format: "esm", minify: true, chunkFileNames: "[name]-[hash].js" },
});

/** The licences of the packages that are inside. */
const packages = new Set(
  output.flatMap(({ moduleIds = [] }) =>
    moduleIds.map((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0]).filter(Boolean),
  ),
);
writeFileSync(
  join(out, "LICENSES.txt"),
  [...packages]
    .sort()
    .map((folder) => {
      const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      return `${name} ${version}\n\n${readFileSync(join(folder, "LICENSE"), "utf8")}`;
    })
    .join("\n\n"),
);
const bytes = output.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0);
console.log(`browser: ${output.length} files, ${bytes.toLocaleString("en")} bytes`);
