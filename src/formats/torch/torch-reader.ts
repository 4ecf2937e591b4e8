// Reads a PyTorch checkpoint (.bin, .pt, .pth) without running code: tensors and their places.
//
// Format: https://github.com/pytorch/pytorch/blob/v2.13.0/torch/serialization.py
//
// Format: https://github.com/pytorch/pytorch/blob/v2.13.0/torch/serialization.py
import { BaimoError } from "../../errors.ts";
import { grouped } from "../../grouped.ts";
import { byteLength, type DType, dtypes } from "../../tensor/dtype.ts";
import { type ByteSource, makeSource } from "../sources/byte-source.ts";
import { elementCount, MAX_TENSORS, type TensorInfo } from "../tensor-info.ts";
import {
  describe,
  isKind,
  type PickleDict,
  type PickleGlobal,
  type PickleValue,
  readPickle,
} from "./pickle-reader.ts";
import { readZip, type ZipArchive } from "./zip-reader.ts";

/** Some 250 bytes describe a tensor; what PyTorch writes has 16 MiB for 60,000. */
const MAX_PICKLE_BYTES = 16 << 20;
const MAX_DIMENSIONS = 8;
/** Tied weights and shared layers are one storage under several names; more than so many times its bytes is an attack. */
const MAX_SHARING = 16;
/** Transposed tensors are turned in memory, of which every worker gets a copy. */
const MAX_TURNED_BYTES = 256 << 20;
/** Headers of storages that are asked for at a time: over a network each takes a round trip. */
const AT_ONCE = 16;

/** What a PyTorch file holds. */
export interface TorchContent {
  readonly tensors: readonly TensorInfo[];
  /** Tensors that lie transposed in the file, turned; `tensors` count it as the file `turnedFile`. */
  readonly turned?: ByteSource;
}

/** Numbers of one type in the file, of which tensors are views. */
interface Storage {
  readonly is: "storage";
  readonly key: string;
  readonly dtype: DType;
  readonly count: number;
}

