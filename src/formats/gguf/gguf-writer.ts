// Writes GGUF version 3.
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
import { BaimoError } from "../../errors.ts";
import { isArrayLike, kindOf, required, signal, withDefault } from "../../option-kinds.ts";
import { call, isPlain, readFields, readOptions, type TableOf } from "../../options.ts";
import { dtypes } from "../../tensor/dtype.ts";
import {
  planTensors,
  type TensorToWrite,
  tensorsKind,
  type WriteTarget,
  withSink,
  writeTensorData,
} from "../sources/file-sink.ts";
import { ARRAY_TYPE, type MetadataValue, type ScalarType, scalarTypes } from "./metadata.ts";

/** A value with its type said, where the one inferred would not do: { type: "UINT64", value: 3 }, { type: "BOOL[]", value: [] }. */
export interface TypedMetadataValue {
  type: ScalarType | `${ScalarType}[]`;
  value: MetadataValue;
}

/** What a GGUF file is made of. */
export interface GgufContent {
  /**
   * A whole number becomes UINT32, INT32, UINT64 or INT64, whichever first holds it; other numbers FLOAT32; typed arrays
   * keep their type; lists of whole numbers become INT32, of other numbers FLOAT32.
   */
  metadata:
    | ReadonlyMap<string, MetadataValue | TypedMetadataValue>
    | Readonly<Record<string, MetadataValue | TypedMetadataValue>>;
  /** All descriptions are read before the first byte is written; `data` functions are called one after another. */
  tensors: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>;
}

/** Options of `writeGguf`. */
export interface WriteGgufOptions {
  /** Tensors begin at multiples of this; a power of two. Default 32. */
  alignment?: number;
  signal?: AbortSignal;
}

/** The same, declared. */
export const writeGgufTable = {
  alignment: withDefault(
    kindOf(
      "number",
      "a power of two from 1 to 65,536",
      (value) => typeof value === "number",
      (value) => value >= 1 && value <= 1 << 16 && (value & (value - 1)) === 0 && Number.isInteger(value),
    ),
    32,
  ),
  signal,
} satisfies TableOf<WriteGgufOptions>;

/** What is to be written, declared. */
const contentTable = {
  metadata: required(
    kindOf(
      "metadata",
      "an object or a Map of keys and values",
      (value): value is GgufContent["metadata"] => value instanceof Map || isPlain(value),
    ),
  ),
  tensors: tensorsKind,
} satisfies TableOf<GgufContent>;

/**
 * Writes a GGUF file. At a path it appears only when all of it is written.
 *
 * @throws {BaimoError} `request` for names or values that GGUF cannot hold, `shape` for data of another length
 */
