// GGUF: headers of golden files, refusals with their messages, and writing and reading back.
import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import type { DType } from "../../tensor/dtype.ts";
import { dequantize } from "../blocks/dequantize.ts";
import { quantize } from "../blocks/quantize.ts";
import { openCheckpoint } from "../checkpoint.ts";
import type { TensorToWrite } from "../sources/file-sink.ts";
import { openByteSource } from "../sources/open-byte-source.ts";
import { is } from "../test-errors.ts";
import { readGguf } from "./gguf-reader.ts";
import { type TypedMetadataValue, writeGguf } from "./gguf-writer.ts";
import type { MetadataValue } from "./metadata.ts";

const golden = "test/golden/gguf";
const folder = mkdtempSync(join(tmpdir(), "baimo-gguf-"));
after(() => rmSync(folder, { recursive: true }));

/** What the writer makes, as one array. */
async function written(
  metadata: Record<string, MetadataValue | TypedMetadataValue>,
  tensors: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite> = [],
  options = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await writeGguf((chunk) => void chunks.push(chunk.slice()), { metadata, tensors }, options);
  return new Uint8Array(Buffer.concat(chunks));
}

const tensor = (name: string, dtype: DType, shape: number[], data: TensorToWrite["data"]): TensorToWrite => ({
  name,
  dtype,
  shape,
  data,
});

for (const file of readdirSync(golden).filter((name) => name.endsWith(".gguf"))) {
  test(`${file}: the header says what the golden file says`, async () => {
    const { config } = JSON.parse(readFileSync(join(golden, file.replace(".gguf", ".golden.json")), "utf8"));
    const checkpoint = await openCheckpoint(join(golden, file));
    const { metadata, tensors } = checkpoint;
    const arch = metadata.get("general.architecture");
    assert.ok(arch === "llama" || arch === "qwen2" || arch === "qwen3");
    const tokens = metadata.get("tokenizer.ggml.tokens") as string[];
    assert.ok(Array.isArray(tokens) && tokens.every((t) => typeof t === "string"));
    const embedding = tensors.get("token_embd.weight")!;
    assert.deepEqual(embedding.shape, [tokens.length, metadata.get(`${arch}.embedding_length`)]);
    const sizes = Object.values(config).filter((v) => typeof v === "number");
    assert.ok(sizes.includes(metadata.get(`${arch}.block_count`) as number), JSON.stringify(config));
    const last = [...tensors.values()].reduce((a, b) => (a.offset > b.offset ? a : b));
    assert.ok(checkpoint.files[0].size - (last.offset + last.byteLength) < 32, "the tensors fill the file");
    for (const { dtype, shape, name } of tensors.values()) {
      const count = shape.reduce((a, b) => a * b, 1);
      const values = dequantize(dtype, await checkpoint.readTensor(name), count);
      assert.ok(values.every(Number.isFinite), name);
    }
    await checkpoint.close();
  });

  test(`${file}: written again it is the same file`, async () => {
    const bytes = new Uint8Array(readFileSync(join(golden, file)));
    const checkpoint = await openCheckpoint(bytes);
    const tensors = await Promise.all(
      [...checkpoint.tensors.values()].map(async (t) => ({
        ...t,
        data: await checkpoint.readTensor(t.name),
      })),
    );
    const again = await openCheckpoint(await written(Object.fromEntries(checkpoint.metadata), tensors));
    assert.deepEqual(again.metadata, checkpoint.metadata);
    assert.deepEqual(again.tensors, checkpoint.tensors);
    for (const t of tensors) assert.deepEqual(await again.readTensor(t.name), t.data);
  });
}

test("rows of a tensor are read alone", async () => {
  const checkpoint = await openCheckpoint(join(golden, "llama-q4_0.gguf"));
  const whole = await checkpoint.readTensor("blk.1.ffn_up.weight");
  const [rows, columns] = checkpoint.tensors.get("blk.1.ffn_up.weight")!.shape;
  const rowBytes = (columns / 32) * 18;
  assert.equal(whole.length, rows * rowBytes);
  const some = await checkpoint.readTensor("blk.1.ffn_up.weight", { rowStart: 3, rows: 5 });
  assert.deepEqual(some, whole.slice(3 * rowBytes, 8 * rowBytes));
  for (const range of [
    { rowStart: -1, rows: 1 },
    { rowStart: rows - 1, rows: 2 },
    { rowStart: 0.5, rows: 1 },
  ]) {
    await assert.rejects(checkpoint.readTensor("blk.1.ffn_up.weight", range), is("request", /it has \d+/));
  }
  await assert.rejects(checkpoint.readTensor("absent"), is("request", /no tensor "absent"/));
  await checkpoint.close();
});