interface Tensor {
  readonly is: "tensor";
  readonly storage: Storage;
  /** In values, as all of these. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

type Fail = (message: string) => BaimoError;

/**
 * Reads which tensors a PyTorch file has; their bytes stay in the file, but for transposed ones. Files of PyTorch 1.6
 * and later are zip archives, older ones a row of pickles; both are read.
 *
 * file  the index that the tensors get, for sharded checkpoints; turnedFile  that of the turned ones
 * @throws {BaimoError} `format` when it is damaged, or holds anything but tensors and plain values
 */
export async function readTorch(
  source: ByteSource,
  { file = 0, turnedFile = 1, signal }: { file?: number; turnedFile?: number; signal?: AbortSignal } = {},
): Promise<TorchContent> {
  const fail: Fail = (message) => new BaimoError("format", `${source.name}: ${message}`);
  const magic = await source.read(0, Math.min(2, source.size), signal);
  const isZip = magic[0] === 0x50 && magic[1] === 0x4b;
  const { value, starts } = isZip
    ? await readArchive(source, fail, signal)
    : await readOldFile(source, fail, signal);

  const infos: TensorInfo[] = [];
  const turned: { name: string; tensor: Tensor; start: number }[] = [];
  let turnedBytes = 0;
  let total = 0;
  for (const [name, tensor] of findTensors(value, fail)) {
    const { storage, shape } = tensor;
    const { dtype } = storage;
    const bytes = byteLength(dtype, elementCount(shape)!); // checked when it was made
    const start = starts.get(storage.key)! + byteLength(dtype, tensor.offset);
    total += bytes;
    const layout = layoutOf(tensor);
    if (layout === "other") {
      throw fail(
        `tensor "${name}" of shape [${shape.join(", ")}] has the strides [${tensor.stride.join(", ")}]; whole and ` +
          "transposed tensors are read. Save it again after .contiguous()",
      );
    }
    const at = layout === "rows" ? { file, offset: start } : { file: turnedFile, offset: turnedBytes };
    infos.push({ name, dtype, shape, ...at, byteLength: bytes });
    if (layout === "columns") {
      turned.push({ name, tensor, start });
      turnedBytes += bytes;
    }
  }
  if (total > MAX_SHARING * source.size) {
    throw fail(
      `its tensors have ${grouped(total)} bytes together, but the file has ${grouped(source.size)}; storages are shared up to ${MAX_SHARING} times`,
    );
  }
  if (turned.length === 0) return { tensors: infos };
  if (turnedBytes > MAX_TURNED_BYTES) {
    throw fail(
      `${turned.length} transposed tensors, such as "${turned[0].name}", have ${grouped(turnedBytes)} bytes; at most ` +
        `${grouped(MAX_TURNED_BYTES)} are turned in memory. Save them again after .contiguous()`,
    );
  }
  return { tensors: infos, turned: await turn(source, turned, turnedBytes, signal) };
}

/** A file of PyTorch 1.6 and later: NAME/data.pkl names the storages, which are NAME/data/KEY. */
async function readArchive(source: ByteSource, fail: Fail, signal?: AbortSignal) {
  const archive = await readZip(source, signal);
  const pickles = [...archive.entries.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw fail(`is a zip archive with ${pickles.length} entries NAME/data.pkl; a PyTorch file has one`);
  }
  const folder = pickles[0].name.slice(0, -"data.pkl".length);
  const small = async (name: string, most: number) => {
    const entry = archive.entries.get(folder + name);
    if (!entry) return undefined;
    if (entry.size > most)
      throw fail(`${name} has ${grouped(entry.size)} bytes; at most ${grouped(most)} are read`);
    return source.read(await archive.locate(entry, signal), entry.size, signal);
  };
  if (archive.entries.has(`${folder}constants.pkl`)) {
    throw fail("is a TorchScript archive, which is a program; save the state_dict of the model instead");
  }
  const order = await small("byteorder", 16);
  if (order && new TextDecoder().decode(order).trim() !== "little") {
    throw fail("its numbers are big-endian; save it on a little-endian machine");
  }
  const bytes = (await small("data.pkl", MAX_PICKLE_BYTES))!; // it was just found
  const storages = new Map<string, Storage>();
  const { value, end } = readPickle(bytes, {
    name: `${source.name}: data.pkl`,
    globals,
    persistent: (id) => readStorageId(id, 5, storages),
  });
  if (end !== bytes.length) throw fail(`data.pkl has ${bytes.length - end} bytes after its end`);
  return { value, starts: await locateStorages(archive, folder, storages, fail, signal) };
}

async function locateStorages(
  archive: ZipArchive,
  folder: string,
  storages: ReadonlyMap<string, Storage>,
  fail: Fail,
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const starts = new Map<string, number>();
  await inGroups([...storages.values()], async ({ key, dtype, count }) => {
    const entry = archive.entries.get(`${folder}data/${key}`);
    if (!entry) throw fail(`storage ${JSON.stringify(key)} is not in the archive`);
    const start = await archive.locate(entry, signal);
    if (entry.size !== byteLength(dtype, count)) {
      throw fail(
        `storage "${key}" of ${grouped(count)} ${dtype} should have ${grouped(byteLength(dtype, count))} bytes, but has ${grouped(entry.size)}`,
      );
    }
    starts.set(key, start);
  });
  return starts;
}

/** What PyTorch files began with before they were zip archives. */
const OLD_MAGIC = 0x1950a86a20f9469cfc6cn;
const OLD_VERSION = 1001;

/** A file of PyTorch before 1.6: four pickles (magic, version, machine, value), the storages' keys, the storages. */
async function readOldFile(source: ByteSource, fail: Fail, signal?: AbortSignal) {
  const head = await source.read(0, Math.min(source.size, MAX_PICKLE_BYTES), signal);
  const storages = new Map<string, Storage>();
  let start = 0;
  const next = (persistent?: (id: PickleValue) => PickleValue | undefined) => {
    const { value, end } = readPickle(head, { name: source.name, globals, persistent, start });
    start = end;
    return value;
  };
  if (next() !== OLD_MAGIC) throw fail("is a pickle, but not one that PyTorch wrote");
  const version = next();
  if (version !== OLD_VERSION) throw fail(`is of version ${String(version)}; ${OLD_VERSION} is read`);
  const machine = next();
  if (!isKind(machine, "dict") || machine.entries?.get("little_endian") !== true) {
    throw fail("does not say that its numbers are little-endian");
  }
  const value = next((id) => readStorageId(id, 6, storages));
  const keys = next();
  if (!isKind(keys, "list") || keys.items.length !== storages.size) {
    throw fail(`names ${storages.size} storages, but does not list so many`);
  }
  const starts = new Map<string, number>();
  for (const key of keys.items) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (!storage || starts.has(storage.key)) throw fail("lists a storage that no tensor has, or one twice");
    starts.set(storage.key, start + 8);
    start += 8 + byteLength(storage.dtype, storage.count);
    if (start > source.size) {
      throw fail(
        `storage "${storage.key}" ends at byte ${grouped(start)} but the file has ${grouped(source.size)}; is the download complete?`,
      );
    }
  }
  await inGroups([...storages.values()], async ({ key, count }) => {
    const bytes = await source.read(starts.get(key)! - 8, 8, signal);
    const found = new DataView(bytes.buffer).getBigUint64(0, true);
    if (found !== BigInt(count)) {
      throw fail(`storage "${key}" should have ${grouped(count)} values, but says ${grouped(found)}`);
    }
  });
  return { value, starts };
}

