// safetensors: golden folders, shards, refusals with their messages, writing and reading back.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { byteLength, type DType } from "../../tensor/dtype.ts";
import { dequantize } from "../blocks/dequantize.ts";
import { openCheckpoint } from "../checkpoint.ts";
import type { TensorToWrite } from "../sources/file-sink.ts";
import { is } from "../test-errors.ts";
import { createJsonScanner, type JsonScanner } from "./json-scanner.ts";
import { writeSafetensors, writeShardedSafetensors } from "./safetensors-writer.ts";

const families = "test/golden/families";
const folder = mkdtempSync(join(tmpdir(), "baimo-safetensors-"));
after(() => rmSync(folder, { recursive: true }));

for (const family of readdirSync(families)) {
  test(`${family}: the folder opens, with its config and golden outputs`, async () => {
    const checkpoint = await openCheckpoint(join(families, family));
    assert.equal(checkpoint.format, "safetensors");
    const config = JSON.parse(new TextDecoder().decode(await checkpoint.folder!.read("config.json")));
    const rows = Array.from(checkpoint.tensors.values(), ({ shape }) => (shape.length === 2 ? shape[0] : 0));
    assert.ok(rows.includes(config.vocab_size ?? config.text_config.vocab_size), "a row for every token");
    // JSON.parse of the header is the independent reading.
    const bytes = readFileSync(join(families, family, "model.safetensors"));
    const length = Number(bytes.readBigUInt64LE());
    const { __metadata__, ...header } = JSON.parse(bytes.subarray(8, 8 + length).toString());
    assert.deepEqual(Object.fromEntries(checkpoint.metadata), __metadata__ ?? {});
    assert.deepEqual([...checkpoint.tensors.keys()].sort(), Object.keys(header).sort());
    for (const [
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ] of Object.entries<{ dtype: string; shape: number[]; data_offsets: number[] }>(header)) {
      const found = checkpoint.tensors.get(name)!;
      assert.deepEqual([found.dtype, found.shape], [dtype, shape]);
      assert.deepEqual(
        await checkpoint.readTensor(name),
        new Uint8Array(bytes.subarray(8 + length + from, 8 + length + to)),
      );
    }
    const vocabulary = await checkpoint.folder!.read("tokenizer.json");
    assert.equal(vocabulary !== undefined, existsSync(join(families, family, "tokenizer.json")));
    for (const name of ["../config.json", "/etc/hostname", "..", "a\\b"]) {
      await assert.rejects(checkpoint.folder!.read(name), is("request", /no name of a file in this folder/));
    }
    await checkpoint.close();
    const golden = await openCheckpoint(join(families, family, "golden.safetensors"));
    assert.ok([...golden.tensors.keys()].some((name) => /^(logits|hidden)\./.test(name)));
    await golden.close();
  });
}

const tensor = (name: string, dtype: DType, shape: number[], data?: TensorToWrite["data"]): TensorToWrite => {
  const count = shape.reduce((a, b) => a * b, 1);
  return {
    name,
    dtype,
    shape,
    data:
      data ?? Uint8Array.from({ length: byteLength(dtype, count) }, (_, i) => (i * 7 + name.length) & 255),
  };
};

async function written(tensors: TensorToWrite[], metadata?: Record<string, string>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await writeSafetensors((chunk) => void chunks.push(chunk.slice()), { metadata, tensors });
  return new Uint8Array(Buffer.concat(chunks));
}

/** Without lone surrogates, which UTF-8 cannot hold. */
const wellFormed = (text: string) => new TextDecoder().decode(new TextEncoder().encode(text));

