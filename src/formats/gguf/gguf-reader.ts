// Reads the header of a GGUF file, versions 2 and 3: metadata and where each tensor lies.
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
import { BaimoError } from "../../errors.ts";
import { grouped } from "../../grouped.ts";
import { byteLength, type DType, dtypeOfGgml, dtypes } from "../../tensor/dtype.ts";
import type { ByteSource } from "../sources/byte-source.ts";
import { createHeaderCursor, type HeaderCursor } from "../sources/header-cursor.ts";
import { elementCount, findOverlap, MAX_TENSORS, type TensorInfo } from "../tensor-info.ts";
import {
  ARRAY_TYPE,
  type MetadataType,
  type MetadataValue,
  type ScalarType,
  scalarTypes,
} from "./metadata.ts";

// Bounds on what a header may ask for. Each is more than any published file has, and together they keep the memory of a
// header within the file's size plus 64 MiB.
const MAX_PAIRS = 1 << 16;
const MAX_KEY_BYTES = 65_535; // the format's own
const MAX_NAME_BYTES = 1024; // the format says 64
const MAX_STRING_BYTES = 24 << 20; // a tokenizer.json kept whole is the longest seen
const MAX_DIMENSIONS = 4;
const MAX_ALIGNMENT = 1 << 16;
/** Strings of all arrays together; the largest vocabularies with their merges have 650,000. */
const MAX_STRINGS = 1_200_000;
const MAX_BOOLEANS = 1 << 20;
const MAX_NESTED = 4096;
const MAX_DEPTH = 4;

/** What the header of one GGUF file says. */
export interface GgufHeader {
  readonly version: number;
  readonly alignment: number;
  readonly metadata: Map<string, MetadataValue>;
  /** How each value stands in the file, which the value alone does not tell: 10000 may be a float. */
  readonly types: Map<string, MetadataType>;
  /** In the file's order. */
  readonly tensors: readonly TensorInfo[];
}

const typeNames = new Map<number, ScalarType>(
  Object.entries(scalarTypes).map(([name, number]) => [number, name as ScalarType]),
);

/** Bytes of a scalar; a string's are those of its length. */
const scalarBytes: Record<ScalarType, number> = {
  UINT8: 1,
  INT8: 1,
  UINT16: 2,
  INT16: 2,
  UINT32: 4,
  INT32: 4,
  FLOAT32: 4,
  BOOL: 1,
  STRING: 8,
  UINT64: 8,
  INT64: 8,
  FLOAT64: 8,
};

/** ggml types that this project does not read, by number, so that a message can name them. */
const otherTypes: Readonly<Record<number, string>> = {
  4: "Q4_2 (removed from ggml)",
  5: "Q4_3 (removed from ggml)",
  9: "Q8_1 (for activations)",
  15: "Q8_K (for activations)",
  31: "Q4_0_4_4 (removed from ggml; requantise to Q4_0)",
  32: "Q4_0_4_8 (removed from ggml; requantise to Q4_0)",
  33: "Q4_0_8_8 (removed from ggml; requantise to Q4_0)",
  36: "IQ4_NL_4_4 (removed from ggml; requantise to IQ4_NL)",
  37: "IQ4_NL_4_8 (removed from ggml; requantise to IQ4_NL)",
  38: "IQ4_NL_8_8 (removed from ggml; requantise to IQ4_NL)",
};

/** What is read so far counts against the bounds above. */
interface Budget {
  strings: number;
  booleans: number;
  nested: number;
}

/**
 * Reads the header of a GGUF file; tensor bytes stay in the file.
 *
 * file  the index that the tensors get, for split files
 * @throws {BaimoError} `format` when the file is not a whole, sane GGUF file of version 2 or 3
 */
