// Hostile PyTorch files: pickles that name code or ask for memory, damaged zip archives.
//
// Every one is refused with a BaimoError, by a child process whose peak memory is what is measured.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BaimoError } from "../src/errors.ts";
import { openCheckpoint } from "../src/formats/checkpoint.ts";
import { createRandom, type Random } from "../src/random.ts";
import { isLong } from "../src/test-long.ts";
import { golden } from "./places.ts";
import { processorMs } from "./processor-time.ts";
import {
  archive,
  beside,
  bytes,
  call,
  changed,
  dict,
  global,
  goodPickle,
  int,
  none,
  old,
  ordered,
  type Part,
  pickle,
  proto,
  rebuild,
  sixFloats,
  sizes,
  stackGlobal,
  storage,
  tensor,
  text,
  times,
  tuple,
  u16,
  u32,
  u64,
} from "./torch-assembler.ts";

const seed = 20245;
const mutationsPerFile = isLong ? 150 : 50;
/** Above what the files themselves take: as for the other formats. */
const allowance = 64 << 20;
/** Of processor time. Generous; what hangs or is quadratic takes minutes. */
const longestMs = 5000;

// --- the hostile files ---

/** What the commands would make; the child makes the files and the parent looks. */
const marker = join(tmpdir(), `baimo-was-run-${process.argv[2] === "child" ? process.ppid : process.pid}`);
const command = text(`touch ${marker}`);

/** What pickles of attackers name. None may be listed, however it is called. */
const dangerous =
  `os.system posix.system nt.system os.popen os.execv os.remove subprocess.Popen subprocess.check_output
subprocess.run builtins.eval builtins.exec builtins.compile builtins.__import__ builtins.getattr builtins.open
builtins.globals builtins.breakpoint builtins.print __builtin__.eval __builtin__.apply __main__.x importlib.import_module
runpy.run_path runpy._run_code pty.spawn shutil.rmtree socket.create_connection webbrowser.open ctypes.CDLL code.interact
pdb.run timeit.timeit cProfile.run operator.attrgetter operator.methodcaller functools.partial functools.reduce
types.FunctionType types.CodeType marshal.loads pickle.loads _pickle.loads torch.load torch.jit.load torch.hub.load
torch.ops.load_library torch.storage._load_from_bytes torch._utils._rebuild_tensor_v3 torch._tensor._rebuild_from_type_v2
torch.utils.cpp_extension.load torch._utils._rebuild_wrapper_subclass numpy.load numpy.core.multiarray._reconstruct
numpy.core.multiarray.scalar dill._dill._load_type cloudpickle.loads multiprocessing.context.reduction sys.exit
collections.defaultdict collections.namedtuple copyreg._reconstructor codecs.decode _codecs.decode site.main
asyncio.run_coroutine_threadsafe platform.popen tempfile.mktemp logging.config.listen pip.main torch.nn.Linear`
    .split(/\s+/)
    .map((name) => [name.slice(0, name.lastIndexOf(".")), name.slice(name.lastIndexOf(".") + 1)] as const);

const cases: Record<string, [make: () => Uint8Array, message: RegExp]> = {};
const notNamed = /which is none of the classes that tensors are made of; nothing was run/;
for (const [module, name] of dangerous) {
  cases[`${module}.${name} is called`] = [() => beside(call(global(module, name), command)), notNamed];
}
for (const [module, name] of dangerous.slice(0, 12)) {
  cases[`${module}.${name} by STACK_GLOBAL`] = [
    () => beside(call(stackGlobal(module, name), command)),
    notNamed,
  ];
}
const system = global("os", "system");
const refusedOpcode = (name: string) =>
  new RegExp(`it needs the opcode ${name}, which no tensor needs; nothing was run`);
