// Where the built kernel modules are, seen from built code or from its source.
const fromSource = import.meta.url.endsWith(".ts");
const folder = new URL(fromSource ? "../../../dist/src/kernels/" : "../", import.meta.url);

/** The file of one part in one build, such as "core.simd". */
export const kernelUrl = (name: string): URL => new URL(`kernels.${name}.wasm`, folder);
