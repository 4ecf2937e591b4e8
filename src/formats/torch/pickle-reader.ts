// Reads a Python pickle without running code: a stack machine with the opcodes of data only.
//
// It calls only what its caller lists. Opcodes: Python's Lib/pickletools.py.
//
// It calls only what its caller lists. Opcodes: Python's Lib/pickletools.py.
import { BaimoError } from "../../errors.ts";

/** A value of a pickle. What a listed class makes is an `object` of the caller's. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleObject;

export interface PickleTuple {
  readonly kind: "tuple";
  readonly items: readonly PickleValue[];
}
export interface PickleList {
  readonly kind: "list";
  readonly items: PickleValue[];
}
export interface PickleDict {
  readonly kind: "dict";
  /** An OrderedDict, which may carry attributes; those are dropped. */
  readonly ordered: boolean;
  /** Undefined while nothing is in it: most are the empty hooks of a tensor. */
  entries: Map<string | number, PickleValue> | undefined;
}
export interface PickleObject {
  readonly kind: "object";
  readonly value: unknown;
}
/** Something that a pickle may name, by "module.name". */
export interface PickleGlobal {
  readonly kind: "global";
  readonly name: string;
  /** What a call gives; absent for what is only named. Undefined when the arguments make no sense. */
  readonly call?: (args: readonly PickleValue[]) => PickleValue | undefined;
}

/** What `readPickle` may be told. */
export interface PickleOptions {
  /** The file, for messages. */
  name: string;
  /** All that the pickle may name. */
  globals: ReadonlyMap<string, PickleGlobal>;
  /** What a persistent id stands for; undefined when it makes no sense. */
  persistent?: (id: PickleValue) => PickleValue | undefined;
  /** The byte at which the pickle begins. Default 0. */
  start?: number;
}

/** Python's pickler gives items in batches of 1,000, so a stack holds some thousands at most. */
const MAX_STACK = 1 << 16;
/** Structures inside one another, each with a mark; a checkpoint has a dozen. */
const MAX_MARKS = 256;
/**
 * Most memory for values, in bytes as estimated by the costs below: a tensor takes about 1,300, with its name, sizes,
 * storage and memo, so this is enough for some 18,000 in one file.
 */
const MAX_COST = 24 << 20;
const COST = { value: 56, slot: 24, map: 200, entry: 48, call: 128 };
/** Names of tensors, classes and storages are short; so are the settings that some programs put beside them. */
const MAX_TEXT = 1 << 16;
const MAX_NAME = 256;
/** Bytes of an integer: sizes have 8, the number that older PyTorch files begin with has 10. */
const MAX_INTEGER = 16;

const names =
  "(MARK .STOP 0POP 1POP_MARK 2DUP FFLOAT IINT JBININT KBININT1 LLONG MBININT2 NNONE PPERSID QBINPERSID RREDUCE SSTRING " +
  "TBINSTRING USHORT_BINSTRING VUNICODE XBINUNICODE aAPPEND bBUILD cGLOBAL dDICT }EMPTY_DICT eAPPENDS gGET hBINGET " +
  "iINST jLONG_BINGET lLIST ]EMPTY_LIST oOBJ pPUT qBINPUT rLONG_BINPUT sSETITEM tTUPLE )EMPTY_TUPLE uSETITEMS " +
  "GBINFLOAT BBINBYTES CSHORT_BINBYTES";
/** The opcodes from 0x80 on, in the order of their numbers. */
const laterNames =
  "PROTO NEWOBJ EXT1 EXT2 EXT4 TUPLE1 TUPLE2 TUPLE3 NEWTRUE NEWFALSE LONG1 LONG4 SHORT_BINUNICODE BINUNICODE8 BINBYTES8 " +
  "EMPTY_SET ADDITEMS FROZENSET NEWOBJ_EX STACK_GLOBAL MEMOIZE FRAME BYTEARRAY8 NEXT_BUFFER READONLY_BUFFER";
const opcodeNames: ReadonlyMap<number, string> = new Map([
  ...names.split(" ").map((entry) => [entry.charCodeAt(0), entry.slice(1)] as const),
  ...laterNames.split(" ").map((name, i) => [0x80 + i, name] as const),
]);