test("any tensors and names go there and back", async () => {
  const dtype = fc.constantFrom<DType>("F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL");
  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("__proto__", "constructor", "a.b", "", '"\\\n'),
  );
  const oneTensor = fc.tuple(name, dtype, fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(oneTensor, { selector: ([n]) => wellFormed(n), maxLength: 6 }),
      fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
      async (list, metadata) => {
        const tensors = list.map(([n, d, shape]) => tensor(wellFormed(n), d, shape));
        const checkpoint = await openCheckpoint(await written(tensors, metadata));
        assert.deepEqual(Object.fromEntries(checkpoint.metadata), { ...metadata });
        assert.equal(checkpoint.tensors.size, tensors.length);
        for (const t of tensors) {
          const found = checkpoint.tensors.get(t.name)!;
          assert.deepEqual([found.dtype, found.shape], [t.dtype, [...t.shape]]);
          assert.equal(found.offset % byteLength(t.dtype, 1), 0, "aligned");
          assert.deepEqual(await checkpoint.readTensor(t.name), t.data);
        }
      },
    ),
    { seed: 5, numRuns: 200 },
  );
});

test("shards are written, listed and read back", async () => {
  const place = join(folder, "shards");
  mkdirSync(place);
  const tensors = ["a", "b", "c", "__proto__"].map((name) => tensor(name, "F32", [10, 5]));
  await writeShardedSafetensors(place, { metadata: { format: "pt" }, tensors }, { maxShardBytes: 450 });
  assert.deepEqual(readdirSync(place), [
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
  ]);
  const files = readdirSync(place).map((name) => new File([readFileSync(join(place, name))], name));
  for (const input of [place, files]) {
    const checkpoint = await openCheckpoint(input);
    assert.equal(checkpoint.files.length, 2);
    assert.equal(checkpoint.metadata.get("format"), "pt");
    for (const t of tensors) assert.deepEqual(await checkpoint.readTensor(t.name), t.data);
    await checkpoint.close();
  }

  const index = (text: string) => writeFileSync(join(place, "model.safetensors.index.json"), text);
  const refused = (code: string, message: RegExp) => assert.rejects(openCheckpoint(place), is(code, message));
  index('{"weight_map": {"x": "model-00001-of-00002.safetensors"}}');
  await refused("format", /says that tensor "x" is in model-00001-of-00002.safetensors, but it is not there/);
  index('{"weight_map": {"a": "model-00009-of-00002.safetensors"}}');
  await refused("request", /model-00009-of-00002.safetensors is missing/);
  for (const name of ["../model.safetensors", "/etc/passwd", "a/b.safetensors", ".safetensors", "x.bin"]) {
    index(JSON.stringify({ weight_map: { a: name } }));
    await refused("format", /no name of a file in this folder/);
  }
  index('{"metadata": {}}');
  await refused("format", /no "weight_map"/);
  index("[".repeat(1 << 20));
  await refused("format", /"{" is expected at byte 0/);
  index(`{"metadata": ${"[".repeat(1 << 20)}`);
  await refused("format", /nesting of at most 64/);

  // What people have after a download that went wrong, or a merge.
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
  const [first] = readdirSync(place);
  index(pointer);
  await refused("format", /index.json: it is a Git LFS pointer/);
  index("");
  await refused("format", /index.json: the file is empty/);
  index(`{"weight_map": {"a": "${first}"}}`);
  await assert.rejects(
    openCheckpoint(join(place, "model.safetensors.index.json")),
    is("format", /holds JSON, not weights; to open a model's folder, name the folder/),
  );
  writeFileSync(join(place, "model.safetensors"), readFileSync(join(place, first)));
  const whole = await openCheckpoint(place);
  assert.equal(
    whole.name,
    join(place, "model.safetensors"),
    "one file goes before an index that was left over",
  );
  await whole.close();
  rmSync(join(place, "model.safetensors"));
  symlinkSync(join(place, "nowhere"), join(place, "model.safetensors"));
  rmSync(join(place, "model.safetensors.index.json"));
  await refused(
    "request",
    /is one of several files of a model, but model.safetensors.index.json, .* is missing/,
  );
  for (const name of readdirSync(place)) if (name.startsWith("model-")) rmSync(join(place, name));
  await refused("request", /model.safetensors is a link to a file that is not there/);
  writeFileSync(join(place, first), pointer);
  index(`{"weight_map": {"a": "${first}"}}`);
  rmSync(join(place, "model.safetensors"));
  await refused("format", /begins with "version https:\/\/" \(perhaps a Git LFS pointer/);
});

test("the writer refuses what the format cannot hold", async () => {
  await assert.rejects(written([tensor("t", "Q8_0", [32])]), is("request", /no element type Q8_0/));
  await assert.rejects(written([tensor("__metadata__", "I8", [1])]), is("request", /__metadata__/));
  await assert.rejects(
    written([tensor("t", "I8", [1]), tensor("t", "I8", [1])]),
    is("request", /given twice/),
  );
  await assert.rejects(
    written([tensor("t", "F32", [2], new Uint8Array(4))]),
    is("shape", /takes 8 bytes, but 4/),
  );
  await assert.rejects(written([], { a: 1 as unknown as string }), is("request", /strings only/));
});

// --- refusals ---

/** A file with this header and so many bytes of data. */
function file(header: string | object, data = 0, length?: bigint): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.length));
  return new Uint8Array(Buffer.concat([prefix, text, Buffer.alloc(data)]));
}