/** Does the work for so many at a time, so that neither a network nor memory is flooded. */
async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += AT_ONCE) await Promise.all(items.slice(i, i + AT_ONCE).map(work));
}

// --- what the pickle may name ---

/** The storage that ("storage", class, key, location, count[, None]) names. */
function readStorageId(
  id: PickleValue,
  length: number,
  storages: Map<string, Storage>,
): PickleValue | undefined {
  if (!isKind(id, "tuple") || id.items.length !== length || id.items[0] !== "storage") return undefined;
  const [, type, key, , count, view = null] = id.items;
  const dtype = isKind(type, "global") ? storageTypes.get(type.name) : undefined;
  if (!dtype || view !== null || typeof key !== "string" || !/^\d{1,20}$/.test(key) || !isCount(count))
    return undefined;
  if (!isCount(count * dtypes[dtype].bytes)) return undefined;
  const known = storages.get(key);
  if (known) return known.dtype === dtype && known.count === count ? wrap(known) : undefined;
  const storage: Storage = { is: "storage", key, dtype, count };
  storages.set(key, storage);
  return wrap(storage);
}

/** torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata]) */
function rebuildTensor(args: readonly PickleValue[]): PickleValue | undefined {
  const [wrapped, offset, size, strides] = args;
  const storage = unwrap(wrapped);
  const shape = counts(size);
  const stride = counts(strides);
  if (args.length < 6 || args.length > 7 || storage?.is !== "storage" || !isCount(offset)) return undefined;
  if (!shape || !stride || shape.length !== stride.length) return undefined;
  const values = elementCount(shape);
  if (values === undefined) return undefined;
  // The last value that the view reaches.
  const last = shape.reduce((sum, n, d) => sum + (n - 1) * stride[d], offset);
  if (values > 0 && !(last < storage.count)) return undefined;
  return wrap({ is: "tensor", storage, offset: values > 0 ? offset : 0, shape, stride });
}

function rebuildParameter(args: readonly PickleValue[]): PickleValue | undefined {
  return args.length === 3 && unwrap(args[0])?.is === "tensor" ? args[0] : undefined;
}

const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** A tuple of counts, one for each dimension. */
function counts(value: PickleValue | undefined): readonly number[] | undefined {
  if (!isKind(value, "tuple") || value.items.length > MAX_DIMENSIONS) return undefined;
  return value.items.every(isCount) ? value.items : undefined;
}

const wrap = (value: Storage | Tensor): PickleValue => ({ kind: "object", value });
/** Objects are made by `wrap` alone. */
const unwrap = (value: PickleValue | undefined): Storage | Tensor | undefined =>
  isKind(value, "object") ? (value.value as Storage | Tensor) : undefined;

const storageTypes: ReadonlyMap<string, DType> = new Map([
  ["torch.FloatStorage", "F32"],
  ["torch.HalfStorage", "F16"],
  ["torch.BFloat16Storage", "BF16"],
  ["torch.DoubleStorage", "F64"],
  ["torch.LongStorage", "I64"],
  ["torch.IntStorage", "I32"],
  ["torch.ShortStorage", "I16"],
  ["torch.CharStorage", "I8"],
  ["torch.ByteStorage", "U8"],
  ["torch.BoolStorage", "BOOL"],
]);
/** Types may stand among the settings beside the weights. */
const typeNames = [
  "float16",
  "bfloat16",
  "float32",
  "float64",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "bool",
];
const sizeOf = ([size, ...more]: readonly PickleValue[]) =>
  isKind(size, "tuple") && more.length === 0 ? size : undefined;