test("metadata of every type goes there and back", async () => {
  const metadata: Record<string, MetadataValue | TypedMetadataValue> = {
    u8: { type: "UINT8", value: 255 },
    i8: { type: "INT8", value: -128 },
    u16: { type: "UINT16", value: 65535 },
    i16: { type: "INT16", value: -32768 },
    u32: 4294967295,
    i32: -2147483648,
    u64: 2 ** 53 - 2,
    "u64 beyond": 2n ** 64n - 1n,
    "i64 beyond": -(2n ** 63n),
    f32: 0.15625,
    f64: { type: "FLOAT64", value: Math.PI },
    yes: true,
    text: "百模 \0 \u{1f600}",
    empty: "",
    texts: ["", "a", "静夜思", "x".repeat(1000)],
    "no texts": { type: "STRING[]", value: [] },
    booleans: [true, false],
    numbers: [1, -2],
    fractions: [0.5, 2],
    u8s: Uint8Array.of(1, 255),
    i8s: Int8Array.of(-1),
    u16s: Uint16Array.of(65535),
    i16s: Int16Array.of(-2),
    u32s: Uint32Array.of(2 ** 32 - 1),
    i32s: Int32Array.of(-3),
    f32s: Float32Array.of(1.5, Number.NaN, -0),
    f64s: Float64Array.of(1e300),
    u64s: BigUint64Array.of(2n ** 64n - 1n),
    i64s: BigInt64Array.of(-1n),
    ["__proto__"]: "no trick",
  };
  const { metadata: back } = await openCheckpoint(await written(metadata));
  const plain = (v: MetadataValue | TypedMetadataValue) =>
    typeof v === "object" && "type" in v ? v.value : v;
  assert.equal(back.size, Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    const expected =
      key === "numbers" ? Int32Array.of(1, -2) : key === "fractions" ? Float32Array.of(0.5, 2) : plain(value);
    assert.deepEqual(back.get(key), expected, key);
  }
});

test("any tensors go there and back, at any alignment", async () => {
  const shape = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 0, maxLength: 3 });
  const oneTensor = fc.tuple(
    fc.constantFrom("F32", "F16", "Q8_0", "Q4_0", "I8", "I64"),
    shape,
    fc.integer({ min: 0, max: 4 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(oneTensor, { maxLength: 6 }),
      fc.constantFrom(1, 8, 32, 64, 4096),
      async (list, alignment) => {
        const tensors = list.map(([dtype, outer, blocks], i) => {
          const row = dtype.startsWith("Q") ? blocks * 32 : blocks;
          const count = outer.reduce((a, b) => a * b, row);
          const bytes =
            dtype === "I8"
              ? count
              : dtype === "I64"
                ? count * 8
                : quantize(dtype as "F32", new Float32Array(count)).length;
          const data = Uint8Array.from({ length: bytes }, (_, k) => (k * 31 + i) & 255);
          return tensor(`t${i}`, dtype as DType, [...outer, row], data);
        });
        const streamed = tensors.map((t) => ({
          ...t,
          async *data() {
            for (let at = 0; at < (t.data as Uint8Array).length; at += 7)
              yield (t.data as Uint8Array).subarray(at, at + 7);
          },
        }));
        const whole = await written({ "general.architecture": "test" }, tensors, { alignment });
        assert.deepEqual(await written({ "general.architecture": "test" }, streamed, { alignment }), whole);
        const checkpoint = await openCheckpoint(whole);
        assert.equal(checkpoint.tensors.size, tensors.length);
        for (const t of tensors) {
          const found = checkpoint.tensors.get(t.name)!;
          assert.deepEqual([found.dtype, found.shape], [t.dtype, t.shape]);
          assert.equal(found.offset % alignment, 0);
          assert.deepEqual(await checkpoint.readTensor(t.name), t.data);
        }
      },
    ),
    { seed: 3, numRuns: 100 },
  );
});