const opcodes: [string, Part[]][] = [
  ["POP", ["N0"]],
  ["POP_MARK", ["(1"]],
  ["DUP", ["N2"]],
  ["FLOAT", ["F1.5\n"]],
  ["INT", ["I1\n"]],
  ["LONG", ["L1L\n"]],
  ["PERSID", ["P0\n"]],
  ["STRING", ["S'a'\n"]],
  ["BINSTRING", ["T", u32(1), "a"]],
  ["SHORT_BINSTRING", ["U", 1, "a"]],
  ["UNICODE", ["Va\n"]],
  ["DICT", ["(d"]],
  ["LIST", ["(l"]],
  ["GET", ["g0\n"]],
  ["PUT", ["Np0\n"]],
  ["INST", ["(", command, "ios\nsystem\n"]],
  ["OBJ", ["(", global("torch", "Size"), command, "o"]],
  ["NEWOBJ", [global("torch", "Size"), tuple(command), 0x81]],
  ["NEWOBJ_EX", [global("torch", "Size"), tuple(command), "}", 0x92]],
  ["EXT1", [0x82, 1]],
  ["EXT2", [0x83, u16(1)]],
  ["EXT4", [0x84, u32(1)]],
  ["LONG4", [0x8b, u32(0x7fffffff)]],
  ["EMPTY_SET", [0x8f]],
  ["ADDITEMS", ["(", 0x90]],
  ["FROZENSET", ["(", 0x91]],
  ["BYTEARRAY8", [0x96, u64(2n ** 62n)]],
  ["NEXT_BUFFER", [0x97]],
  ["READONLY_BUFFER", [0x98]],
];
for (const [name, parts] of opcodes) cases[`opcode ${name}`] = [() => beside(...parts), refusedOpcode(name)];

const noSense = (name: string) => new RegExp(`${name} is called with arguments that make no sense`);
const badTensor = noSense("torch._utils._rebuild_tensor_v2");
const noStorage = /the persistent id is .*, which names no storage/;
const million = 1 << 20;
/** A tensor that is all of a storage of a megabyte. */
const wholeStorage = tensor({
  from: storage(text("0"), int(million / 4)),
  size: sizes(million / 4),
  stride: sizes(1),
});
const namedAlike = (count: number, first: Part, others: Part) =>
  dict(...Array.from({ length: count }, (_, i) => [text(`w${i}`), i === 0 ? first : others]).flat());
