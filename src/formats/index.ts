// baimo/formats: model files, read and written, and blocks of weights, packed and unpacked. Re-exports only.
export type { ByteSource, ByteSourceDescriptor } from "./byte-source.ts";
export {
  type CachedModel,
  type CacheListing,
  listCachedModels,
  planRemoval,
  type Removal,
  removeCachedModels,
} from "./cached-models.ts";
export { type Checkpoint, type CheckpointInput, openCheckpoint } from "./checkpoint.ts";
export { dequantize, dequantizeInto } from "./dequantize.ts";
export type { TensorToWrite, WriteTarget } from "./file-sink.ts";
export { type FileType, fileTypes, readFileType } from "./file-types.ts";
export {
  type GgufContent,
  type TypedMetadataValue,
  type WriteGgufOptions,
  writeGguf,
} from "./gguf-writer.ts";
export { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from "./half.ts";
export { type PullOptions, type PullProgress, pullModel } from "./hub.ts";
export { type HubSpec, parseHubSpec } from "./hub-files.ts";
export {
  type ColumnSums,
  type ImportanceMatrix,
  openImportance,
  readImportance,
  writeImportance,
} from "./importance.ts";
export type { MetadataValue } from "./metadata.ts";
export { type ByteSourceInput, type OpenOptions, openByteSource } from "./open-byte-source.ts";
export { isQuantizable, type QuantizableType, type QuantizeOptions, quantize } from "./quantize.ts";
export {
  type QuantizeGgufOptions,
  type QuantizeProgress,
  type QuantizeSummary,
  quantizeGguf,
} from "./quantize-gguf.ts";
export {
  type SafetensorsContent,
  type WriteSafetensorsOptions,
  writeSafetensors,
  writeShardedSafetensors,
} from "./safetensors-writer.ts";
export type { TensorInfo } from "./tensor-info.ts";