export async function readGguf(
  source: ByteSource,
  { file = 0, signal }: { file?: number; signal?: AbortSignal } = {},
): Promise<GgufHeader> {
  const fail = (message: string) => new BaimoError("format", `${source.name}: ${message}`);
  const cursor = createHeaderCursor(source, signal);
  await cursor.ensure(24, "the GGUF header");
  const magic = cursor.takeBytes(4);
  if (String.fromCharCode(...magic) !== "GGUF")
    throw fail(`begins with ${describeMagic(magic)}, not with "GGUF"`);
  const version = cursor.takeU32();
  if (version !== 0 && (version & 0xffff) === 0) {
    throw fail("is a big-endian GGUF file, which is not supported; convert it with gguf_convert_endian.py");
  }
  if (version !== 2 && version !== 3) throw fail(`has GGUF version ${version}; 2 and 3 are supported`);
  const tensorCount = cursor.takeU64();
  const pairCount = cursor.takeU64();
  // The least that a tensor takes is 24 bytes, a pair 13.
  if (tensorCount > MAX_TENSORS || tensorCount * 24n > cursor.remaining) {
    throw fail(`claims ${grouped(tensorCount)} tensors, more than ${grouped(source.size)} bytes can hold`);
  }
  if (pairCount > MAX_PAIRS || pairCount * 13n > cursor.remaining) {
    throw fail(
      `claims ${grouped(pairCount)} metadata pairs, more than ${grouped(source.size)} bytes can hold`,
    );
  }

  const metadata = new Map<string, MetadataValue>();
  const types = new Map<string, MetadataType>();
  const budget: Budget = { strings: 0, booleans: 0, nested: 0 };
  for (let i = 0; i < Number(pairCount); i++) {
    const what = `the key of metadata pair ${i}`;
    const key = await readName(cursor, what, MAX_KEY_BYTES, fail);
    if (metadata.has(key)) throw fail(`metadata key "${key}" appears twice`);
    await cursor.ensure(4, `the type of "${key}"`);
    const type = cursor.takeU32();
    types.set(key, await peekType(cursor, type, key));
    const value = await readValue(cursor, type, key, budget, 0, fail);
    metadata.set(key, value);
  }

  const alignment = metadata.get("general.alignment") ?? 32;
  if (
    typeof alignment !== "number" ||
    !(alignment >= 1 && alignment <= MAX_ALIGNMENT) ||
    (alignment & (alignment - 1)) !== 0
  ) {
    throw fail(`general.alignment is ${alignment}; a power of two up to ${MAX_ALIGNMENT} is expected`);
  }
  const tensors = await readTensorInfos(cursor, Number(tensorCount), {
    file,
    alignment,
    size: source.size,
    fail,
  });
  return { version, alignment, metadata, types, tensors };
}

type Fail = (message: string) => BaimoError;

/** What the first bytes of a file that is no GGUF look like. */
export function describeMagic(head: Uint8Array): string {
  const text = String.fromCharCode(...head);
  if (/^(tjgg|lmgg|fmgg|algg)/.test(text)) return `"${text.slice(0, 4)}" (ggml's format before GGUF)`;
  if (text.startsWith("PK")) return `"PK" (a zip, perhaps of PyTorch)`;
  if (text.startsWith("vers"))
    return `${JSON.stringify(text)} (perhaps a Git LFS pointer instead of the file)`;
  if (/^\s*<(!|\?|html)/i.test(text))
    return `${JSON.stringify(text)} (perhaps a web page instead of the file)`;
  if (/^[ -~]*$/.test(text)) return JSON.stringify(text);
  return `bytes ${Array.from(head, (b) => b.toString(16).padStart(2, "0")).join(" ")}`;
}

/** A key or tensor name: a length of 64 bits, then well-formed UTF-8. */
async function readName(cursor: HeaderCursor, what: string, limit: number, fail: Fail): Promise<string> {
  await cursor.ensure(8, what);
  const length = cursor.takeU64();
  if (length > limit) {
    throw fail(
      `${what} claims ${grouped(length)} bytes at byte ${grouped(cursor.position - 8)}; at most ${limit}`,
    );
  }
  await cursor.ensure(Number(length), what);
  const from = cursor.position;
  const name = cursor.takeText(Number(length), true);
  if (name === undefined) throw fail(`${what} at byte ${grouped(from)} is not UTF-8`);
  return name;
}

/** The type of a value that is next: of an array, that of its elements. */
async function peekType(cursor: HeaderCursor, type: number, key: string): Promise<MetadataType> {
  if (type !== ARRAY_TYPE) return typeNames.get(type) ?? "ARRAY"; // the latter is refused when it is read
  await cursor.ensure(4, `the array "${key}"`);
  const element = typeNames.get(cursor.peekU32());
  return element ? `${element}[]` : "ARRAY";
}