Object.assign(cases, {
  // Ways around a list of names.
  "a dotted name": [() => beside(stackGlobal("collections", "OrderedDict.__init__.__globals__")), notNamed],
  "a module inside a module": [() => beside(stackGlobal("torch", "_utils.sys.modules")), notNamed],
  "a name cut otherwise": [() => beside(stackGlobal("torch._utils.", "_rebuild_tensor_v2")), notNamed],
  "a name with a new line": [() => beside(stackGlobal("torch\n", "Size")), notNamed],
  "a name of an object's own": [() => beside(stackGlobal("__proto__", "constructor")), notNamed],
  "STACK_GLOBAL of numbers": [() => beside(int(1), int(2), 0x93), /STACK_GLOBAL names a number and a number/],
  "STACK_GLOBAL of classes": [
    () => beside(text("torch"), global("torch", "Size"), 0x93),
    /STACK_GLOBAL names a text and torch.Size/,
  ],
  "a class that was memoized": [
    () => archive(pickle(system, "q", 0, "0h", 0, tuple(command), "R")),
    notNamed,
  ],
  "a call inside a call": [
    () => beside(call(call(global("builtins", "getattr"), system, text("x")))),
    notNamed,
  ],
  "a call that makes the callee": [
    () => beside(call(call(global("torch", "Size"), sizes(1)), command)),
    /REDUCE would call a tuple with a tuple; nothing was run/,
  ],
  "a call of a type": [
    () => beside(call(global("torch", "float16"), command)),
    /REDUCE would call torch.float16/,
  ],
  "a call of a storage's class": [
    () => beside(call(global("torch", "FloatStorage"), int(2 ** 30))),
    /REDUCE would call torch.FloatStorage/,
  ],
  "a call of a text": [() => beside(call(text("os.system"), command)), /REDUCE would call a text/],
  "a call with a list": [
    () => beside(global("torch", "Size"), "]", "R"),
    /REDUCE would call torch.Size with a list/,
  ],
  "a chain of reductions": [
    () => beside(times(1000, global("torch", "Size")), sizes(1), times(1000, bytes(0x85, "R"))),
    /it has "x" \(a tuple\)/,
  ],
  "code in the arguments of a tensor": [() => beside(tensor({ offset: call(system, command) })), notNamed],
  "code as a hook": [
    () => beside(call(rebuild, storage(), int(0), sizes(6), sizes(1), none, call(system, command))),
    notNamed,
  ],
  "code as a key": [() => archive(pickle(dict(call(system, command), tensor()))), notNamed],
  "code as a persistent id": [() => beside(call(system, command), "Q"), notNamed],
  "code before PROTO": [() => archive(bytes(call(system, command), ".")), /does not begin with PROTO/],
  "code behind the end": [
    () => archive(bytes(goodPickle, pickle(call(system, command)))),
    /data.pkl has \d+ bytes after its end/,
  ],
  "code in a pickle without an archive": [() => pickle(call(system, command)), notNamed],
  "code in an old file": [() => old({ value: dict(text("w"), call(system, command)) }), notNamed],
  "code instead of an old file's magic": [() => old({ magic: call(system, command) }), notNamed],
  "code instead of an old file's keys": [() => old({ keys: call(system, command) }), notNamed],
  "BUILD with a state on a tensor": [
    () => beside(tensor(), dict(text("__class__"), text("x")), "b"),
    /BUILD would set the state of an object/,
  ],
  "BUILD on a class": [
    () => beside(global("torch", "Size"), dict(text("__reduce__"), text("x")), "b"),
    /BUILD would set the state of torch.Size/,
  ],
  "BUILD on a list": [() => beside("]", "}", "b"), /BUILD would set the state of a list/],
  "BUILD with a tuple of slots": [
    () => beside(ordered, tuple(none, dict(text("a"), int(1))), "b"),
    /BUILD would set the state of a dictionary to a tuple/,
  ],
  "BUILD on a plain dictionary": [() => beside("}", "}", "b"), /BUILD would set the state of a dictionary/],
  "an OrderedDict of something": [
    () => beside(call(global("collections", "OrderedDict"), text("x"))),
    noSense("collections.OrderedDict"),
  ],
  "bytes of another encoding": [
    () => beside(call(global("_codecs", "encode"), text("x"), text("rot13"))),
    noSense("_codecs.encode"),
  ],
  // Lengths, and places that are not there.
  "BINUNICODE of 4 GiB": [() => beside("X", u32(0xffffffff)), /4294967295 bytes are wanted/],
  "BINUNICODE8 of 2^63": [() => beside(0x8d, u64(2n ** 63n)), /bytes are wanted/],
  "BINUNICODE8 of 2^64 - 1": [() => beside(0x8d, u64(2n ** 64n - 1n)), /bytes are wanted/],
  "BINBYTES of 2 GiB": [() => beside("B", u32(0x7fffffff)), /bytes are wanted/],
  "BINBYTES8 of 2^40": [() => beside(0x8e, u64(2n ** 40n)), /bytes are wanted/],
  "SHORT_BINUNICODE past the end": [() => archive(bytes(proto(4), 0x8c, 255, "abc")), /255 bytes are wanted/],
  "a text of a megabyte": [() => beside(text("x".repeat(million))), /one value of 1048576 bytes/],
  "LONG1 of 255 bytes": [() => beside(0x8a, 255, Buffer.alloc(255, 1)), /one value of 255 bytes/],
  "a frame of 2^60": [() => archive(bytes(proto(4), 0x95, u64(2n ** 60n), "N.")), /a frame is longer/],
  "a name without an end": [
    () => archive(bytes(proto(2), "c", "a".repeat(million))),
    /a name is longer than 256/,
  ],
  "memo 4,294,967,295": [() => beside("Nr", u32(0xffffffff)), /memo 4294967295 comes after 0/],
  "a memo that was not set": [() => beside("h", 7), /memo 7 is asked for, which was not set/],
  "a memo far away": [() => beside("j", u32(0xfffffffe)), /memo 4294967294 is asked for/],
  "text that is no UTF-8": [() => beside("X", u32(2), 0xc3, 0x28), /a text is not UTF-8/],
  "protocol 0": [() => archive(bytes("(dp0\n.")), /does not begin with PROTO/],
  "protocol 6": [() => archive(bytes(proto(6), "N.")), /protocol 6; 2 to 5 are read/],
  "PROTO twice": [() => beside(proto(2), "N"), /PROTO stands in the middle/],
  "no opcode": [() => beside(0xff), /0xff is no opcode/],
  "no end": [() => archive(bytes(proto(2), "N")), /1 bytes are wanted, but 0 are left/],
  "nothing but the end": [() => archive(pickle()), /takes a value where there is none/],
  "two values": [() => archive(pickle("NN")), /ends with more than one value/],
  "an open mark": [() => archive(pickle("N(")), /takes a value where there is none/],
  "an empty pickle": [() => archive(Buffer.alloc(0)), /does not begin with PROTO/],
  "no mark": [() => archive(pickle("Nt")), /a mark where there is none/],
  "a value below a mark": [() => archive(pickle("N(", 0x85)), /takes a value where there is none/],
  "items of a number": [() => beside("K", 1, "K", 2, "a"), /a number stands where a list should/],
  "pairs of a list": [() => beside("]", "NNs"), /a list stands where a dictionary should/],
  "a key without a value": [() => beside("}(Nu"), /a key without a value/],
  "a list as key": [() => beside("}", "]", "Ns"), /a list is a key/],
  // Tensors and storages that lie.
  "a tensor beyond its storage": [() => beside(tensor({ size: sizes(3, 3) })), badTensor],
  "a tensor that begins beyond its storage": [() => beside(tensor({ offset: int(1) })), badTensor],
  "a tensor of 2^60 values": [() => beside(tensor({ size: sizes(2 ** 30, 2 ** 30) })), badTensor],
  "a tensor of 2^31 values by strides of nothing": [
    () => beside(tensor({ size: sizes(2 ** 30, 2), stride: sizes(0, 0) })),
    /has the strides \[0, 0\]/,
  ],
  "a negative size": [() => beside(tensor({ size: sizes(-2, -3) })), badTensor],
  "a negative stride": [() => beside(tensor({ stride: sizes(-3, 1) })), badTensor],
  "a negative offset": [() => beside(tensor({ offset: int(-1) })), badTensor],
  "nine dimensions": [
    () =>
      beside(tensor({ size: sizes(1, 1, 1, 1, 1, 1, 1, 2, 3), stride: sizes(1, 1, 1, 1, 1, 1, 1, 3, 1) })),
    badTensor,
  ],
  "fewer strides than sizes": [() => beside(tensor({ stride: sizes(1) })), badTensor],
  "sizes of text": [() => beside(tensor({ size: tuple(text("2"), text("3")) })), badTensor],
  "sizes of fractions": [
    () => beside(tensor({ size: tuple(bytes("G", Buffer.from("3ff8000000000000", "hex")), int(3)) })),
    badTensor,
  ],
  "a tensor of a tensor": [() => beside(tensor({ from: tensor() })), badTensor],
  "a tensor of a text": [() => beside(tensor({ from: text("0") })), badTensor],
  "a tensor without arguments": [() => beside(call(rebuild)), badTensor],
  "a parameter of a storage": [
    () => beside(call(global("torch._utils", "_rebuild_parameter"), storage(), none, none)),
    noSense("torch._utils._rebuild_parameter"),
  ],
  "a storage where a tensor should be": [() => beside(storage()), /it has "x" \(an object\)/],
  "overlapping rows": [
    () => beside(tensor({ size: sizes(2, 3), stride: sizes(1, 1) })),
    /has the strides \[1, 1\]/,
  ],
  "a persistent id of a path": [() => beside(storage(text("../../../etc/passwd"))), noStorage],
  "a persistent id of an entry": [() => beside(storage(text("0/../1"))), noStorage],
  "a persistent id of a number": [() => beside(storage(int(0))), noStorage],
  "a persistent id of a text": [() => beside(text("storage"), "Q"), /the persistent id is a text/],
  "a persistent id of a module": [
    () => beside(tuple(text("module"), global("torch", "Size"), text("a.py"), text("import os")), "Q"),
    noStorage,
  ],
  "a persistent id of another class": [() => beside(storage(text("0"), int(6), "Size")), noStorage],
  "a persistent id of itself": [() => beside("]q\x00h\x00ah\x00Q"), /the persistent id is a list/],
  "a storage of 2^62 values": [() => beside(storage(text("0"), bytes(0x8a, 8, u64(2n ** 62n)))), noStorage],
  "a storage of 2^52 values": [
    () => beside(storage(text("1"), bytes(0x8a, 8, u64(2n ** 50n))), "0"),
    refusedOpcode("POP"),
  ],
  "a storage of -1 values": [() => beside(storage(text("0"), int(-1))), noStorage],
  "a storage of two types": [() => beside(storage(text("0"), int(6), "IntStorage")), noStorage],
  "a storage that is not there": [
    () => archive(pickle(dict(text("w"), tensor({ from: storage(text("7")) })))),
    /storage "7" is not in the archive/,
  ],
  "a storage with too few bytes": [
    () => archive(goodPickle, Buffer.alloc(20)),
    /should have 24 bytes, but has 20/,
  ],
  "a storage with too many bytes": [
    () => archive(goodPickle, Buffer.alloc(25)),
    /should have 24 bytes, but has 25/,
  ],
  // Old files.
  "an old file of another version": [() => old({ version: bytes("M", u16(1002)) }), /is of version 1002/],
  "an old file of other magic": [() => old({ magic: int(5) }), /not one that PyTorch wrote/],
  "an old file with big-endian numbers": [
    () => old({ machine: dict(text("little_endian"), bytes(0x89)) }),
    /does not say that its numbers are little-endian/,
  ],
  "an old file without its keys": [() => old({ keys: bytes("]") }), /does not list so many/],
  "an old file with keys twice": [
    () =>
      old({
        keys: bytes("]", "(", text("0"), text("0"), "e"),
        value: dict(
          text("w"),
          tensor({ from: storage(text("0"), int(6), "FloatStorage", none) }),
          text("v"),
          tensor({ from: storage(text("1"), int(6), "FloatStorage", none) }),
        ),
      }),
    /lists a storage that no tensor has, or one twice/,
  ],
  "an old file cut short": [() => old().subarray(0, -1), /ends at byte .* but the file has/],
  "an old file with another count": [
    () => old({ data: bytes(u64(2n ** 60n), sixFloats) }),
    /should have 6 values, but says/,
  ],
  "an old file with a view of a storage": [
    () =>
      old({
        value: dict(text("w"), tensor({ from: storage(text("0"), int(6), "FloatStorage", sizes(1, 2)) })),
      }),
    noStorage,
  ],
  // Archives.
  "a deflated pickle": [() => changed(0, { method: 8 }), /compressed \(method 8, deflate\)/],
  "a deflated storage": [() => changed(1, { method: 8 }), /compressed \(method 8, deflate\)/],
  "a storage deflated by its own header alone": [
    () => changed(1, { localMethod: 8 }),
    /compressed by its own header/,
  ],
  "an encrypted entry": [() => changed(1, { flags: 1 }), /is encrypted/],
  "a storage that grows a thousand million times": [
    () => changed(1, { method: 8, size: 0xfffffff0, stored: 24 }),
    /compressed \(method 8, deflate\)/,
  ],
  "a stored entry that grows": [
    () => changed(1, { size: 0xfffffff0, stored: 24 }),
    /24 bytes are said to make/,
  ],
  "entries at one place": [() => changed(1, { header: 0 }), /runs into|at byte/],
  "entries inside one another": [() => changed(0, { stored: 400, size: 400 }), /runs into/],
  "an entry that runs into the directory": [
    () => changed(2, { stored: 50, size: 50 }),
    /runs into the directory/,
  ],
  "an entry beyond the file": [() => changed(1, { header: 0x7fffffff }), /runs into the directory/],
  "a header elsewhere": [() => changed(2, { header: 4, name: "a/version" }), /runs into/],
  "another name in the header": [
    () => changed(1, { localName: "a/data/1" }),
    /should have its header at byte/,
  ],
  "a name twice": [() => changed(2, { name: "a/data/0" }), /entry "a\/data\/0" is there twice/],
  "two pickles": [() => changed(2, { name: "b/data.pkl" }), /with 2 entries NAME\/data.pkl/],
  "no pickle": [() => changed(0, { name: "a/data.pck" }), /with 0 entries NAME\/data.pkl/],
  "a pickle deeper down": [() => changed(0, { name: "a/b/data.pkl" }), /with 0 entries NAME\/data.pkl/],
  "a program": [
    () => changed(2, { name: "a/constants.pkl" }),
    /is a TorchScript archive, which is a program/,
  ],
  "big-endian numbers": [
    () => changed(2, { name: "a/byteorder", data: Buffer.from("big") }),
    /are big-endian/,
  ],
  "a byte order of a gigabyte": [
    () => changed(2, { name: "a/byteorder", data: Buffer.alloc(100) }),
    /byteorder has 100 bytes; at most 16/,
  ],
  "a directory of 65,534 entries": [
    () => changed(0, {}, { count: 65_534 }),
    /its directory has 65,534 entries/,
  ],
  "a directory of 4 GiB": [() => changed(0, {}, { bytes: 0xfffffff0 }), /4,294,967,280 bytes; at most/],
  "a directory of 2^60 entries": [
    () => changed(0, {}, { count: 0xffff, zip64: { count: 2n ** 60n } }),
    /1,152,921,504,606,84\d,\d{3} entries/,
  ],
  "a directory of 2^60 bytes": [
    () => changed(0, {}, { bytes: 0xffffffff, zip64: { bytes: 2n ** 60n } }),
    /in 1,152,921,504,606,84\d,\d{3} bytes/,
  ],
  "a directory at 2^63": [
    () => changed(0, {}, { offset: 0xffffffff, zip64: { offset: 2n ** 63n } }),
    /should end at byte/,
  ],
  "a zip64 record at 2^63": [
    () => changed(0, {}, { zip64: { at: 2n ** 63n } }),
    /its zip64 record should lie before/,
  ],
  "a zip64 record that is none": [
    () => changed(0, {}, { zip64: { at: 0n } }),
    /has no zip64 record at byte 0/,
  ],
  "end records that disagree": [
    () => changed(0, {}, { zip64: { count: 2n } }),
    /its two end records disagree/,
  ],
  "sizes without their zip64 field": [
    () => changed(1, { size: 0xffffffff, stored: 0xffffffff }),
    /lacks the sizes that its zip64 field should have/,
  ],
  "a zip64 field cut short": [
    () => changed(1, { size: 0xffffffff, stored: 0xffffffff, extra: bytes(u16(1), u16(8), u64(24)) }),
    /lacks the sizes/,
  ],
  "a zip64 field longer than its place": [
    () => changed(1, { size: 0xffffffff, stored: 0xffffffff, extra: bytes(u16(1), u16(999), u64(24)) }),
    /lacks the sizes/,
  ],
  "zip64 sizes of 2^63": [
    () =>
      changed(1, {
        size: 0xffffffff,
        stored: 0xffffffff,
        extra: bytes(u16(1), u16(16), u64(2n ** 63n), u64(2n ** 63n)),
      }),
    /is said to be at byte/,
  ],
  "fewer entries than there are": [() => changed(0, {}, { count: 2 }), /bytes after the last entry/],
  "an archive in parts": [() => changed(0, {}, { disk: 1 }), /in several parts/],
  "a directory elsewhere": [() => changed(0, {}, { before: Buffer.alloc(8) }), /should end at byte/],
  "something before the archive": [
    () => bytes("PK\x03\x04", Buffer.alloc(28), archive(goodPickle)),
    /should end at byte/,
  ],
  "an end record in a comment": [
    () => changed(0, {}, { comment: bytes("PK\x05\x06", Buffer.alloc(18)).toString("latin1") }),
    /count|entries NAME|should end at byte|entry 0|directory/,
  ],
  "an archive cut short": [() => archive(goodPickle).subarray(0, -1), /without a directory at its end/],
  "an archive of nothing": [() => bytes("PK\x03\x04", Buffer.alloc(40)), /without a directory at its end/],
  "no more than a beginning": [() => bytes("PK\x03\x04", "abcd"), /without a directory at its end/],
} satisfies typeof cases);