test("tensors beyond 4 GiB are written and read where they are", async () => {
  // The writer's output is kept only where it is not zero, in a file with a hole.
  const path = join(folder, "large.gguf");
  const zeros = new Uint8Array(64 << 20);
  const tail = Uint8Array.of(1, 2, 3, 4);
  const handle = openSync(path, "w");
  let at = 0;
  const sink = (chunk: Uint8Array) => {
    if (chunk.length < zeros.length) writeSync(handle, chunk, 0, chunk.length, at);
    at += chunk.length;
  };
  const tensors = [
    tensor("zeros", "I8", [68, 64 << 20], function* () {
      for (let i = 0; i < 68; i++) yield zeros;
    }),
    tensor("tail", "I8", [4], tail),
  ];
  await writeGguf(sink, { metadata: { a: 1 }, tensors });
  closeSync(handle);
  truncateSync(path, at);
  const checkpoint = await openCheckpoint(path);
  const { offset } = checkpoint.tensors.get("tail")!;
  assert.ok(offset > 4.5e9 && offset < at);
  assert.deepEqual(await checkpoint.readTensor("tail"), tail);
  const target = new Uint8Array(4);
  checkpoint.files[0].readIntoSync!(target, offset);
  assert.deepEqual(target, tail);
  const row = await checkpoint.readTensor("zeros", { rowStart: 67, rows: 1 });
  assert.ok(row.length === zeros.length && row.every((b) => b === 0));
  await checkpoint.close();
  rmSync(path);
});

test("a file appears whole or not at all", async () => {
  const path = join(folder, "out.gguf");
  const data = Uint8Array.from({ length: 4 << 20 }, (_, i) => i & 255);
  await writeGguf(path, {
    metadata: { a: 1 },
    tensors: [tensor("big", "I8", [4 << 20], data), tensor("small", "I8", [3], data.subarray(0, 3))],
  });
  const checkpoint = await openCheckpoint(path);
  assert.deepEqual(await checkpoint.readTensor("big"), data);
  assert.deepEqual(await checkpoint.readTensor("small"), data.slice(0, 3));
  await checkpoint.close();
  const before = readFileSync(path);

  const short = [tensor("t", "I8", [10], () => [data.subarray(0, 4)])];
  await assert.rejects(
    writeGguf(path, { metadata: {}, tensors: short }),
    is("shape", /takes 10 bytes, but 4 were given/),
  );
  const broken = [
    tensor("t", "I8", [10], () => {
      throw new Error("the data failed");
    }),
  ];
  await assert.rejects(writeGguf(path, { metadata: {}, tensors: broken }), /the data failed/);
  const signal = AbortSignal.abort();
  await assert.rejects(writeGguf(path, { metadata: {}, tensors: [] }, { signal }), is("aborted", /./));
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(readdirSync(folder), ["out.gguf"], "nothing is left behind");
  await assert.rejects(
    writeGguf(join(folder, "no", "x.gguf"), { metadata: {}, tensors: [] }),
    is("request", /no such file/),
  );
});

test("a WritableStream takes the file and is closed, or aborted", async () => {
  const chunks: Uint8Array[] = [];
  let ended = "";
  const stream = () =>
    new WritableStream<Uint8Array>({
      write: (chunk) => void chunks.push(chunk),
      close: () => void (ended = "closed"),
      abort: () => void (ended = "aborted"),
    });
  const content = { metadata: { a: 1 }, tensors: [tensor("t", "I8", [2], Uint8Array.of(5, 6))] };
  await writeGguf(stream(), content);
  assert.equal(ended, "closed");
  assert.deepEqual(new Uint8Array(Buffer.concat(chunks)), await written(content.metadata, content.tensors));
  await assert.rejects(
    writeGguf(stream(), { metadata: {}, tensors: [tensor("t", "I8", [2], () => [])] }),
    is("shape", /0 were given/),
  );
  assert.equal(ended, "aborted");
});

