// The V8 flags that the kernel module wants while it is compiled.

/** A module with one relaxed SIMD instruction: whether it validates tells whether the engine knows the proposal. */
const relaxedModule = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2,
  253, 15, 253, 128, 2, 11,
]);

/** Whether the engine compiles relaxed SIMD. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(relaxedModule);
}

/** The V8 of Node 24. Later ones end the process or never finish when the module is compiled under these switches. */
const LAST_V8 = 13;

/**
 * Runs `compile` with V8's optimising compiler forced, so that the first token is as fast as the last (and because the
 * baseline compiler of Node 20 gets the relaxed dot product wrong); turns relaxed SIMD on in Node 20, for good.
 * With `join`, the V8 of Node 24 on x64 also makes one 256-bit instruction of two neighbouring ones where it can: the same
 * results lane by lane.
 * In other engines, and in later ones, it only runs `compile`.
 */
export async function withEngineFlags<T>(compile: () => Promise<T>, { join = true } = {}): Promise<T> {
  const setFlags = await flagSetter();
  if (!setFlags) return compile();
  const version = v8Version()!; // Node has one
  if (version > LAST_V8) return compile();
  if (!hasRelaxedSimd()) setFlags("--experimental-wasm-relaxed-simd");
  // elsewhere V8 has no such flag, and says so on the error stream
  const joining = join && version === LAST_V8 && process.arch === "x64";
  if (joining) setFlags("--experimental-wasm-revectorize");
  // lazy compilation would put the work off until after the flags are back
  setFlags("--no-liftoff");
  setFlags("--no-wasm-lazy-compilation");
  const alive = setInterval(() => {}, 1000); // a pending compilation alone does not keep Node running
  try {
    return await compile();
  } finally {
    clearInterval(alive);
    if (joining) setFlags("--no-experimental-wasm-revectorize");
    setFlags("--liftoff");
    setFlags("--wasm-lazy-compilation");
  }
}

/** Which V8 Node, or Deno, has; undefined elsewhere. */
export function v8Version(): number | undefined {
  const text = typeof process === "undefined" ? undefined : process.versions?.v8;
  return text === undefined ? undefined : Number.parseInt(text, 10);
}

/** node:v8's setFlagsFromString in Node itself; undefined elsewhere, where it is missing or does nothing. */
async function flagSetter(): Promise<((flags: string) => void) | undefined> {
  if (typeof process === "undefined" || !process.versions?.node) return undefined;
  if ("Deno" in globalThis || "Bun" in globalThis) return undefined;
  try {
    return (await import("node:v8")).setFlagsFromString;
  } catch {
    return undefined;
  }
}
