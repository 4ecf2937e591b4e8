// Where a written file goes: a path (whole or not at all), a stream or a function.
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { grouped } from "../../grouped.ts";
import { choice, kindOf, required, text } from "../../option-kinds.ts";
import { call, cut, type Door, isPlain, refusal } from "../../options.ts";
import { byteLength, type DType, dtypes } from "../../tensor/dtype.ts";
import { elementCount } from "../tensor-info.ts";
import { folderOf, partialPath, removeLeftBehind } from "./partial-file.ts";
import { fileError, loadFileSystem } from "./path-source.ts";

/** A path, a stream, or a function that takes chunks in order and keeps none of them after it returns. */
export type WriteTarget = string | WritableStream<Uint8Array> | ((chunk: Uint8Array) => void | Promise<void>);

/** A tensor to write; `data` is its bytes in file form, or gives them in pieces when their turn comes. */
export interface TensorToWrite {
  name: string;
  dtype: DType;
  /** Outermost first. */
  shape: readonly number[];
  data: Uint8Array | (() => AsyncIterable<Uint8Array> | Iterable<Uint8Array>);
}

/** Small pieces are gathered to so many bytes before they are written. */
const GATHER = 1 << 20;

/** Opens the target, runs `write`, and finishes; a file at a path appears only when all of it is written. */
export async function withSink(
  target: WriteTarget,
  signal: AbortSignal | undefined,
  write: (put: (chunk: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  if (typeof target === "string") return writePath(target, signal, write);
  if (typeof target === "function") {
    return write(async (chunk) => {
      throwIfAborted(signal, "writing");
      await target(chunk);
    });
  }
  if (!(target instanceof WritableStream)) {
    throw refusal("type", "target", target, "a path, a WritableStream or a function", call("write"));
  }
  const writer = target.getWriter();
  try {
    await write(async (chunk) => {
      throwIfAborted(signal, "writing");
      await writer.ready;
      await writer.write(chunk.slice());
    });
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    throw error;
  } finally {
    writer.releaseLock();
  }
}

async function writePath(
  path: string,
  signal: AbortSignal | undefined,
  write: (put: (chunk: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  const fs = await loadFileSystem(path);
  removeLeftBehind(fs, folderOf(path));
  const partial = partialPath(path);
  const handle = await fs.promises.open(partial, "wx").catch((cause) => {
    throw fileError(path, cause);
  });
  const gathered = new Uint8Array(GATHER);
  let held = 0;
  const writeAll = async (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; ) {
      // Node writes at most 2 GiB at once, and the signal is looked at between pieces.
      throwIfAborted(signal, `writing ${path}`);
      const { bytesWritten } = await handle
        .write(bytes, done, Math.min(bytes.length - done, 64 << 20))
        .catch((cause) => {
          throw fileError(path, cause);
        });
      done += bytesWritten;
    }
  };
  const flush = async () => {
    await writeAll(gathered.subarray(0, held));
    held = 0;
  };
  try {
    await write(async (chunk) => {
      if (held + chunk.length > GATHER) await flush();
      if (chunk.length > GATHER / 4) {
        await flush();
        await writeAll(chunk);
      } else {
        gathered.set(chunk, held);
        held += chunk.length;
      }
    });
    await flush();
    await handle.close();
    await fs.promises.rename(partial, path).catch((cause) => {
      throw fileError(path, cause);
    });
  } catch (error) {
    await handle.close().catch(() => {});
    await fs.promises.unlink(partial).catch(() => {});
    throw error;
  }
}

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const isIterable = (value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> =>
  typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);

/** What a writer is given to write: tensors, one after another. */
export const tensorsKind = required(
  kindOf(
    "tensors",
    "a list, or another iterable, of tensors",
    (value): value is AsyncIterable<TensorToWrite> | Iterable<TensorToWrite> => isIterable(value),
  ),
);

/** The fields of one. */
const tensorTable = {
  name: text({ least: 0, most: Infinity }),
  dtype: choice(...(Object.keys(dtypes) as DType[])),
  shape: kindOf(
    "shape",
    "a list of sizes, outermost first",
    (value): value is readonly number[] =>
      Array.isArray(value) && value.every((size) => typeof size === "number"),
  ),
  data: kindOf(
    "data",
    "a Uint8Array, or a function that gives its pieces",
    (value): value is TensorToWrite["data"] => value instanceof Uint8Array || typeof value === "function",
  ),
};

/** What else the caller keeps beside the fields is left alone. */
function readTensor(given: unknown, name: string, door: Door): TensorToWrite {
  if (!isPlain(given)) {
    throw refusal("type", name, given, "an object with name, dtype, shape and data", door);
  }
  return {
    name: tensorTable.name.read(given.name, `${name}.name`, door),
    dtype: tensorTable.dtype.read(given.dtype, `${name}.dtype`, door),
    shape: tensorTable.shape.read(given.shape, `${name}.shape`, door),
    data: tensorTable.data.read(given.data, `${name}.data`, door),
  };
}

/** A tensor that has been checked, and how many bytes it takes. */
export interface PlannedTensor extends TensorToWrite {
  readonly byteLength: number;
}

/**
 * Collects and checks what is to be written. Only the descriptions are kept, unless `data` is an array.
 *
 * @throws {BaimoError} `request` for what is no tensor or a name used twice, `shape` for sizes that do not fit
 */
export async function planTensors(
  tensors: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>,
  door: Door,
): Promise<PlannedTensor[]> {
  const planned: PlannedTensor[] = [];
  const names = new Set<string>();
  for await (const given of tensors) {
    const tensor = readTensor(given, `content.tensors[${planned.length}]`, door);
    const { name, dtype, shape, data } = tensor;
    if (names.has(name)) throw new BaimoError("request", `tensor "${name}" is given twice`);
    names.add(name);
    const values = elementCount(shape);
    if (values === undefined) {
      throw new BaimoError("shape", `tensor "${name}" has the impossible shape [${shape.join(", ")}]`);
    }
    if (values > 0) byteLength(dtype, shape.at(-1) ?? 1); // rows are whole blocks
    const bytes = byteLength(dtype, values);
    if (data instanceof Uint8Array && data.byteLength !== bytes)
      throw wrongLength(tensor, bytes, data.byteLength);
    planned.push({ ...tensor, byteLength: bytes });
  }
  return planned;
}

/** Writes the bytes of a tensor and sees to it that there are as many as planned. */
export async function writeTensorData(
  tensor: PlannedTensor,
  put: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const { data, byteLength: planned } = tensor;
  if (data instanceof Uint8Array) return put(data);
  let written = 0;
  const pieces: Pieces = data();
  if (!isIterable(pieces)) throw noPieces(tensor, pieces);
  for await (const chunk of pieces) {
    if (!(chunk instanceof Uint8Array)) throw noPieces(tensor, chunk);
    written += chunk.byteLength;
    if (written > planned) throw wrongLength(tensor, planned, written);
    await put(chunk);
  }
  if (written !== planned) throw wrongLength(tensor, planned, written);
}

const noPieces = ({ name }: TensorToWrite, given: unknown): Error =>
  refusal(
    "type",
    `what data of tensor "${cut(name)}" gives`,
    given,
    "Uint8Arrays, one after another",
    call("write"),
  );

function wrongLength({ name, dtype, shape }: TensorToWrite, planned: number, found: number): BaimoError {
  return new BaimoError(
    "shape",
    `tensor "${name}", ${dtype} [${shape.join(", ")}], takes ${grouped(planned)} bytes, but ${grouped(found)} were given`,
  );
}
