// Compiles the CPU kernels (AssemblyScript) into the two builds of the module: relaxed SIMD and plain SIMD.
import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import asc from "assemblyscript/asc";

const root = resolve(import.meta.dirname, "..");
const out = "dist/src/kernels";
mkdirSync(join(root, out), { recursive: true });

for (const [name, features] of [
  ["relaxed", "simd,relaxed-simd"],
  ["simd", "simd"],
]) {
  const file = `${out}/kernels.${name}.wasm`;
  const { error, stderr } = await asc.main([
    "src/kernels/index.as.ts",
    ...["--outFile", file, "--baseDir", root, "--enable", features, "--runtime", "stub"],
    // -O3 turns the order of the products inside out, for 20% less: V8 optimises again, within the order it is given
    ...["-O1", "--noAssert", "--importMemory", "--noExportMemory", "--use", "abort="],
  ]);
  if (error) {
    console.error(stderr.toString());
    console.error(`kernels: the ${name} build failed: ${error.message}`);
    process.exit(1);
  }
  console.log(`kernels: ${file} ${statSync(join(root, file)).size.toLocaleString("en")} bytes`);
}