/** Pickles that ask for memory, each opened by a process of its own. */
const bombs: typeof cases = {
  "millions of dictionaries on the stack": [
    () => archive(pickle(times(million, bytes("}")))),
    /wait on its stack/,
  ],
  "millions of marks": [() => archive(pickle(times(million, bytes("(")))), /structures inside one another/],
  "millions of dictionaries in a list": [
    () => archive(pickle("]", times(million, bytes("}a")))),
    /would take more than 24 MiB/,
  ],
  "millions of filled dictionaries": [
    () => archive(pickle("]", times(million / 2, bytes("}K\x01Nsa")))),
    /would take more than 24 MiB/,
  ],
  "a tuple in a tuple, millions deep": [
    () => archive(pickle("N", times(million, bytes(0x85)))),
    /would take more than 24 MiB/,
  ],
  "a list in a list, deep": [
    () => archive(pickle(times(60_000, bytes("]")), times(59_999, bytes("a")))),
    /holds a list; a dictionary of tensors is expected/,
  ],
  "a list in itself": [() => beside("]q\x00h\x00a"), /tensors by name alone; it has "x" \(a list\)/],
  "a dictionary in itself": [
    () => archive(pickle("}q\x00", text("model"), "h\x00s")),
    /its dictionary should hold tensors by name/,
  ],
  "a billion laughs": [
    () =>
      beside(
        "]q\x00",
        ...Array.from({ length: 200 }, (_, i) => bytes("](", ...Array(10).fill(bytes("h", i)), "eq", i + 1)),
      ),
    /it ends with more than one value|a key without a value|is a key/,
  ],
  "millions of memos": [
    () => archive(pickle("N", times(3 * million, bytes(0x94)))),
    /would take more than 24 MiB/,
  ],
  "a text encoded again and again": [
    () =>
      archive(
        pickle(
          bytes(
            global("_codecs", "encode"),
            "q\x00",
            text("x".repeat(60_000)),
            "q\x01",
            text("latin1"),
            "q\x02",
          ),
          "]",
          times(10_000, bytes("h\x00h\x01h\x02\x86Ra")),
        ),
      ),
    /would take more than 24 MiB/,
  ],
  "millions of calls": [
    () =>
      archive(
        pickle(bytes(global("collections", "OrderedDict"), "q\x00]"), times(million, bytes("h\x00)Ra"))),
      ),
    /would take more than 24 MiB/,
  ],
  "millions of numbers": [
    () =>
      archive(
        pickle("]", times(200_000, bytes("G", Buffer.alloc(8, 3), "a")), times(2 * million, bytes("Na"))),
      ),
    /would take more than 24 MiB/,
  ],
  "ten thousand names for one tensor": [
    () =>
      archive(pickle(namedAlike(10_000, bytes(wholeStorage, "q", 0), bytes("h", 0))), Buffer.alloc(million)),
    /storages are shared up to 16 times/,
  ],
  "a hundred tensors of one storage": [
    () => archive(pickle(namedAlike(100, wholeStorage, wholeStorage)), Buffer.alloc(million)),
    /storages are shared up to 16 times/,
  ],
};