const entry = (dtype: string, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });
const f32 = entry("F32", [2], [0, 8]);

test("what the reference implementation takes is taken: null metadata, more fields, nine dimensions", async () => {
  const nine = [1, 1, 1, 1, 1, 1, 1, 1, 2];
  const header = { __metadata__: null, a: { ...entry("F32", nine, [0, 8]), extra: { b: [1, "]"] } } };
  const checkpoint = await openCheckpoint(file(header, 8));
  assert.equal(checkpoint.metadata.size, 0);
  assert.deepEqual(checkpoint.tensors.get("a")!.shape, nine);
});

test("types whose values are not read are listed with their bytes, and refused by name when they are wanted", async () => {
  const sizes = {
    U16: 2,
    U32: 4,
    U64: 8,
    C64: 8,
    F6_E2M3: 0.75,
    F6_E3M2: 0.75,
    F4: 0.5,
  };
  for (const [type, size] of Object.entries(sizes)) {
    const checkpoint = await openCheckpoint(file({ a: entry(type, [2, 4], [0, 8 * size]) }, 8 * size));
    const { dtype, byteLength: bytes } = checkpoint.tensors.get("a")!;
    assert.deepEqual([dtype, bytes], [type, 8 * size]);
    assert.equal((await checkpoint.readTensor("a")).length, 8 * size);
    assert.throws(
      () => dequantize(dtype, new Uint8Array(64), 8),
      is("request", new RegExp(`type ${type} are not read`)),
    );
  }
});

