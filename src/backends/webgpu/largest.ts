// The largest values of rows, found on the GPU: what is read back is what was found.
import { largestShader, largestWords } from "../../kernels/ops/largest.wgsl.ts";
import type { Largest } from "../../tensor/backend.ts";
import type { Area, Gpu } from "./gpu.ts";
import type { Rows } from "./rows.ts";

export class LargestFinder {
  readonly #gpu: Gpu;
  #found: Area | undefined;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** See `Backend.largest`; what waits has been recorded. */
  async read(x: Rows, count: number, factors: Float32Array): Promise<Largest[]> {
    const gpu = this.#gpu;
    const { tokens, width, stride } = x;
    const words = largestWords(count);
    const bytes = tokens * words * 4;
    const found = this.#roomFor(bytes);
    gpu.reserve();
    const at = gpu.put(new Uint32Array(factors.slice(0, tokens).buffer));
    const pipeline = gpu.pipeline(largestShader.name, () => largestShader);
    gpu.call(pipeline, [x.area, gpu.data, found], [width, stride, count, at], tokens);
    const answer = await gpu.read([{ area: found, at: 0, bytes }]);
    const kept = Math.min(count, width);
    return Array.from({ length: tokens }, (_, row) => {
      const from = row * words * 4;
      return {
        columns: new Int32Array(answer, from, kept),
        values: new Float32Array(answer, from + count * 4, kept),
        mass: new Float32Array(answer, from + 2 * count * 4, 1)[0],
      };
    });
  }

  #roomFor(bytes: number): Area {
    if (this.#found && this.#found.bytes >= bytes) return this.#found;
    if (this.#found) this.#gpu.freeLater(this.#found);
    this.#found = this.#gpu.allocate(bytes);
    return this.#found;
  }
}