// --- the child ---

interface Report {
  opened: number;
  refused: number;
  failures: string[];
  slowestMs: number;
  /** Peak resident memory above what it was before the files were opened. */
  growth: number;
}

/** Opens a file and reads all of it; the BaimoError's message when it is refused. */
async function openWhole(file: Uint8Array): Promise<string | undefined> {
  try {
    const checkpoint = await openCheckpoint(file);
    try {
      for (const name of checkpoint.tensors.keys()) await checkpoint.readTensor(name);
      return undefined;
    } finally {
      await checkpoint.close();
    }
  } catch (error) {
    if (error instanceof BaimoError && error.message.length > 20) return error.message;
    throw error;
  }
}

/** Peak resident memory of this process; the kernel's resource usage would include the parent's at the fork. */
function peak(): number {
  if (!existsSync("/proc/self/status")) return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
}

const good = ["odd-2.pt", "odd-4.pt", "module-state-old.pt", "module-state.pt"].map((file) =>
  golden("torch", file),
);

async function attempt(report: Report, what: string, file: Uint8Array, message?: RegExp): Promise<void> {
  const begun = processorMs();
  try {
    const refusal = await openWhole(file);
    if (refusal === undefined) report.opened++;
    else report.refused++;
    if (message && refusal === undefined) report.failures.push(`${what}: was opened`);
    if (message && refusal !== undefined && !message.test(refusal)) {
      report.failures.push(`${what}: was refused for another reason: ${refusal}`);
    }
  } catch (error) {
    report.failures.push(`${what}: ${error instanceof Error ? error.stack : error}`);
  }
  report.slowestMs = Math.max(report.slowestMs, processorMs() - begun);
}