test("the writer refuses what GGUF cannot hold", async () => {
  const data = new Uint8Array(4);
  const cases: [Record<string, MetadataValue | TypedMetadataValue>, TensorToWrite[], string, RegExp][] = [
    [{ a: [] }, [], "request", /no GGUF type can be inferred/],
    [{ a: ["x", 1] as unknown as string[] }, [], "request", /no GGUF type/],
    [{ a: { type: "UINT8", value: 256 } }, [], "request", /"a" does not fit .*UINT8/],
    [{ a: { type: "INT32[]", value: [0.5] } }, [], "request", /INT32/],
    [{ a: { type: "STRING", value: 3 } }, [], "request", /STRING/],
    [{ "": 1 }, [], "request", /a key of content.metadata is ""/],
    [{}, [tensor("t", "U8", [4], data)], "request", /no element type U8/],
    [{}, [tensor("t", "I8", [2], data)], "shape", /takes 2 bytes, but 4/],
    [{}, [tensor("t", "I8", [], data.subarray(3))], "shape", /0 dimensions/],
    [{}, [tensor("t", "I8", [1, 1, 1, 1, 4], data)], "shape", /5 dimensions/],
    [{}, [tensor("t", "Q8_0", [64, 16], new Uint8Array(34 * 32))], "shape", /16 values/],
    [{}, [tensor("n".repeat(64), "I8", [4], data)], "request", /63 bytes/],
    [{}, [tensor("t", "I8", [4], data), tensor("t", "I8", [4], data)], "request", /given twice/],
  ];
  for (const [metadata, tensors, code, message] of cases) {
    await assert.rejects(written(metadata, tensors), is(code, message));
  }
  await assert.rejects(written({}, [], { alignment: 24 }), is("request", /alignment is 24/));
});

// --- refusals, each with the bytes that provoke it ---

/** A header made by hand: strings become a length and UTF-8, bigints 8 bytes, numbers 4, arrays raw bytes. */
function header(...parts: (string | bigint | number | number[])[]): Uint8Array {
  const pieces: Buffer[] = [Buffer.from("GGUF")];
  for (const part of parts) {
    if (typeof part === "string") {
      const text = Buffer.from(part);
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(text.length));
      pieces.push(length, text);
    } else if (typeof part === "bigint") {
      const eight = Buffer.alloc(8);
      eight.writeBigUInt64LE(part);
      pieces.push(eight);
    } else if (typeof part === "number") {
      const four = Buffer.alloc(4);
      four.writeUInt32LE(part);
      pieces.push(four);
    } else pieces.push(Buffer.from(part));
  }
  return new Uint8Array(Buffer.concat([...pieces, Buffer.alloc(64)]));
}