async function readValue(
  cursor: HeaderCursor,
  type: number,
  key: string,
  budget: Budget,
  depth: number,
  fail: Fail,
): Promise<MetadataValue> {
  if (type === ARRAY_TYPE) return readArray(cursor, key, budget, depth, fail);
  const name = typeNames.get(type);
  if (!name) {
    throw fail(`"${key}" has value type ${type} at byte ${grouped(cursor.position - 4)}; 0 to 12 are known`);
  }
  if (name === "STRING") return readString(cursor, key, fail);
  await cursor.ensure(scalarBytes[name], `"${key}"`);
  const from = cursor.position;
  const bytes = cursor.takeBytes(scalarBytes[name]);
  const view = new DataView(bytes.buffer);
  switch (name) {
    case "UINT8":
      return view.getUint8(0);
    case "INT8":
      return view.getInt8(0);
    case "UINT16":
      return view.getUint16(0, true);
    case "INT16":
      return view.getInt16(0, true);
    case "UINT32":
      return view.getUint32(0, true);
    case "INT32":
      return view.getInt32(0, true);
    case "FLOAT32":
      return view.getFloat32(0, true);
    case "FLOAT64":
      return view.getFloat64(0, true);
    case "UINT64":
      return narrow(view.getBigUint64(0, true));
    case "INT64":
      return narrow(view.getBigInt64(0, true));
    case "BOOL":
      if (bytes[0] > 1)
        throw fail(`"${key}" is a BOOL of value ${bytes[0]} at byte ${grouped(from)}; 0 or 1 is expected`);
      return bytes[0] === 1;
  }
}

/** A number where it is exact, else the bigint. */
function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

async function readString(cursor: HeaderCursor, key: string, fail: Fail): Promise<string> {
  await cursor.ensure(8, `"${key}"`);
  const length = cursor.takeU64();
  if (length > MAX_STRING_BYTES) {
    throw fail(
      `"${key}" has a string of ${grouped(length)} bytes at byte ${grouped(cursor.position - 8)}; ` +
        `at most ${grouped(MAX_STRING_BYTES)} are taken`,
    );
  }
  await cursor.ensure(Number(length), `a string of "${key}"`);
  return cursor.takeText(Number(length))!;
}

async function readArray(
  cursor: HeaderCursor,
  key: string,
  budget: Budget,
  depth: number,
  fail: Fail,
): Promise<MetadataValue> {
  await cursor.ensure(12, `the array "${key}"`);
  const from = cursor.position;
  const type = cursor.takeU32();
  const claimed = cursor.takeU64();
  const name = typeNames.get(type);
  const least = type === ARRAY_TYPE ? 12 : name ? scalarBytes[name] : undefined;
  if (least === undefined)
    throw fail(`array "${key}" has elements of type ${type} at byte ${grouped(from)}; 0 to 12 are known`);
  if (claimed * BigInt(least) > cursor.remaining) {
    throw fail(
      `array "${key}" claims ${grouped(claimed)} elements at byte ${grouped(from)}, ` +
        `but only ${grouped(cursor.remaining)} bytes follow; is the download complete?`,
    );
  }
  const count = Number(claimed);
  const spend = (kind: keyof Budget, limit: number) => {
    budget[kind] += count;
    if (budget[kind] > limit) {
      throw fail(
        `array "${key}" at byte ${grouped(from)} brings the ${kind} to ${grouped(budget[kind])}; at most ${grouped(limit)} are taken`,
      );
    }
  };
  if (type === ARRAY_TYPE) {
    spend("nested", MAX_NESTED);
    if (depth + 1 >= MAX_DEPTH) throw fail(`array "${key}" is nested more than ${MAX_DEPTH} deep`);
    const arrays: MetadataValue[] = [];
    for (let i = 0; i < count; i++) arrays.push(await readArray(cursor, key, budget, depth + 1, fail));
    return arrays;
  }
  if (name === "STRING") {
    spend("strings", MAX_STRINGS);
    return readStrings(cursor, key, count, fail);
  }
  const bytes = await cursor.readBytes(count * least, `array "${key}"`);
  switch (name!) {
    case "BOOL":
      spend("booleans", MAX_BOOLEANS);
      if (bytes.some((b) => b > 1))
        throw fail(`array "${key}" at byte ${grouped(from)} has a BOOL other than 0 and 1`);
      return Array.from(bytes, (b) => b === 1);
    case "UINT8":
      return bytes;
    case "INT8":
      return new Int8Array(bytes.buffer);
    case "UINT16":
      return new Uint16Array(bytes.buffer);
    case "INT16":
      return new Int16Array(bytes.buffer);
    case "UINT32":
      return new Uint32Array(bytes.buffer);
    case "INT32":
      return new Int32Array(bytes.buffer);
    case "FLOAT32":
      return new Float32Array(bytes.buffer);
    case "FLOAT64":
      return new Float64Array(bytes.buffer);
    case "UINT64":
      return new BigUint64Array(bytes.buffer);
    default:
      return new BigInt64Array(bytes.buffer);
  }
}