/**
 * Reads one pickle of protocol 2 to 5; nothing in it is run.
 *
 * Returns the value and the byte after it. Values are shared where the pickle shares them, and may contain themselves.
 * @throws {BaimoError} `format` when it needs an opcode or a class that is not listed, is damaged or asks for too much
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): { value: PickleValue; end: number } {
  const { name, globals, persistent, start = 0 } = options;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = start;
  let opcodeAt = start;
  let cost = 0;
  const stack: PickleValue[] = [];
  const marks: number[] = []; // heights of the stack
  const memo: PickleValue[] = [];

  const fail = (message: string) =>
    new BaimoError("format", `${name}: ${message} (byte ${opcodeAt} of the pickle)`);
  const charge = (amount: number) => {
    cost += amount;
    if (cost > MAX_COST) throw fail(`its values would take more than ${MAX_COST >> 20} MiB`);
  };
  /** The position of `length` bytes that come next. */
  const take = (length: number, most = MAX_TEXT): number => {
    if (length > bytes.length - at) {
      throw fail(`${length} bytes are wanted, but ${bytes.length - at} are left; is the download complete?`);
    }
    if (length > most) throw fail(`one value of ${length} bytes; at most ${most} are taken`);
    at += length;
    return at - length;
  };
  const takeU8 = () => bytes[take(1)];
  const takeU32 = () => view.getUint32(take(4), true);
  const takeU64 = () => Number(view.getBigUint64(take(8), true)); // inexact only where it is refused
  const push = (value: PickleValue, price = COST.value) => {
    if (stack.length === MAX_STACK) throw fail(`more than ${MAX_STACK} values wait on its stack`);
    charge(price);
    stack.push(value);
  };
  const pop = (): PickleValue => {
    if (stack.length <= (marks.at(-1) ?? 0)) throw fail("it takes a value where there is none");
    return stack.pop()!; // just checked
  };
  const top = (): PickleValue => {
    const value = pop();
    stack.push(value);
    return value;
  };
  const sinceMark = (): PickleValue[] => {
    const mark = marks.pop();
    if (mark === undefined) throw fail("it goes back to a mark where there is none");
    return stack.splice(mark);
  };
  const pushText = (length: number) => {
    const from = take(length);
    try {
      push(decoder.decode(bytes.subarray(from, at)), COST.value + 2 * length);
    } catch (error) {
      throw error instanceof BaimoError ? error : fail("a text is not UTF-8");
    }
  };
  const pushBytes = (length: number) => {
    const from = take(length);
    push(bytes.slice(from, at), COST.value + 100 + length);
  };
  const pushTuple = (items: readonly PickleValue[]) =>
    push({ kind: "tuple", items }, COST.value + COST.slot * items.length);
  const popTuple = (count: number) => {
    const items = Array.from({ length: count }, pop).reverse();
    pushTuple(items);
  };
  const takeLine = (): string => {
    const from = at;
    while (at < bytes.length && bytes[at] !== 0x0a) {
      if (at - from === MAX_NAME) throw fail(`a name is longer than ${MAX_NAME} bytes`);
      at++;
    }
    take(1);
    return String.fromCharCode(...bytes.subarray(from, at - 1));
  };
  const pushGlobal = (module: string, member: string) => {
    const wanted = `${module}.${member}`;
    const found = globals.get(wanted);
    if (!found) {
      throw fail(
        `it names ${JSON.stringify(wanted.slice(0, MAX_NAME))}, which is none of the classes that tensors are made of; ` +
          "nothing was run. If you trust the file, open it in PyTorch and save its weights as safetensors",
      );
    }
    push(found, 0);
  };
  const memoize = (index: number) => {
    // Python numbers them one after another, some versions from 1.
    if (index > memo.length + 1) throw fail(`memo ${index} comes after ${memo.length}`);
    if (index >= memo.length) charge(COST.slot * (index + 1 - memo.length));
    if (index > memo.length) memo.push(null);
    memo[index] = top();
  };
  const recall = (index: number) => {
    const value = memo[index];
    if (value === undefined) throw fail(`memo ${index} is asked for, which was not set`);
    push(value, 0);
  };
  const append = (items: readonly PickleValue[]) => {
    const list = top();
    if (!isKind(list, "list")) throw fail(`${describe(list)} stands where a list should`);
    charge(COST.slot * items.length);
    for (const item of items) list.items.push(item);
  };
  const setItems = (items: readonly PickleValue[]) => {
    const dict = top();
    if (!isKind(dict, "dict")) throw fail(`${describe(dict)} stands where a dictionary should`);
    if (items.length % 2 !== 0) throw fail("a key without a value");
    charge((dict.entries ? 0 : COST.map) + (COST.entry * items.length) / 2);
    dict.entries ??= new Map();
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== "string" && typeof key !== "number") {
        throw fail(`${describe(key)} is a key; texts and numbers are taken`);
      }
      dict.entries.set(key, items[i + 1]);
    }
  };
  const reduce = () => {
    const args = pop();
    const callee = pop();
    if (!isKind(callee, "global") || !callee.call || !isKind(args, "tuple")) {
      throw fail(`REDUCE would call ${describe(callee)} with ${describe(args)}; nothing was run`);
    }
    const made = callee.call(args.items);
    if (made === undefined) throw fail(`${callee.name} is called with arguments that make no sense`);
    push(made, COST.call + (made instanceof Uint8Array ? made.length : 0));
  };
  const build = () => {
    const state = pop();
    const target = top();
    // What PyTorch hangs on the OrderedDict of a state_dict is the versions of its modules.
    if (!isKind(target, "dict") || !target.ordered || !isKind(state, "dict")) {
      throw fail(
        `BUILD would set the state of ${describe(target)} to ${describe(state)}; only an OrderedDict has one`,
      );
    }
  };

  if (bytes[at] !== 0x80) throw fail("it does not begin with PROTO; protocols 2 to 5 are read");
  for (;;) {
    opcodeAt = at;
    const opcode = takeU8();
    switch (opcode) {
      case 0x80: {
        const protocol = takeU8();
        if (opcodeAt !== start) throw fail("PROTO stands in the middle");
        if (protocol < 2 || protocol > 5) throw fail(`protocol ${protocol}; 2 to 5 are read`);
        break;
      }
      case 0x95: // FRAME: how much the next reads may fetch together
        if (takeU64() > bytes.length - at) throw fail("a frame is longer than what is left");
        break;
      case 0x2e: {
        // STOP
        const value = pop();
        if (stack.length > 0 || marks.length > 0) throw fail("it ends with more than one value");
        return { value, end: at };
      }
      case 0x28: // MARK
        if (marks.length === MAX_MARKS) throw fail(`more than ${MAX_MARKS} structures inside one another`);
        marks.push(stack.length);
        break;
      case 0x4e: // NONE
        push(null, 0);
        break;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        push(opcode === 0x88, 0);
        break;
      case 0x4a: // BININT
        push(view.getInt32(take(4), true), 0);
        break;
      case 0x4b: // BININT1
        push(takeU8(), 0);
        break;
      case 0x4d: // BININT2
        push(view.getUint16(take(2), true), 0);
        break;
      case 0x8a: {
        // LONG1
        const length = takeU8();
        push(readInteger(bytes, take(length, MAX_INTEGER), length));
        break;
      }
      case 0x47: // BINFLOAT
        push(view.getFloat64(take(8), false));
        break;
      case 0x8c: // SHORT_BINUNICODE
        pushText(takeU8());
        break;
      case 0x58: // BINUNICODE
        pushText(takeU32());
        break;
      case 0x8d: // BINUNICODE8
        pushText(takeU64());
        break;
      case 0x43: // SHORT_BINBYTES
        pushBytes(takeU8());
        break;
      case 0x42: // BINBYTES
        pushBytes(takeU32());
        break;
      case 0x8e: // BINBYTES8
        pushBytes(takeU64());
        break;
      case 0x29: // EMPTY_TUPLE
        pushTuple([]);
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        popTuple(opcode - 0x84);
        break;
      case 0x74: // TUPLE
        pushTuple(sinceMark());
        break;
      case 0x5d: // EMPTY_LIST
        push({ kind: "list", items: [] }, 2 * COST.value);
        break;
      case 0x61: // APPEND
        append([pop()]);
        break;
      case 0x65: // APPENDS
        append(sinceMark());
        break;
      case 0x7d: // EMPTY_DICT
        push({ kind: "dict", ordered: false, entries: undefined });
        break;
      case 0x73: {
        // SETITEM
        const value = pop();
        const key = pop();
        setItems([key, value]);
        break;
      }
      case 0x75: // SETITEMS
        setItems(sinceMark());
        break;
      case 0x71: // BINPUT
        memoize(takeU8());
        break;
      case 0x72: // LONG_BINPUT
        memoize(takeU32());
        break;
      case 0x94: // MEMOIZE
        memoize(memo.length);
        break;
      case 0x68: // BINGET
        recall(takeU8());
        break;
      case 0x6a: // LONG_BINGET
        recall(takeU32());
        break;
      case 0x63: {
        // GLOBAL
        const module = takeLine();
        pushGlobal(module, takeLine());
        break;
      }
      case 0x93: {
        // STACK_GLOBAL
        const [member, module] = [pop(), pop()];
        if (typeof module !== "string" || typeof member !== "string") {
          throw fail(`STACK_GLOBAL names ${describe(module)} and ${describe(member)}; both should be texts`);
        }
        pushGlobal(module, member);
        break;
      }
      case 0x52: // REDUCE
        reduce();
        break;
      case 0x62: // BUILD
        build();
        break;
      case 0x51: {
        // BINPERSID
        const id = pop();
        const value = persistent?.(id);
        if (value === undefined) throw fail(`the persistent id is ${describe(id)}, which names no storage`);
        push(value, COST.call);
        break;
      }
      default: {
        const known = opcodeNames.get(opcode);
        throw fail(
          known
            ? `it needs the opcode ${known}, which no tensor needs; nothing was run`
            : `0x${opcode.toString(16).padStart(2, "0")} is no opcode of pickle`,
        );
      }
    }
  }
}

/** Whether a value is of a kind. */
export function isKind<K extends "tuple" | "list" | "dict" | "global" | "object">(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

/** A value in a few words, never its content. */
export function describe(value: PickleValue): string {
  if (value === null) return "None";
  if (value instanceof Uint8Array) return "bytes";
  if (typeof value !== "object")
    return typeof value === "string" ? "a text" : `a ${typeof value === "boolean" ? "boolean" : "number"}`;
  if (value.kind === "global") return value.name;
  return { tuple: "a tuple", list: "a list", dict: "a dictionary", object: "an object" }[value.kind];
}

/** A little-endian two's complement; a number where that is exact. */
function readInteger(bytes: Uint8Array, from: number, length: number): number | bigint {
  let value = 0n;
  for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i]);
  if (length > 0 && bytes[from + length - 1] & 0x80) value -= 1n << BigInt(8 * length);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
