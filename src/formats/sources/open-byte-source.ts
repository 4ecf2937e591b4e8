// Opens a byte source over memory, a Blob, a path or a URL.
//
// Paths and URLs are files of their own, so that a page loads no more than it uses.
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { kindOf, record, signal, text } from "../../option-kinds.ts";
import { call, isPlain, type Kind, readOptions, type TableOf } from "../../options.ts";
import { type ByteSource, type ByteSourceDescriptor, makeSource } from "./byte-source.ts";

/** Options of `openByteSource`. */
export interface OpenOptions {
  signal?: AbortSignal;
  /** Sent with every request of a URL source, for example an authorisation. */
  headers?: Record<string, string>;
}

/** The same, declared. */
export const openTable = {
  signal,
  headers: record(text({ least: 0, most: 65_536 })),
} satisfies TableOf<OpenOptions>;

/** What `openByteSource` takes. A string is a URL if it begins with http:// or https://, else a path, or in a page a relative URL. */
export type ByteSourceInput = string | URL | Blob | Uint8Array | ArrayBuffer | ByteSourceDescriptor;

const inputKind: Kind<ByteSourceInput> = kindOf(
  "source",
  "a path, a URL, a Blob, bytes, or a descriptor of one of these",
  (value): value is ByteSourceInput =>
    typeof value === "string" ||
    [URL, Blob, Uint8Array, ArrayBuffer].some((type) => value instanceof type) ||
    isDescriptor(value),
  (value) => value !== "",
);

function isDescriptor(value: unknown): value is ByteSourceDescriptor {
  if (!isPlain(value)) return false;
  const { kind, bytes, blob, path, url } = value;
  return (
    (kind === "bytes" && bytes instanceof Uint8Array) ||
    (kind === "blob" && blob instanceof Blob) ||
    (kind === "path" && typeof path === "string") ||
    (kind === "url" && typeof url === "string")
  );
}

/**
 * Opens a source of bytes. Bytes in memory are not copied: do not change them while the source is in use.
 *
 * @throws {BaimoError} `request` when there is no such file or the server refuses, `format` when a server does not
 *   support ranges
 */
export async function openByteSource(source: ByteSourceInput, given: OpenOptions = {}): Promise<ByteSource> {
  const options = readOptions(given, openTable, call("openByteSource"));
  throwIfAborted(options.signal, "opening a file");
  const descriptor = describe(inputKind.read(source, "source", call("openByteSource")), options);
  switch (descriptor.kind) {
    case "bytes":
      return bytesSource(descriptor);
    case "blob":
      return blobSource(descriptor);
    case "url":
      return (await import("./url-source.ts")).openUrlSource(descriptor, { signal: options.signal });
    case "path":
      return (await import("./path-source.ts")).openPathSource(descriptor);
  }
}

function describe(input: ByteSourceInput, { headers }: OpenOptions): ByteSourceDescriptor {
  if (typeof input === "string") {
    const place = addressOf(input);
    return /^https?:\/\//i.test(place)
      ? { kind: "url", url: place, headers }
      : { kind: "path", path: place.startsWith("file:") ? pathOfUrl(new URL(place)) : place };
  }
  if (input instanceof URL) {
    if (input.protocol === "file:") return { kind: "path", path: pathOfUrl(input) };
    if (input.protocol === "http:" || input.protocol === "https:") {
      return { kind: "url", url: input.href, headers };
    }
    throw new BaimoError("request", `${input.href}: only http:, https: and file: URLs can be opened`);
  }
  if (input instanceof Uint8Array) return { kind: "bytes", bytes: input };
  if (input instanceof ArrayBuffer) return { kind: "bytes", bytes: new Uint8Array(input) };
  if (input instanceof Blob) return { kind: "blob", blob: input };
  return input;
}

/**
 * What a string stands for: in a page a URL, seen from the page; elsewhere itself.
 * @throws {BaimoError} `request` for a URL that is none, or that nothing here can open
 */
export function addressOf(place: string): string {
  const { document, location } = globalThis as {
    document?: { baseURI: string };
    location?: { href: string };
  };
  const [, scheme] = /^([a-z][a-z\d+.-]+):\/\//i.exec(place) ?? [];
  if (scheme && !/^(https?|file)$/i.test(scheme)) {
    throw new BaimoError("request", `${place}: only http:, https: and file: URLs can be opened`);
  }
  if (scheme && !URL.canParse(place)) throw new BaimoError("request", `"${place}" is not a whole URL`);
  const page = document?.baseURI ?? location?.href;
  return page?.startsWith("http") ? new URL(place, page).href : place;
}

/** The path of a file: URL, also where node:url cannot be had. */
function pathOfUrl(url: URL): string {
  const path = decodeURIComponent(url.pathname);
  return /^\/[A-Za-z]:\//.test(path) ? path.slice(1) : path;
}

function bytesSource(descriptor: { kind: "bytes"; bytes: Uint8Array }): ByteSource {
  const { bytes } = descriptor;
  const fillSync = (target: Uint8Array, offset: number) =>
    target.set(bytes.subarray(offset, offset + target.byteLength));
  return makeSource({
    size: bytes.byteLength,
    name: "bytes in memory",
    descriptor,
    fillSync,
    fill: async (target, offset) => fillSync(target, offset),
  });
}

/** A Blob gives its bytes as new arrays; so many at a time are copied. */
const BLOB_CHUNK = 8 << 20;

function blobSource(descriptor: { kind: "blob"; blob: Blob }): ByteSource {
  const { blob } = descriptor;
  const name = "name" in blob && typeof blob.name === "string" ? blob.name : "a Blob";
  return makeSource({
    size: blob.size,
    name,
    descriptor,
    async fill(target, offset, signal) {
      for (let done = 0; done < target.byteLength; ) {
        throwIfAborted(signal, `reading ${name}`);
        const end = Math.min(done + BLOB_CHUNK, target.byteLength);
        let chunk: ArrayBuffer;
        try {
          chunk = await blob.slice(offset + done, offset + end).arrayBuffer();
        } catch (cause) {
          throw new BaimoError(
            "format",
            `${name}: reading at byte ${offset + done} failed; was the file changed?`,
            {
              cause,
            },
          );
        }
        if (chunk.byteLength !== end - done) {
          throw new BaimoError(
            "format",
            `${name}: ${end - done} bytes were wanted at byte ${offset + done}, ${chunk.byteLength} came`,
          );
        }
        target.set(new Uint8Array(chunk), done);
        done = end;
      }
    },
  });
}
