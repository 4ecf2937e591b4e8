// Types of a checkpoint's metadata: GGUF's key-value pairs and safetensors' __metadata__.

/** GGUF's value types, in the order of their numbers; "ARRAY" has the number 9. */
export const scalarTypes = {
  UINT8: 0,
  INT8: 1,
  UINT16: 2,
  INT16: 3,
  UINT32: 4,
  INT32: 5,
  FLOAT32: 6,
  BOOL: 7,
  STRING: 8,
  UINT64: 10,
  INT64: 11,
  FLOAT64: 12,
} as const;

/** The number of an array among GGUF's value types. */
export const ARRAY_TYPE = 9;

export type ScalarType = keyof typeof scalarTypes;

/** How a value is written in GGUF; "ARRAY" is a list of lists. */
export type MetadataType = ScalarType | `${ScalarType}[]` | "ARRAY";

/** A 64-bit integer is a bigint only where a number could not hold it exactly. */
export type MetadataValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array
  | readonly string[]
  | readonly boolean[]
  | readonly MetadataValue[];
