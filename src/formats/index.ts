// baimo/formats: reading and writing model files, quantising and dequantising. Re-exports only.

export { dequantize, dequantizeInto } from "./blocks/dequantize.ts";
export { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from "./blocks/half.ts";
export { isQuantizable, type QuantizableType, type QuantizeOptions, quantize } from "./blocks/quantize.ts";
export { type Checkpoint, type CheckpointInput, openCheckpoint } from "./checkpoint.ts";
export { type FileType, fileTypes, readFileType } from "./gguf/file-types.ts";
export {
  type GgufContent,
  type TypedMetadataValue,
  type WriteGgufOptions,
  writeGguf,
} from "./gguf/gguf-writer.ts";
export {
  type ColumnSums,
  type ImportanceMatrix,
  openImportance,
  readImportance,
  writeImportance,
} from "./gguf/importance.ts";
export type { MetadataValue } from "./gguf/metadata.ts";
export {
  type QuantizeGgufOptions,
  type QuantizeProgress,
  type QuantizeSummary,
  quantizeGguf,
} from "./gguf/quantize-gguf.ts";
export {
  type CachedModel,
  type CacheListing,
  listCachedModels,
  planRemoval,
  type Removal,
  removeCachedModels,
} from "./hub/cached-models.ts";
export { pullModel } from "./hub/hub.ts";
export { type HubSpec, parseHubSpec } from "./hub/hub-files.ts";
export type { PullOptions, PullProgress } from "./hub/pull-options.ts";
export {
  type SafetensorsContent,
  type WriteSafetensorsOptions,
  writeSafetensors,
  writeShardedSafetensors,
} from "./safetensors/safetensors-writer.ts";
export type { ByteSource, ByteSourceDescriptor } from "./sources/byte-source.ts";
export type { TensorToWrite, WriteTarget } from "./sources/file-sink.ts";
export { type ByteSourceInput, type OpenOptions, openByteSource } from "./sources/open-byte-source.ts";
export type { TensorInfo } from "./tensor-info.ts";
