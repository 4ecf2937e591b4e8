// Reads a header front to back through a window of the file that grows as needed.
import { BaimoError } from "../../errors.ts";
import { grouped } from "../../grouped.ts";
import type { ByteSource } from "./byte-source.ts";

const FIRST_WINDOW = 64 << 10;
const LARGEST_WINDOW = 1 << 20;

/** A place in a file, moving forward. The `take…` functions need `ensure` first; `read…` functions do it themselves. */
export interface HeaderCursor {
  /** Byte of the file that comes next. */
  readonly position: number;
  /** Bytes from here to the end of the file. */
  readonly remaining: number;
  /** Bytes that can be taken without waiting. */
  readonly ready: number;
  /** Makes at least `length` bytes ready. @throws {BaimoError} `format` when the file ends before */
  ensure(length: number, what: string): Promise<void>;
  takeU32(): number;
  /** What `takeU32` would give, without moving. */
  peekU32(): number;
  takeU64(): bigint;
  /** Text of `length` UTF-8 bytes; malformed bytes become U+FFFD unless `strict`, then undefined is returned. */
  takeText(length: number, strict?: boolean): string | undefined;
  takeBytes(length: number): Uint8Array;
  /** A fresh array of `length` bytes, which may be more than a window holds. */
  readBytes(length: number, what: string): Promise<Uint8Array>;
}

/** A cursor at the beginning of the source. */
export function createHeaderCursor(source: ByteSource, signal?: AbortSignal): HeaderCursor {
  let bytes = new Uint8Array(0);
  let view = new DataView(bytes.buffer);
  let base = 0; // byte of the file at bytes[0]
  let at = 0; // next byte in `bytes`
  let next = FIRST_WINDOW;
  const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  const replace = (window: Uint8Array<ArrayBuffer>, from: number) => {
    bytes = window;
    view = new DataView(bytes.buffer);
    base = from;
    at = 0;
  };
  const refuse = (length: number, what: string) => {
    if (base + at + length > source.size) {
      throw new BaimoError(
        "format",
        `${source.name}: ${what} takes ${grouped(length)} bytes at byte ${grouped(base + at)}, ` +
          `but the file has ${grouped(source.size)}; is the download complete?`,
      );
    }
  };

  return {
    get position() {
      return base + at;
    },
    get remaining() {
      return source.size - base - at;
    },
    get ready() {
      return bytes.length - at;
    },
    async ensure(length, what) {
      const ready = bytes.length - at;
      if (ready >= length) return;
      refuse(length, what);
      const from = base + at;
      const window = new Uint8Array(Math.min(Math.max(next, length), source.size - from));
      next = Math.min(next * 4, LARGEST_WINDOW);
      window.set(bytes.subarray(at));
      await source.readInto(window.subarray(ready), from + ready, signal);
      replace(window, from);
    },
    takeU32() {
      at += 4;
      return view.getUint32(at - 4, true);
    },
    peekU32: () => view.getUint32(at, true),
    takeU64() {
      at += 8;
      return view.getBigUint64(at - 8, true);
    },
    takeText(length, strict = false) {
      const from = at;
      at += length;
      if (length <= 12) {
        // Most tokens: plain ASCII of a few bytes, put together faster than a decoder can be called.
        let text = "";
        let i = from;
        for (; i < at && bytes[i] < 128; i++) text += String.fromCharCode(bytes[i]);
        if (i === at) return text;
      }
      const slice = bytes.subarray(from, at);
      if (!strict) return decoder.decode(slice);
      try {
        return strictDecoder.decode(slice);
      } catch {
        return undefined;
      }
    },
    takeBytes(length) {
      at += length;
      return bytes.slice(at - length, at);
    },
    async readBytes(length, what) {
      refuse(length, what);
      const target = new Uint8Array(length);
      const known = bytes.subarray(at, at + length);
      target.set(known);
      at += known.length;
      if (known.length < length) {
        await source.readInto(target.subarray(known.length), base + at, signal);
        replace(new Uint8Array(0), base + at + length - known.length);
      }
      return target;
    },
  };
}