export async function writeGguf(
  target: WriteTarget,
  content: GgufContent,
  options: WriteGgufOptions = {},
): Promise<void> {
  const door = call("writeGguf");
  const { alignment, signal } = readOptions(options, writeGgufTable, door);
  const given = readFields(content, contentTable, { name: "content", prefix: "content." }, door);
  const tensors = await planTensors(given.tensors, door);
  const pairs = new Map<string, MetadataValue | TypedMetadataValue>(
    given.metadata instanceof Map ? given.metadata : Object.entries(given.metadata),
  );
  if (alignment === 32) pairs.delete("general.alignment");
  else pairs.set("general.alignment", { type: "UINT32", value: alignment });

  const header = createByteWriter();
  header.u32(0x46554747); // "GGUF"
  header.u32(3);
  header.u64(BigInt(tensors.length));
  header.u64(BigInt(pairs.size));
  for (const [key, value] of pairs) {
    metadataKey.read(key, "a key of content.metadata", door);
    header.text(key);
    const { type, value: plain } = isTyped(value) ? value : { type: inferType(value, key), value };
    writeValue(header, type, plain, key);
  }
  const padding = (at: number) => (alignment - (at % alignment)) % alignment;
  let offset = 0;
  for (const { name, dtype, shape, byteLength } of tensors) {
    const info = dtypes[dtype];
    if (!("ggml" in info))
      throw new BaimoError("request", `tensor "${name}": GGUF has no element type ${dtype}`);
    // ggml keeps names in 64 bytes with a zero at the end.
    if (name === "" || new TextEncoder().encode(name).length > 63) {
      throw new BaimoError(
        "request",
        `tensor name "${name}" is empty or longer than the 63 bytes that ggml takes`,
      );
    }
    if (shape.length < 1 || shape.length > 4) {
      throw new BaimoError("shape", `tensor "${name}" has ${shape.length} dimensions; GGUF takes 1 to 4`);
    }
    header.text(name);
    header.u32(shape.length);
    for (const n of [...shape].reverse()) header.u64(BigInt(n));
    header.u32(info.ggml);
    header.u64(BigInt(offset));
    offset += byteLength + padding(byteLength);
  }
  header.bytes(new Uint8Array(padding(header.length)));

  await withSink(target, signal, async (put) => {
    await put(header.finish());
    for (const tensor of tensors) {
      await writeTensorData(tensor, put);
      const gap = padding(tensor.byteLength);
      if (gap > 0) await put(new Uint8Array(gap));
    }
  });
}

const metadataKey = kindOf(
  "text",
  "a string of 1 to 65,535 bytes",
  (value) => typeof value === "string",
  (value) => value !== "" && new TextEncoder().encode(value).length <= 65_535,
);

const isTyped = (value: MetadataValue | TypedMetadataValue): value is TypedMetadataValue =>
  isPlain(value) && "type" in value;

function inferType(value: MetadataValue, key: string): TypedMetadataValue["type"] {
  switch (typeof value) {
    case "string":
      return "STRING";
    case "boolean":
      return "BOOL";
    case "bigint":
      return value < 0n ? "INT64" : "UINT64";
    case "number":
      if (!Number.isInteger(value)) return "FLOAT32";
      if (value < 0) return value >= -(2 ** 31) ? "INT32" : "INT64";
      return value < 2 ** 32 ? "UINT32" : "UINT64";
  }
  if (value instanceof Uint8Array) return "UINT8[]";
  if (value instanceof Int8Array) return "INT8[]";
  if (value instanceof Uint16Array) return "UINT16[]";
  if (value instanceof Int16Array) return "INT16[]";
  if (value instanceof Uint32Array) return "UINT32[]";
  if (value instanceof Int32Array) return "INT32[]";
  if (value instanceof Float32Array) return "FLOAT32[]";
  if (value instanceof Float64Array) return "FLOAT64[]";
  if (value instanceof BigUint64Array) return "UINT64[]";
  if (value instanceof BigInt64Array) return "INT64[]";
  if (Array.isArray(value) && value.length > 0) {
    if (value.every((v) => typeof v === "string")) return "STRING[]";
    if (value.every((v) => typeof v === "boolean")) return "BOOL[]";
    if (value.every((v) => typeof v === "number")) {
      return value.every((v) => Number.isInteger(v) && Math.abs(v) < 2 ** 31) ? "INT32[]" : "FLOAT32[]";
    }
  }
  throw new BaimoError(
    "request",
    `metadata "${key}": no GGUF type can be inferred for it; give { type, value }, with a type such as "STRING[]"`,
  );
}

/** The least and greatest of the integer types. */
const integerRange: Partial<Record<ScalarType, readonly [bigint, bigint]>> = {
  UINT8: [0n, 2n ** 8n - 1n],
  INT8: [-(2n ** 7n), 2n ** 7n - 1n],
  UINT16: [0n, 2n ** 16n - 1n],
  INT16: [-(2n ** 15n), 2n ** 15n - 1n],
  UINT32: [0n, 2n ** 32n - 1n],
  INT32: [-(2n ** 31n), 2n ** 31n - 1n],
  UINT64: [0n, 2n ** 64n - 1n],
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
};

