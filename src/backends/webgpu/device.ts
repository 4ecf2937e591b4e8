// A GPU as a device: found, named, and the memory that a model will take there.
import { BaimoError } from "../../errors.ts";
import { strideOf } from "../../kernels/module/wgsl.ts";
import { channelsOf } from "../../kernels/ops/gated-delta.wgsl.ts";
import { CHOICE_WORDS } from "../../kernels/ops/router.wgsl.ts";
import type { Allocator, Device, DeviceModel, MemoryNeeds, RunShape } from "../device.ts";
import { identify, openAdapter } from "./adapter.ts";
import { layerPageBytes } from "./cache.ts";
import { layerStateBytes } from "./delta.ts";
import { gpuMatrixBytes } from "./weights.ts";

export const webgpuDevice: Device = {
  async prepare(model, _files, { shape, memoryBytes, bankBytes, startWorkers }) {
    const { name, isSoftware } = identify(await openAdapter());
    const needs = countMemory(model, shape);
    if (memoryBytes !== undefined && needs.total > memoryBytes) {
      const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
      throw new BaimoError(
        "memory",
        `${model.name} takes ${gigabytes(needs.total)} on the GPU, but ${gigabytes(memoryBytes)} are allowed; choose a smaller ` +
          'quantisation, a shorter context, or the device "cpu"',
      );
    }
    return {
      workers: await startWorkers(1),
      setup: {
        device: "webgpu",
        expectedBytes: needs.weights + needs.experts,
        bufferBytes: bankBytes,
        samples: await model.readSamples(),
        operations: model.operations,
        cacheType: shape.cacheType,
      },
      kernels: `WGSL on ${name}`,
      warnings: isSoftware
        ? [`${name} is a processor that computes as a GPU would: the device "cpu" is many times faster`]
        : [],
      close: async () => {},
    };
  },
  count: countMemory,
};

/** What the forward pass will allocate, counted. */
function countMemory(model: DeviceModel, shape: RunShape): MemoryNeeds {
  const sizeOf = (expert: boolean) =>
    model.matrices.reduce((sum, matrix) => sum + (matrix.expert === expert ? gpuMatrixBytes(matrix) : 0), 0);
  let bytes = 0;
  const handle = { bytes: 0, pages: 0, pageBytes: 0, stateBytes: 0, tokens: 0 };
  const rows = (width: number, tokens: number) => {
    bytes += strideOf(width) * tokens * 4;
  };
  const { maxTokens } = shape;
  const allocator: Allocator = {
    ranks: 1,
    maxTokens,
    allocate(width, tokens = maxTokens) {
      rows(width, tokens);
      return { ...handle, width };
    },
    allocateSlice(partition, tokens = maxTokens) {
      rows(partition[1], tokens);
      return { ...handle, partition };
    },
    allocateCache(cache) {
      const [keys, values] = layerPageBytes(cache);
      bytes += cache.numLayers * cache.pages * (keys + values);
      return handle;
    },
    allocateDeltaState(delta) {
      const [history, memory] = layerStateBytes(delta);
      bytes += delta.numLayers * delta.sequences * (history + memory) + maxTokens * channelsOf(delta) * 4;
      return handle;
    },
    allocateMixture(mixture) {
      const choices = maxTokens * mixture.router.perToken;
      rows(mixture.inner[1], choices);
      rows(mixture.hiddenSize, choices);
      bytes += choices * CHOICE_WORDS * 4;
      return { shape: mixture };
    },
  };
  const take = () => {
    const taken = bytes;
    bytes = 0;
    return taken;
  };
  model.allocateWorkspace(allocator, shape);
  const buffers = take() + model.vectorValues * 4;
  model.allocateCaches(allocator, shape);
  const cache = take();
  const [weights, experts] = [sizeOf(false), sizeOf(true)];
  return { weights, experts, cache, buffers, total: weights + experts + cache + buffers };
}
