// The reference backend as a device: one worker, nothing to prepare.
import { keyDimOf } from "../../kernels/attention/kv-store.ts";
import { PAGE } from "../../tensor/backend.ts";
import type { Allocator, Device } from "../device.ts";

const VALUE_BYTES = 4;

export const referenceDevice: Device = {
  async prepare(_model, _files, { startWorkers }) {
    const workers = await startWorkers(1);
    return {
      workers,
      setup: { device: "reference" },
      kernels: "plain loops",
      warnings: [],
      close: async () => {},
    };
  },
  count(model, shape) {
    let values = 0;
    const handle = { bytes: 0, pages: 0, pageBytes: 0, stateBytes: 0, tokens: 0 };
    const allocator: Allocator = {
      ranks: 1,
      maxTokens: shape.maxTokens,
      allocate(width, tokens = shape.maxTokens) {
        values += width * tokens;
        return { ...handle, width };
      },
      allocateSlice(partition, tokens = shape.maxTokens) {
        values += partition[1] * tokens;
        return { ...handle, partition };
      },
      allocateCache(shape) {
        const { pages, numLayers, numKvHeads, valueDim } = shape;
        values += pages * PAGE * numLayers * numKvHeads * (keyDimOf(shape) + valueDim);
        return handle;
      },
      allocateDeltaState({ sequences, numLayers, keyHeads, valueHeads, keyDim, valueDim, kernel }) {
        const channels = 2 * keyHeads * keyDim + valueHeads * valueDim;
        values += sequences * numLayers * (valueHeads * keyDim * valueDim + (kernel - 1) * channels);
        return handle;
      },
      allocateMixture: (shape) => ({ shape }),
    };
    const take = () => {
      const bytes = values * VALUE_BYTES;
      values = 0;
      return bytes;
    };
    const sizeOf = (expert: boolean) =>
      model.matrices.reduce((sum, m) => sum + (m.expert === expert ? m.rows * m.cols : 0), 0) * VALUE_BYTES;
    const weights = sizeOf(false) + model.vectorValues * VALUE_BYTES;
    const experts = sizeOf(true);
    model.allocateWorkspace(allocator, shape);
    const buffers = take();
    model.allocateCaches(allocator, shape);
    const cache = take();
    return { weights, experts, cache, buffers, total: weights + experts + cache + buffers };
  },
};