function writeValue(
  header: ByteWriter,
  type: TypedMetadataValue["type"],
  value: MetadataValue,
  key: string,
): void {
  const isList = typeof type === "string" && type.endsWith("[]");
  const element = (isList ? type.slice(0, -2) : type) as ScalarType;
  if (typeof type !== "string" || !Object.hasOwn(scalarTypes, element)) throw mismatch(String(type), key);
  if (isList) {
    if (!isArrayLike(value)) throw mismatch(type, key);
    const list = value as ArrayLike<MetadataValue>;
    header.u32(ARRAY_TYPE);
    header.u32(scalarTypes[element]);
    header.u64(BigInt(list.length));
    for (let i = 0; i < list.length; i++) writeScalar(header, element, list[i], key);
    return;
  }
  header.u32(scalarTypes[element]);
  writeScalar(header, element, value, key);
}

const mismatch = (type: string, key: string) =>
  new BaimoError("request", `metadata "${key}" does not fit the GGUF type ${type}`);

function writeScalar(header: ByteWriter, type: ScalarType, value: MetadataValue, key: string): void {
  if (type === "STRING") {
    if (typeof value !== "string") throw mismatch(type, key);
    header.text(value);
  } else if (type === "BOOL") {
    if (typeof value !== "boolean") throw mismatch(type, key);
    header.bytes(Uint8Array.of(value ? 1 : 0));
  } else if (type === "FLOAT32" || type === "FLOAT64") {
    if (typeof value !== "number") throw mismatch(type, key);
    header.float(value, type === "FLOAT32" ? 4 : 8);
  } else {
    if (typeof value !== "bigint" && !Number.isInteger(value)) throw mismatch(type, key);
    const whole = BigInt(value as bigint | number);
    const [least, greatest] = integerRange[type]!;
    if (whole < least || whole > greatest) throw mismatch(`${type} (${least} to ${greatest})`, key);
    const bytes = { 8: 1, 16: 2, 32: 4, 64: 8 }[type.replace(/\D+/, "")]!;
    header.integer(whole, bytes);
  }
}

interface ByteWriter {
  readonly length: number;
  u32(value: number): void;
  u64(value: bigint): void;
  integer(value: bigint, bytes: number): void;
  float(value: number, bytes: 4 | 8): void;
  /** A length of 64 bits, then UTF-8. */
  text(value: string): void;
  bytes(value: Uint8Array): void;
  finish(): Uint8Array;
}

/** Little-endian bytes in an array that doubles as it fills. */
function createByteWriter(): ByteWriter {
  let buffer = new Uint8Array(64 << 10);
  let view = new DataView(buffer.buffer);
  let length = 0;
  const encoder = new TextEncoder();
  const room = (bytes: number): number => {
    if (length + bytes > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, length + bytes));
      larger.set(buffer);
      buffer = larger;
      view = new DataView(buffer.buffer);
    }
    length += bytes;
    return length - bytes;
  };
  const writer: ByteWriter = {
    get length() {
      return length;
    },
    u32(value) {
      const at = room(4);
      view.setUint32(at, value, true);
    },
    u64(value) {
      const at = room(8);
      view.setBigUint64(at, value, true);
    },
    integer(value, bytes) {
      const at = room(bytes);
      for (let i = 0; i < bytes; i++) buffer[at + i] = Number((value >> BigInt(8 * i)) & 255n);
    },
    float(value, bytes) {
      const at = room(bytes);
      if (bytes === 4) view.setFloat32(at, value, true);
      else view.setFloat64(at, value, true);
    },
    text(value) {
      const encoded = encoder.encode(value);
      writer.u64(BigInt(encoded.length));
      writer.bytes(encoded);
    },
    bytes(value) {
      const at = room(value.length);
      buffer.set(value, at);
    },
    finish: () => buffer.subarray(0, length),
  };
  return writer;
}