const refusals: [string, Uint8Array, RegExp][] = [
  ["an empty file", new Uint8Array(0), /0 bytes, too few/],
  [
    "only the magic",
    new Uint8Array(Buffer.from("GGUFGGUF")),
    /the GGUF header takes 24 bytes at byte 0, but the file has 8/,
  ],
  [
    "a zip",
    new Uint8Array(Buffer.from("PK\x03\x04".padEnd(99, "x"))),
    /is a zip archive without a directory at its end/,
  ],
  [
    "zeros",
    new Uint8Array(10),
    /in no format that is read, which are GGUF, safetensors and PyTorch.*begins with bytes( 00){10}$/,
  ],
  [
    "a web page",
    new Uint8Array(Buffer.from("<!DOCTYPE html>")),
    /begins with "<!DOCTYPE html>" \(perhaps a web/,
  ],
  ["JSON", new Uint8Array(Buffer.from('{"a": [1, 2, 3, 4, 5]}')), /holds JSON, not weights/],
  [
    "a pointer",
    new Uint8Array(Buffer.from("version https://git-lfs.github.com/spec/v1\n".padEnd(99))),
    /Git LFS pointer/,
  ],
  ["the format before", new Uint8Array(Buffer.from("tjgg".padEnd(99, "x"))), /before GGUF/],
  ["big-endian", header([0, 0, 0, 3], 0n, 0n), /big-endian/],
  ["version 1", header(1, 0n, 0n), /version 1; 2 and 3/],
  ["too many tensors", header(3, 2n ** 63n, 0n), /claims 9,223,372,036,854,775,808 tensors/],
  ["too many pairs", header(3, 0n, 2n ** 40n), /1,099,511,627,776 metadata pairs/],
  [
    "a long key",
    header(3, 0n, 1n, 2n ** 40n),
    /key of metadata pair 0 claims 1,099,511,627,776 bytes at byte 24/,
  ],
  ["a key that is not UTF-8", header(3, 0n, 1n, 2n, [0xff, 0xfe], 4, 1), /pair 0 at byte 32 is not UTF-8/],
  ["a key twice", header(3, 0n, 2n, "a", 4, 1, "a", 4, 1), /"a" appears twice/],
  ["an unknown type", header(3, 0n, 1n, "a", 13), /"a" has value type 13 at byte 33/],
  ["a BOOL of 2", header(3, 0n, 1n, "a", 7, [2]), /BOOL of value 2/],
  [
    "a long string",
    header(3, 0n, 1n, "a", 8, 2n ** 63n),
    /string of 9,223,372,036,854,775,808 bytes at byte 37/,
  ],
  [
    "a string past the end",
    header(3, 0n, 1n, "a", 8, 1000n),
    /string of "a" takes 1,000 bytes at byte 45, but the file has/,
  ],
  [
    "an array of 2^40 strings",
    header(3, 0n, 1n, "a", 9, 8, 2n ** 40n),
    /array "a" claims 1,099,511,627,776 elements at byte 37, but only 64 bytes follow/,
  ],
  [
    "an array of 2^62 numbers",
    header(3, 0n, 1n, "a", 9, 4, 2n ** 62n),
    /claims 4,611,686,018,427,387,904 elements/,
  ],
  ["an array of nothing known", header(3, 0n, 1n, "a", 9, 77, 1n), /elements of type 77/],
  [
    "arrays in arrays",
    header(3, 0n, 1n, "a", 9, ...Array.from({ length: 9 }, () => [9, 1n]).flat()),
    /nested more than 4 deep/,
  ],
  [
    "a string in an array past the end",
    header(3, 0n, 1n, "a", 9, 8, 1n, 500n),
    /string 0 of "a" takes 500 bytes/,
  ],
  ["an alignment of 3", header(3, 0n, 1n, "general.alignment", 4, 3), /general.alignment is 3/],
  ["an alignment of 0", header(3, 0n, 1n, "general.alignment", 4, 0), /general.alignment is 0/],
  ["an alignment of text", header(3, 0n, 1n, "general.alignment", 8, "32x"), /general.alignment is 32x/],
  ["five dimensions", header(3, 1n, 0n, "t", 5), /claims 5 dimensions/],
  ["a removed type", header(3, 1n, 0n, "t", 1, 32n, 31, 0n), /ggml type 31, Q4_0_4_4 \(removed/],
  ["an unknown ggml type", header(3, 1n, 0n, "t", 1, 32n, 999, 0n), /ggml type 999, which is not supported/],
  ["a part of a block", header(3, 1n, 0n, "t", 1, 33n, 2, 0n), /rows of 33 values/],
  [
    "a product beyond 2^53",
    header(3, 1n, 0n, "t", 3, 2n ** 30n, 2n ** 30n, 2n ** 30n, 0, 0n),
    /impossible shape/,
  ],
  ["a size beyond 2^53", header(3, 1n, 0n, "t", 1, 2n ** 63n, 0, 0n), /impossible shape/],
  [
    "an offset that is not aligned",
    header(3, 1n, 0n, "t", 1, 1n, 24, 8n),
    /offset 8, which is no multiple of the alignment 32/,
  ],
  [
    "an offset beyond the file",
    header(3, 1n, 0n, "t", 1, 1n, 24, 2n ** 62n),
    /"t" (ends at byte|is at offset) 4,611/,
  ],
  ["a tensor past the end", header(3, 1n, 0n, "t", 1, 1000n, 24, 0n), /ends at byte 1,064 but the file has/],
  ["a tensor twice", header(3, 2n, 0n, "t", 1, 1n, 24, 0n, "t", 1, 1n, 24, 32n), /"t" appears twice/],
  [
    "tensors that overlap",
    header(3, 2n, 0n, "t", 1, 33n, 24, 0n, "u", 1, 1n, 24, 32n),
    /"t" and "u" overlap/,
  ],
];

for (const [what, bytes, message] of refusals) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(openCheckpoint(bytes), is("format", message));
  });
}

