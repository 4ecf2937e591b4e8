// Compiles the CPU kernels (AssemblyScript): each part of the module in two builds, relaxed SIMD and plain SIMD.
import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import asc from "assemblyscript/asc";

const root = resolve(import.meta.dirname, "..");
const out = "dist/src/kernels";
mkdirSync(join(root, out), { recursive: true });

const entries = { core: "index", blocks: "index-blocks", k: "index-k" };
const features = { relaxed: "simd,relaxed-simd,threads", simd: "simd,threads" };

for (const [part, build] of Object.keys(entries).flatMap((one) => [
  [one, "relaxed"],
  [one, "simd"],
])) {
  const file = `${out}/kernels.${part}.${build}.wasm`;
  const { error, stderr } = await asc.main([
    `src/kernels/${entries[part]}.as.ts`,
    ...["--outFile", file, "--baseDir", root, "--enable", features[build], "--runtime", "stub"],
    // -O3 turns the order of the products inside out, for 20% less: V8 optimises again, within the order it is given
    ...["-O1", "--noAssert", "--importMemory", "--noExportMemory", "--use", "abort="],
    ...["--sharedMemory", "--maximumMemory", "65536"],
  ]);
  if (error) {
    console.error(stderr.toString());
    console.error(`kernels: ${part}, the ${build} build failed: ${error.message}`);
    process.exit(1);
  }
  console.log(`kernels: ${file} ${statSync(join(root, file)).size.toLocaleString("en")} bytes`);
}