const emptyDict = (args: readonly PickleValue[]): PickleDict | undefined =>
  args.length === 0 ? { kind: "dict", ordered: true, entries: undefined } : undefined;

/** _codecs.encode(text, "latin1"), which is how protocol 2 writes bytes. */
function encodeLatin1(args: readonly PickleValue[]): PickleValue | undefined {
  const [text, encoding] = args;
  if (args.length !== 2 || typeof text !== "string" || encoding !== "latin1") return undefined;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) return undefined;
    bytes[i] = code;
  }
  return bytes;
}

const globals: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    { kind: "global" as const, name: "collections.OrderedDict", call: emptyDict },
    { kind: "global" as const, name: "torch._utils._rebuild_tensor_v2", call: rebuildTensor },
    { kind: "global" as const, name: "torch._utils._rebuild_parameter", call: rebuildParameter },
    { kind: "global" as const, name: "torch.Size", call: sizeOf },
    { kind: "global" as const, name: "_codecs.encode", call: encodeLatin1 },
    ...[...storageTypes.keys()].map((name) => ({ kind: "global" as const, name })),
    ...typeNames.map((name) => ({ kind: "global" as const, name: `torch.${name}` })),
  ].map((entry) => [entry.name, entry]),
);

// --- from values to tensors ---

/** Keys under which programs keep the weights, beside what they were trained with. */
const weightKeys = ["state_dict", "model_state_dict", "model"];

/** The tensors of the dictionary at the top, or of the one that it holds under a usual name. */
function findTensors(value: PickleValue, fail: Fail): [string, Tensor][] {
  if (!isKind(value, "dict")) throw fail(`holds ${describe(value)}; a dictionary of tensors is expected`);
  const inner = weightKeys.map((key) => value.entries?.get(key)).find((found) => isKind(found, "dict"));
  const dict = isKind(inner, "dict") ? inner : value;
  const found: [string, Tensor][] = [];
  const others: string[] = [];
  for (const [name, entry] of dict.entries ?? []) {
    const tensor = unwrap(entry);
    if (tensor?.is === "tensor") found.push([String(name), tensor]);
    else if (typeof entry === "object" && entry !== null) others.push(`"${name}" (${describe(entry)})`);
  }
  if (found.length > MAX_TENSORS) throw fail(`has more than ${grouped(MAX_TENSORS)} tensors`);
  if (found.length === 0 || others.length > 0) {
    const shown = others.slice(0, 8).join(", ") + (others.length > 8 ? ", …" : "");
    throw fail(
      `its dictionary should hold tensors by name${found.length > 0 ? " alone" : ""}; it has ${shown || "none"}. ` +
        `Weights are looked for at the top and under ${weightKeys.join(", ")}`,
    );
  }
  return found;
}

/** Whether values lie row by row, column by column (a matrix that was transposed), or otherwise. */
function layoutOf({ shape, stride }: Tensor): "rows" | "columns" | "other" {
  if (shape.includes(0)) return "rows";
  let step = 1;
  let rows = true;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && stride[d] !== step) rows = false;
    step *= shape[d];
  }
  if (rows) return "rows";
  return shape.length === 2 && stride[0] === 1 && stride[1] === shape[0] ? "columns" : "other";
}

/** Reads transposed matrices and writes them row by row, one after another, into memory. */
async function turn(
  source: ByteSource,
  list: readonly { tensor: Tensor; start: number }[],
  total: number,
  signal?: AbortSignal,
): Promise<ByteSource> {
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const { tensor, start } of list) {
    const [rows, cols] = tensor.shape;
    const size = dtypes[tensor.storage.dtype].bytes;
    const columns = await source.read(start, rows * cols * size, signal);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) {
        for (let b = 0; b < size; b++) bytes[at++] = columns[(c * rows + r) * size + b];
      }
    }
  }
  return makeSource({
    size: total,
    name: `${source.name} (transposed tensors)`,
    descriptor: { kind: "bytes", bytes },
    fill: async (target, offset) => target.set(bytes.subarray(offset, offset + target.byteLength)),
    fillSync: (target, offset) => target.set(bytes.subarray(offset, offset + target.byteLength)),
  });
}
