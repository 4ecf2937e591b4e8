// The ByteSource interface and the checks that all sources share.
import { BaimoError, throwIfAborted } from "../../errors.ts";
import type { Resource } from "../../resource.ts";

/** Names a source so that another worker can open it again; can be cloned and posted. */
export type ByteSourceDescriptor =
  /** `stamp`: what the file was when it was opened first; another is refused. */
  | { kind: "path"; path: string; stamp?: string }
  | { kind: "url"; url: string; headers?: Record<string, string> }
  | { kind: "blob"; blob: Blob }
  | { kind: "bytes"; bytes: Uint8Array };

/** A file of known size whose bytes are read when asked for. */
export interface ByteSource extends Resource {
  /** Bytes in all. */
  readonly size: number;
  /** For messages: the path, the URL without its query, or what the Blob is called. */
  readonly name: string;
  readonly descriptor: ByteSourceDescriptor;
  /** A fresh copy of `length` bytes from `offset`; exactly so many, or a BaimoError. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Fills `target`, which may be a view of WebAssembly memory; that memory must not grow meanwhile. */
  readInto(target: Uint8Array, offset: number, signal?: AbortSignal): Promise<void>;
  /** The same without waiting: paths and memory only. */
  readIntoSync?(target: Uint8Array, offset: number): void;
  close(): Promise<void>;
}

/**
 * Refuses a range outside the file; every source calls it before it reads.
 *
 * @throws {BaimoError} `format`, since such a range comes from a length or offset in the file
 */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new BaimoError("format", `${name}: a range of ${length} bytes at byte ${offset} makes no sense`);
  }
  if (offset + length > size) {
    throw new BaimoError(
      "format",
      `${name}: ${length} bytes are wanted at byte ${offset}, but the file has ${size}; is it complete?`,
    );
  }
}

/** Builds a source from its one way to read; `fill` gets ranges that lie inside the file. */
export function makeSource(parts: {
  size: number;
  name: string;
  descriptor: ByteSourceDescriptor;
  fill: (target: Uint8Array, offset: number, signal?: AbortSignal) => Promise<void>;
  fillSync?: (target: Uint8Array, offset: number) => void;
  close?: () => Promise<void>;
}): ByteSource {
  const { size, name, descriptor, fill, fillSync } = parts;
  let closed = false;
  const check = (offset: number, length: number) => {
    if (closed) throw new BaimoError("request", `${name}: read after it was closed`);
    checkRange(name, size, offset, length);
  };
  const close = async () => {
    if (closed) return;
    closed = true;
    await parts.close?.();
  };
  return {
    size,
    name,
    descriptor,
    async read(offset, length, signal) {
      throwIfAborted(signal, `reading ${name}`);
      check(offset, length); // before memory of that length is asked for
      const target = new Uint8Array(length);
      if (length > 0) await fill(target, offset, signal);
      return target;
    },
    async readInto(target, offset, signal) {
      throwIfAborted(signal, `reading ${name}`);
      check(offset, target.byteLength);
      if (target.byteLength > 0) await fill(target, offset, signal);
    },
    ...(fillSync && {
      readIntoSync(target: Uint8Array, offset: number) {
        check(offset, target.byteLength);
        if (target.byteLength > 0) fillSync(target, offset);
      },
    }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