/** A vocabulary: waits only where the window ends. */
async function readStrings(cursor: HeaderCursor, key: string, count: number, fail: Fail): Promise<string[]> {
  const strings: string[] = new Array(count);
  for (let i = 0; i < count; i++) {
    if (cursor.ready < 8) await cursor.ensure(8, `string ${i} of "${key}"`);
    const low = cursor.takeU32();
    const high = cursor.takeU32();
    if (high !== 0 || low > MAX_STRING_BYTES) {
      throw fail(
        `string ${i} of "${key}" claims ${grouped(high * 2 ** 32 + low)} bytes at byte ${grouped(cursor.position - 8)}; ` +
          `at most ${grouped(MAX_STRING_BYTES)} are taken`,
      );
    }
    if (cursor.ready < low) await cursor.ensure(low, `string ${i} of "${key}"`);
    strings[i] = cursor.takeText(low)!;
  }
  return strings;
}

async function readTensorInfos(
  cursor: HeaderCursor,
  count: number,
  { file, alignment, size, fail }: { file: number; alignment: number; size: number; fail: Fail },
): Promise<TensorInfo[]> {
  const names = new Set<string>();
  const found: { name: string; dtype: DType; shape: number[]; offset: number; byteLength: number }[] = [];
  for (let i = 0; i < count; i++) {
    const name = await readName(cursor, `the name of tensor ${i}`, MAX_NAME_BYTES, fail);
    if (names.has(name)) throw fail(`tensor "${name}" appears twice`);
    names.add(name);
    await cursor.ensure(4, `tensor "${name}"`);
    const dimensions = cursor.takeU32();
    if (dimensions > MAX_DIMENSIONS) {
      throw fail(
        `tensor "${name}" claims ${dimensions} dimensions at byte ${grouped(cursor.position - 4)}; at most 4`,
      );
    }
    await cursor.ensure(dimensions * 8 + 12, `tensor "${name}"`);
    const shape: number[] = [];
    for (let d = 0; d < dimensions; d++) shape.unshift(Number(cursor.takeU64()));
    const number = cursor.takeU32();
    const offset = Number(cursor.takeU64());
    const dtype = dtypeOfGgml(number);
    if (!dtype) {
      throw fail(
        `tensor "${name}" has ggml type ${number}${otherTypes[number] ? `, ${otherTypes[number]}` : ""}, which is not supported`,
      );
    }
    const values = elementCount(shape);
    if (values === undefined) throw fail(`tensor "${name}" has the impossible shape [${shape.join(", ")}]`);
    const row = shape.at(-1) ?? 1;
    if (row % dtypes[dtype].elements !== 0) {
      throw fail(
        `tensor "${name}" has rows of ${row} values, not whole blocks of ${dtypes[dtype].elements} (${dtype})`,
      );
    }
    if (offset % alignment !== 0 || !Number.isSafeInteger(offset)) {
      throw fail(
        `tensor "${name}" is at offset ${grouped(offset)}, which is no multiple of the alignment ${alignment}`,
      );
    }
    found.push({ name, dtype, shape, offset, byteLength: byteLength(dtype, values) });
  }
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = found.map(({ name, dtype, shape, offset, byteLength }) => ({
    name,
    dtype,
    shape,
    file,
    offset: dataStart + offset,
    byteLength,
  }));
  for (const tensor of tensors) {
    const end = tensor.offset + tensor.byteLength;
    if (end > size && tensor.byteLength > 0) {
      throw fail(
        `tensor "${tensor.name}" ends at byte ${grouped(end)} but the file has ${grouped(size)}; is the download complete?`,
      );
    }
  }
  const overlap = findOverlap(tensors);
  if (overlap)
    throw fail(
      `tensors "${overlap[0].name}" and "${overlap[1].name}" overlap at byte ${grouped(overlap[1].offset)}`,
    );
  return tensors;
}
