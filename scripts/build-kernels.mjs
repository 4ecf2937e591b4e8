// Compiles the CPU kernels (AssemblyScript): each module part with relaxed and with plain SIMD.
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import asc from "assemblyscript/asc";

const root = resolve(import.meta.dirname, "..");
const out = "dist/src/kernels";
mkdirSync(join(root, out), { recursive: true });

const entries = readdirSync(join(root, "src/kernels/module")).filter((name) =>
  /^index(-\w+)?\.as\.ts$/.test(name),
);
const features = { relaxed: "simd,relaxed-simd,threads", simd: "simd,threads" };

for (const [entry, build] of entries.flatMap((name) => Object.keys(features).map((one) => [name, one]))) {
  const part = entry.match(/-(\w+)/)?.[1] ?? "core";
  const file = `${out}/kernels.${part}.${build}.wasm`;
  const { error, stderr } = await asc.main([
    `src/kernels/module/${entry}`,
    "--outFile",
    file,
    "--baseDir",
    root,
    "--enable",
    features[build],
    "--runtime",
    "stub",
    // -O3 turns the order of the products inside out, for 20% less: V8 optimises again, within the order it is given
    "-O1",
    "--noAssert",
    "--importMemory",
    "--noExportMemory",
    "--use",
    "abort=",
    "--sharedMemory",
    "--maximumMemory",
    "65536",
  ]);
  if (error) {
    console.error(stderr.toString());
    console.error(`kernels: ${part}, the ${build} build failed: ${error.message}`);
    process.exit(1);
  }
  console.log(`kernels: ${file} ${statSync(join(root, file)).size.toLocaleString("en")} bytes`);
}