test("version 2 is read like version 3", async () => {
  const { version, metadata, tensors } = await readGguf(
    await openByteSource(header(2, 1n, 1n, "a", 4, 7, "t", 2, 2n, 3n, 24, 0n)),
  );
  assert.equal(version, 2);
  assert.deepEqual([...metadata], [["a", 7]]);
  assert.deepEqual(tensors[0].shape, [3, 2]);
});

// --- several files ---

test("a model split into parts opens from any part, and from its folder", async () => {
  const parts = join(folder, "parts");
  mkdirSync(parts);
  const name = (i: number) => join(parts, `m-0000${i}-of-00003.gguf`);
  const split = async (i: number, tensors: TensorToWrite[], extra: Record<string, MetadataValue> = {}) =>
    writeGguf(name(i + 1), {
      metadata: { "split.no": i, "split.count": 3, "split.tensors.count": 3, ...extra },
      tensors,
    });
  const t = (n: string) => tensor(n, "I8", [2], new TextEncoder().encode(n.padEnd(2)));
  await split(0, [], { "general.architecture": "llama" });
  await split(1, [t("a"), t("b")]);
  await split(2, [t("c")]);
  for (const place of [name(1), name(3), parts]) {
    const checkpoint = await openCheckpoint(place);
    assert.equal(checkpoint.files.length, 3);
    assert.equal(checkpoint.metadata.get("general.architecture"), "llama");
    assert.deepEqual([...checkpoint.tensors.keys()], ["a", "b", "c"]);
    for (const n of ["a", "b", "c"])
      assert.equal(new TextDecoder().decode(await checkpoint.readTensor(n)), n.padEnd(2));
    await checkpoint.close();
  }
  const files = [1, 2, 3].map((i) => new File([readFileSync(name(i))], `m-0000${i}-of-00003.gguf`));
  const picked = await openCheckpoint(files);
  assert.equal(picked.tensors.size, 3);
  await picked.close();
  await assert.rejects(
    openCheckpoint(files.slice(0, 2)),
    is("request", /m-00003-of-00003.gguf is missing, one of 3 files/),
  );
  await assert.rejects(openCheckpoint(files[0]), is("request", /one of 3 parts/));
  await split(2, [t("b")]);
  await assert.rejects(openCheckpoint(name(1)), is("format", /"b" is in more than one file/));
  await split(2, []);
  await assert.rejects(openCheckpoint(name(1)), is("format", /claims 3 tensors in 3 parts, but they have 2/));
  await split(2, [t("c")], { "split.no": 1 });
  await assert.rejects(openCheckpoint(name(1)), is("format", /split.no should be 2 by its name, but is 1/));
});

test("a folder with several models asks which", async () => {
  const several = join(folder, "several");
  mkdirSync(several);
  for (const n of ["a.gguf", "b.gguf"]) await writeGguf(join(several, n), { metadata: {}, tensors: [] });
  await assert.rejects(openCheckpoint(several), is("request", /holds 2 models \(a.gguf, b.gguf\)/));
  rmSync(join(several, "b.gguf"));
  const only = await openCheckpoint(several);
  assert.equal(only.format, "gguf");
  await only.close();
  rmSync(join(several, "a.gguf"));
  writeFileSync(join(several, "pytorch_model.bin"), "some text");
  await assert.rejects(
    openCheckpoint(several),
    is("format", /pytorch_model.bin: is in no format .* begins with "some text"/),
  );
});

const vocabularies = "../shared/fixtures/tokenizers";
test("a vocabulary of 100,000 tokens and as many merges is read whole", {
  skip: existsSync(vocabularies) ? false : `${vocabularies} is not beside the checkout`,
}, async () => {
  const checkpoint = await openCheckpoint(`${vocabularies}/deepseek-llm/ggml-vocab-deepseek-llm.gguf`);
  const tokens = checkpoint.metadata.get("tokenizer.ggml.tokens") as string[];
  const merges = checkpoint.metadata.get("tokenizer.ggml.merges") as string[];
  assert.ok(tokens.length > 100_000 && merges.length > 90_000);
  assert.equal(new Set(tokens).size, tokens.length);
  assert.ok(merges.every((m) => m.includes(" ")));
  await checkpoint.close();
});