async function openAll(hostile: typeof cases): Promise<Report> {
  const report: Report = { opened: 0, refused: 0, failures: [], slowestMs: 0, growth: 0 };
  for (const file of good) await openWhole(new Uint8Array(readFileSync(file))); // what the code itself takes
  globalThis.gc?.();
  const before = peak();
  for (const [what, [make, message]] of Object.entries(hostile)) {
    await attempt(report, what, make(), message);
    globalThis.gc?.();
  }
  report.growth = peak() - before;
  return report;
}

async function openMutations(): Promise<Report> {
  const originals = good.map((file) => new Uint8Array(readFileSync(file)));
  const report: Report = { opened: 0, refused: 0, failures: [], slowestMs: 0, growth: 0 };
  for (const original of originals) await openWhole(original);
  const before = peak();
  const random = createRandom(seed);
  for (const [i, original] of originals.entries()) {
    for (let n = 0; n < mutationsPerFile; n++) {
      await attempt(report, `seed ${seed}, ${good[i]}, mutation ${n}`, mutate(original, random, n));
      if (n % 16 === 0) globalThis.gc?.();
    }
  }
  report.growth = peak() - before;
  return report;
}

/** A changed copy: bits flipped, numbers blown up, pieces cut out, moved or repeated. */
function mutate(original: Uint8Array, random: Random, n: number): Uint8Array {
  const copy = Uint8Array.from(original);
  const somewhere = () => random.integer(copy.length);
  switch (n % 5) {
    case 0:
      for (let k = 1 + random.integer(4); k > 0; k--) copy[somewhere()] ^= 1 << random.integer(8);
      return copy;
    case 1: {
      const value = [0xff, 0x00, 0x7f, 0x80][random.integer(4)];
      const at = somewhere();
      return copy.fill(value, at, at + 1 + random.integer(8));
    }
    case 2:
      return copy.slice(0, somewhere());
    case 3: {
      const at = somewhere();
      return new Uint8Array(
        Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + random.integer(64))]),
      );
    }
    default:
      return copy.copyWithin(somewhere(), somewhere(), somewhere());
  }
}