const refusals: [string, Uint8Array, RegExp][] = [
  ["a short file", file("{").subarray(0, 9), /9 bytes, too few/],
  ["a header past the end", file("{}", 9, 2000n), /claims a header of 2,000 bytes; the file has 19/],
  ["no header", new Uint8Array(16), /in no format that is read.*begins with bytes( 00){16}$/],
  ["a header of 2^31 bytes", file("{}", 9, 2n ** 31n), /claims a header of 2,147,483,648 bytes/],
  ["no JSON", file("what is this"), /"{" is expected at byte 0 of the JSON, found "what is this"/],
  [
    "half a JSON",
    file('{"a": {"dtype": "F32"'),
    /"," or "}" is expected at byte 21 of the JSON, found its end/,
  ],
  [
    "more after the JSON",
    file('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}{}', 4),
    /nothing more is expected/,
  ],
  ["a string without end", file('{"abc'), /the end of a string is expected/],
  ["not UTF-8", file('{"a": 1}').map((b) => (b === 97 ? 0xff : b)), /a well-formed string is expected/],
  ["a control character", file('{"a\n": 1}'), /a character that may stand in a string/],
  ["a tensor that is a number", file('{"a": 1, "bcdef": 2}'), /"{" is expected/],
  ["a field missing", file({ a: { dtype: "F32", shape: [] } }), /"a" lacks dtype, shape or two data_offsets/],
  [
    "a field twice",
    file('{"a":{"dtype":"F32","dtype":"F16","shape":[],"data_offsets":[0,4]}}', 4),
    /"dtype" twice/,
  ],
  [
    "a tensor twice",
    file(
      '{"a":{"dtype":"I8","shape":[],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[],"data_offsets":[1,2]}}',
      2,
    ),
    /tensor "a" appears twice/,
  ],
  ["metadata that is no string", file('{"__metadata__":{"a":1}}'), /""" is expected/],
  ["metadata twice", file('{"__metadata__":{},"__metadata__":{}}'), /__metadata__ twice/],
  ["a type that nobody knows", file({ a: entry("F8_E9M9", [2], [0, 2]) }, 2), /"a" has type F8_E9M9, which/],
  ["half a byte", file({ a: entry("F4", [3], [0, 2]) }, 2), /F4 \[3\], which does not fill whole bytes/],
  ["a type that is none", file({ a: entry("toString", [2], [0, 2]) }, 2), /type toString/],
  ["a negative size", file({ a: entry("F32", [-1], [0, 4]) }, 4), /whole number below 2\^53 is expected/],
  ["a size with a fraction", file({ a: entry("F32", [1.5], [0, 4]) }, 4), /whole number/],
  [
    "a size beyond 2^53",
    file('{"a":{"dtype":"I8","shape":[99999999999999999],"data_offsets":[0,1]}}', 1),
    /whole number/,
  ],
  ["a product beyond 2^53", file({ a: entry("I8", [2 ** 40, 2 ** 40], [0, 1]) }, 1), /impossible shape/],
  [
    "seventeen dimensions",
    file({ a: entry("I8", new Array(17).fill(1), [0, 1]) }, 1),
    /"shape" has more than 16 numbers/,
  ],
  ["three offsets", file({ a: entry("I8", [1], [0, 1, 2]) }, 1), /"data_offsets" has more than 2/],
  [
    "offsets that do not fit the shape",
    file({ a: entry("F32", [3], [0, 8]) }, 8),
    /F32 \[3\], 12 bytes, but its data_offsets span 8/,
  ],
  ["offsets in the wrong order", file({ a: entry("F32", [2], [8, 0]) }, 8), /span -8/],
  [
    "a tensor past the end",
    file({ a: f32 }, 7),
    /"a" ends at byte 70 but the file has 69; is the download complete/,
  ],
  ["tensors that overlap", file({ a: f32, b: entry("F32", [2], [4, 12]) }, 12), /"a" and "b" overlap/],
  [
    "a hole",
    file({ a: f32, b: entry("F32", [1], [12, 16]) }, 16),
    /the tensors cover 12 bytes, but 16 follow/,
  ],
  ["bytes after the last tensor", file({ a: f32 }, 9), /cover 8 bytes, but 9 follow/],
];

for (const [what, bytes, message] of refusals) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(openCheckpoint(bytes), is("format", message));
  });
}

test("files that cannot be opened are refused in plain words", async () => {
  await assert.rejects(
    openCheckpoint(join(folder, "absent")),
    is("request", /absent: there is no such file/),
  );
  const empty = join(folder, "empty");
  mkdirSync(empty);
  await assert.rejects(
    openCheckpoint(empty),
    is("request", /holds neither model.safetensors.index.json nor/),
  );
  await assert.rejects(
    openCheckpoint([]),
    is("request", /source is an empty array; allowed: .* a list of files/),
  );
});

test("the scanner reads what JSON.stringify writes", () => {
  const encoder = new TextEncoder();
  /** Reads any value of objects, arrays, strings and counts. */
  const read = (json: JsonScanner, like: unknown): unknown => {
    if (typeof like === "string") return json.string();
    if (typeof like === "number") return json.count();
    const pairs: [string, unknown][] = [];
    if (Array.isArray(like)) {
      const list: unknown[] = [];
      json.array((i) => void (list[i] = read(json, like[i])));
      return list;
    }
    json.object((key) => void pairs.push([key, read(json, (like as Record<string, unknown>)[key])]));
    return Object.fromEntries(pairs);
  };
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: "grapheme" }),
      fc.maxSafeNat(),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1, "\t"), (like, indent) => {
      const json = createJsonScanner(encoder.encode(JSON.stringify(like, undefined, indent)), "x");
      assert.deepEqual(read(json, like), like);
      json.end();
      const again = createJsonScanner(encoder.encode(` ${JSON.stringify(like, undefined, indent)}\n`), "x");
      again.skip();
      again.end();
    }),
    { seed: 9, numRuns: 300 },
  );
});
