// Builds pickles, zip archives and PyTorch files, well-formed or not, for tests.
//
// Opcodes: Python's Lib/pickletools.py.
//
// Opcodes: Python's Lib/pickletools.py.

// --- pickles ---

export type Part = string | number | Uint8Array;

/** Bytes of strings (as latin1), opcodes and bytes. */
export const bytes = (...parts: Part[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === "string"
        ? Buffer.from(part, "latin1")
        : typeof part === "number"
          ? Buffer.of(part)
          : part,
    ),
  );
export const u16 = (n: number) => {
  const b = Buffer.alloc(2);
  b.writeUInt16LE(n);
  return b;
};
export const u32 = (n: number) => {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(n);
  return b;
};
export const u64 = (n: bigint | number) => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64LE(BigInt(n));
  return b;
};
export const proto = (n: number) => bytes(0x80, n);
export const text = (s: string) => bytes("X", u32(Buffer.byteLength(s)), Buffer.from(s));
export const int = (n: number) => bytes("J", Buffer.from(Int32Array.of(n).buffer));
export const global = (module: string, name: string) => bytes("c", `${module}\n${name}\n`);
export const stackGlobal = (module: string, name: string) => bytes(text(module), text(name), 0x93);
export const tuple = (...items: Part[]) => bytes("(", ...items, "t");
export const call = (callee: Part, ...args: Part[]) => bytes(callee, tuple(...args), "R");
export const none = bytes("N");
export const ordered = call(global("collections", "OrderedDict"));
export const rebuild = global("torch._utils", "_rebuild_tensor_v2");
export const storageId = (
  key: Part = text("0"),
  count: Part = int(6),
  type = "FloatStorage",
  ...more: Part[]
) => tuple(text("storage"), global("torch", type), key, text("cpu"), count, ...more);
export const storage = (...args: Parameters<typeof storageId>) => bytes(storageId(...args), "Q");
export const sizes = (...n: number[]) => tuple(...n.map(int));
export const tensor = ({
  from = storage(),
  offset = int(0) as Part,
  size = sizes(2, 3) as Part,
  stride = sizes(3, 1) as Part,
} = {}) => call(rebuild, from, offset, size, stride, bytes(0x89), ordered);
/** A dictionary with these keys and values in turn. */
export const dict = (...items: Part[]) => bytes("}", "(", ...items, "u");
export const pickle = (...parts: Part[]) => bytes(proto(2), ...parts, ".");
/** A file with a good tensor and something else beside it. */
export const beside = (...parts: Part[]) => archive(pickle(dict(text("w"), tensor(), text("x"), ...parts)));
/** So many copies of a part. */
export const times = (count: number, part: Uint8Array): Buffer => Buffer.alloc(part.length * count, part);

// --- zip archives ---

export interface Entry {
  name: string;
  data: Uint8Array;
  /** What is said instead of the truth. */
  method?: number;
  flags?: number;
  localMethod?: number;
  localName?: string;
  size?: number;
  stored?: number;
  header?: number;
  extra?: Uint8Array;
}

export interface EndRecord {
  count?: number;
  bytes?: number;
  offset?: number;
  disk?: number;
  comment?: string;
  before?: Uint8Array;
  zip64?: { count?: bigint; bytes?: bigint; offset?: bigint; at?: bigint };
}

export function zip(entries: readonly Entry[], end: EndRecord = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const { name, data, method = 0, flags = 0, localMethod = method, localName = name } = entry;
    const stored = entry.stored ?? data.length;
    const size = entry.size ?? data.length;
    const common = (m: number) => bytes(u16(20), u16(flags), u16(m), u32(0), u32(0), u32(stored), u32(size));
    const { extra = Buffer.alloc(0), header = at } = entry;
    central.push(
      bytes(
        "PK\x01\x02",
        u16(20),
        common(method),
        u16(name.length),
        u16(extra.length),
        u16(0),
        u16(0),
        u16(0),
      ),
      bytes(u32(0), u32(header), name, extra),
    );
    const local = bytes("PK\x03\x04", common(localMethod), u16(localName.length), u16(0), localName, data);
    parts.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(central);
  const { count = entries.length, disk = 0, comment = "", before = Buffer.alloc(0), zip64 } = end;
  const wide = zip64
    ? bytes(
        bytes("PK\x06\x06", u64(44), u16(45), u16(45), u32(0), u32(0)),
        bytes(u64(zip64.count ?? entries.length), u64(zip64.count ?? entries.length)),
        bytes(u64(zip64.bytes ?? directory.length), u64(zip64.offset ?? at)),
        bytes("PK\x06\x07", u32(0), u64(zip64.at ?? at + directory.length), u32(1)),
      )
    : Buffer.alloc(0);
  return bytes(
    ...parts,
    directory,
    before,
    wide,
    bytes("PK\x05\x06", u16(disk), u16(disk), u16(count), u16(count)),
    bytes(u32(end.bytes ?? directory.length), u32(end.offset ?? at), u16(comment.length), comment),
  );
}

export const sixFloats = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
export const goodPickle = pickle(dict(text("w"), tensor()));
export const entriesOf = (data: Uint8Array, values: Uint8Array = sixFloats): Entry[] => [
  { name: "a/data.pkl", data },
  { name: "a/data/0", data: values },
  { name: "a/version", data: Buffer.from("3\n") },
];
export const archive = (data: Uint8Array, values?: Uint8Array) => zip(entriesOf(data, values));
/** The good archive with one entry changed. */
export const changed = (i: number, change: Partial<Entry>, end?: EndRecord) =>
  zip(
    entriesOf(goodPickle).map((entry, n) => (n === i ? { ...entry, ...change } : entry)),
    end,
  );
/** A file as PyTorch wrote it before 1.6. */
export const old = ({
  magic = bytes(0x8a, 10, Buffer.from("6cfc9c46f9206aa85019", "hex")),
  version = bytes("M", u16(1001)),
  machine = dict(text("little_endian"), bytes(0x88)),
  value = dict(text("w"), tensor({ from: storage(text("0"), int(6), "FloatStorage", none) })),
  keys = bytes("]", "(", text("0"), "e"),
  data = bytes(u64(6), sixFloats),
} = {}) => bytes(pickle(magic), pickle(version), pickle(machine), pickle(value), pickle(keys), data);