// --- the parent ---

/** Runs this file again as a child, with a small nursery: measured is memory in use, not how long garbage lies. */
async function inChild(...what: string[]): Promise<Report> {
  const flags = ["--expose-gc", "--max-semi-space-size=4"];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...flags, fileURLToPath(import.meta.url), "child", ...what],
    { maxBuffer: 1 << 24, timeout: 300_000 },
  );
  return JSON.parse(stdout);
}

const mib = (n: number) => `${(n / million).toFixed(1)} MiB`;

function registerTests(): void {
  test("the assembled files open when nothing is wrong with them", async () => {
    const files = [
      archive(goodPickle),
      beside(int(5)),
      old(),
      changed(0, {}, { zip64: {} }),
      changed(0, {}, { count: 0xffff, bytes: 0xffffffff, offset: 0xffffffff, zip64: {} }),
      changed(1, {
        size: 0xffffffff,
        stored: 0xffffffff,
        extra: bytes(u16(9), u16(1), 0, u16(1), u16(16), u64(24), u64(24)),
      }),
      changed(0, {}, { comment: "hello" }),
      archive(pickle(bytes(ordered, dict(text("_metadata"), ordered), "b", "(", text("w"), tensor(), "u"))),
    ];
    for (const [i, file] of files.entries()) {
      const checkpoint = await openCheckpoint(new Uint8Array(file));
      assert.equal(checkpoint.format, "torch");
      assert.deepEqual(checkpoint.tensors.get("w")?.shape, [2, 3], `file ${i}`);
      assert.deepEqual(Buffer.from(await checkpoint.readTensor("w")), sixFloats);
      await checkpoint.close();
    }
  });

  test("a pickle of 17 MiB is not read", async () => {
    const file = new Uint8Array(archive(times(17 * million, bytes("N"))));
    await assert.rejects(openCheckpoint(file), /data.pkl has 17,825,792 bytes; at most 16,777,216 are read/);
  });

  test(`${Object.keys(cases).length} hostile files are refused, and nothing is run`, async (t) => {
    const report = await inChild("hostile");
    t.diagnostic(`slowest ${report.slowestMs.toFixed(0)} ms, memory +${mib(report.growth)}`);
    assert.deepEqual(report.failures.slice(0, 5), []);
    assert.ok(report.refused >= 200, `${report.refused} were refused`);
    assert.equal(report.opened, 0);
    assert.ok(!existsSync(marker), "a command of a pickle was run");
    assert.ok(report.slowestMs < longestMs, `the slowest took ${report.slowestMs} ms`);
    assert.ok(report.growth <= allowance, `memory grew by ${report.growth} bytes`);
  });

  for (const what of Object.keys(bombs)) {
    test(`memory stays within 64 MiB: ${what}`, async (t) => {
      const report = await inChild("bomb", what);
      t.diagnostic(`refused in ${report.slowestMs.toFixed(0)} ms, memory +${mib(report.growth)}`);
      assert.deepEqual([report.failures, report.refused], [[], 1]);
      assert.ok(report.slowestMs < longestMs, `it took ${report.slowestMs} ms`);
      assert.ok(report.growth <= allowance, `memory grew by ${report.growth} bytes`);
    });
  }

  test(`${good.length * mutationsPerFile} mutated files open or give a BaimoError (seed ${seed})`, async (t) => {
    const report = await inChild("mutations");
    t.diagnostic(
      `${report.opened} opened, ${report.refused} refused, slowest ${report.slowestMs.toFixed(0)} ms, memory +${mib(report.growth)}`,
    );
    assert.deepEqual(report.failures.slice(0, 3), []);
    const mutations = good.length * mutationsPerFile;
    const reached = report.refused > mutations / 4 && report.opened > mutations / 20;
    assert.ok(reached, "the mutations reach the checks");
    assert.ok(report.slowestMs < longestMs, `the slowest took ${report.slowestMs} ms`);
    assert.ok(report.growth <= allowance, `memory grew by ${report.growth} bytes`);
  });
}

if (process.argv[2] === "child") {
  const [, , , kind, name] = process.argv;
  const report =
    kind === "mutations"
      ? await openMutations()
      : await openAll(kind === "bomb" ? { [name]: bombs[name] } : cases);
  process.stdout.write(JSON.stringify(report));
} else registerTests();
