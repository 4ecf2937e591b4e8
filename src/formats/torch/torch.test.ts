// PyTorch files: the bytes of their safetensors twins; refusals by name; sizes beyond 4 GiB.
import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Checkpoint, type CheckpointInput, openCheckpoint } from "../checkpoint.ts";
import { makeSource } from "../sources/byte-source.ts";
import { is } from "../test-errors.ts";
import { readPickle } from "./pickle-reader.ts";

const golden = "test/golden/torch";
const families = "test/golden/families";
const folder = mkdtempSync(join(tmpdir(), "baimo-torch-"));
after(() => rmSync(folder, { recursive: true }));

/** Every tensor of the one is in the other, with type, shape and bytes; and no other. */
async function assertSame(found: Checkpoint, twin: string): Promise<void> {
  const expected = await openCheckpoint(twin);
  assert.equal(found.format, "torch");
  assert.deepEqual([...found.tensors.keys()].sort(), [...expected.tensors.keys()].sort());
  for (const { name, dtype, shape } of expected.tensors.values()) {
    const tensor = found.tensors.get(name)!;
    assert.deepEqual([name, tensor.dtype, tensor.shape], [name, dtype, shape]);
    assert.deepEqual(await found.readTensor(name), await expected.readTensor(name), name);
  }
  await expected.close();
}

async function assertOpens(input: CheckpointInput, twin: string): Promise<void> {
  const checkpoint = await openCheckpoint(input);
  try {
    await assertSame(checkpoint, twin);
  } finally {
    await checkpoint.close();
  }
}

test("a .bin file has the bytes of its safetensors twin: path, bytes, Blob", async () => {
  const twin = `${families}/codellama/model.safetensors`;
  await assertOpens(`${golden}/codellama.bin`, twin);
  const bytes = new Uint8Array(readFileSync(`${golden}/codellama.bin`));
  await assertOpens(bytes, twin);
  await assertOpens(new Blob([bytes]), twin);
});

test("a folder with pytorch_model.bin opens where there are no safetensors", async () => {
  const model = join(folder, "single");
  mkdirSync(model);
  copyFileSync(`${golden}/codellama.bin`, join(model, "pytorch_model.bin"));
  writeFileSync(join(model, "training_args.bin"), "x");
  copyFileSync(`${families}/codellama/config.json`, join(model, "config.json"));
  const checkpoint = await openCheckpoint(model);
  await assertSame(checkpoint, `${families}/codellama/model.safetensors`);
  assert.ok(await checkpoint.folder!.read("config.json"));
  // Rows of a tensor, as the workers read them.
  const name = "model.embed_tokens.weight";
  const [, width] = checkpoint.tensors.get(name)!.shape;
  const whole = await checkpoint.readTensor(name);
  assert.deepEqual(
    await checkpoint.readTensor(name, { rowStart: 2, rows: 3 }),
    whole.slice(2 * width * 4, 5 * width * 4),
  );
  await checkpoint.close();

  copyFileSync(`${families}/codellama/golden.safetensors`, join(model, "golden.safetensors"));
  await assertOpens(model, `${families}/codellama/model.safetensors`);
  copyFileSync(`${families}/yi/model.safetensors`, join(model, "model.safetensors"));
  const preferred = await openCheckpoint(model);
  assert.equal(preferred.format, "safetensors");
  await preferred.close();
});

test("shards open by their index: a folder, chosen files, a URL", async () => {
  const twin = `${families}/mistral/model.safetensors`;
  const names = readdirSync(`${golden}/mistral`);
  await assertOpens(`${golden}/mistral`, twin);
  const file = (name: string) => new File([new Uint8Array(readFileSync(`${golden}/mistral/${name}`))], name);
  await assertOpens(names.map(file), twin);
  await assert.rejects(
    openCheckpoint(names.filter((name) => !name.includes("00002-of")).map(file)),
    is("request", /pytorch_model-00002-of-00002.bin is missing, one of 2 files/),
  );

  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url!.slice(1));
    if (!names.includes(name)) return response.writeHead(404).end();
    const bytes = readFileSync(`${golden}/mistral/${name}`);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (from === undefined) return response.end(bytes);
    const end = Math.min(Number(to), bytes.length - 1);
    response
      .writeHead(206, { "content-range": `bytes ${from}-${end}/${bytes.length}` })
      .end(bytes.subarray(Number(from), end + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await assertOpens(base, twin);
    const one = await openCheckpoint(`${base}/pytorch_model-00001-of-00002.bin`);
    assert.equal(one.tensors.size, 9);
    await one.close();
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("an index and shards that do not fit are refused", async () => {
  const model = join(folder, "misfit");
  mkdirSync(model);
  for (const name of readdirSync(`${golden}/mistral`))
    copyFileSync(`${golden}/mistral/${name}`, join(model, name));
  const index = join(model, "pytorch_model.bin.index.json");
  const text = readFileSync(index, "utf8");
  writeFileSync(index, text.replace('"lm_head.weight"', '"lm_head.other"'));
  await assert.rejects(openCheckpoint(model), is("format", /"lm_head.other" is in pytorch_model-0000\d/));
  for (const name of ["../pytorch_model.bin", ".bin", "/etc/passwd", "model.safetensors"]) {
    writeFileSync(index, JSON.stringify({ weight_map: { a: name } }));
    await assert.rejects(openCheckpoint(model), is("format", /no name of a file in this folder/));
  }
});

for (const protocol of [2, 3, 4, 5]) {
  test(`protocol ${protocol}: every type, parameters, views, transposed and shared tensors under state_dict`, async () => {
    const checkpoint = await openCheckpoint(`${golden}/odd-${protocol}.pt`);
    await assertSame(checkpoint, `${golden}/odd.safetensors`);
    // Tied tensors are one place in the file, and transposed ones are turned in memory.
    const at = (name: string) => checkpoint.tensors.get(name)!;
    assert.deepEqual([at("tied").file, at("tied").offset], [at("tied_again").file, at("tied_again").offset]);
    assert.equal(at("rows").offset, at("tied").offset + 2 * 8 * 4);
    assert.equal(checkpoint.files.length, 2);
    assert.equal(at("transposed").file, 1);
    assert.equal(checkpoint.files[1].descriptor.kind, "bytes");
    await checkpoint.close();
  });
}

test("a module's state_dict opens, and so does a file of PyTorch before 1.6", async () => {
  await assertOpens(`${golden}/module-state.pt`, `${golden}/module-state.safetensors`);
  await assertOpens(`${golden}/module-state-old.pt`, `${golden}/module-state.safetensors`);
});

const refused: Record<string, RegExp> = {
  module:
    /names "torch.nn.modules.container.Sequential", which is none of the classes.*save its weights as safetensors/,
  namespace: /names "argparse.Namespace"/,
  numpy: /names "numpy._core.multiarray.scalar"/,
  float8: /names "torch._utils._rebuild_tensor_v3"/,
  sparse: /names "torch._utils._rebuild_sparse_tensor"/,
  permuted:
    /tensor "w" of shape \[4, 2, 3\] has the strides \[1, 12, 4\].*Save it again after .contiguous\(\)/,
  expanded: /tensor "w" of shape \[5\] has the strides \[0\]/,
  nested: /should hold tensors by name; it has "layers" \(a dictionary\)/,
  list: /holds a list; a dictionary of tensors is expected/,
  script: /is a TorchScript archive, which is a program/,
};
for (const [name, message] of Object.entries(refused)) {
  test(`what torch saves and is not read is refused by name: ${name}`, async () => {
    await assert.rejects(openCheckpoint(`${golden}/refused/${name}.pt`), is("format", message));
  });
}
test("every refused file has a test", () => {
  const files = readdirSync(`${golden}/refused`).map((name) => name.replace(/\.pt$/, ""));
  assert.deepEqual(files.sort(), Object.keys(refused).sort());
});

test("a file cut short at any of its parts is refused", async () => {
  const bytes = new Uint8Array(readFileSync(`${golden}/module-state.pt`));
  for (let length = 0; length < bytes.length; length += 37) {
    await assert.rejects(
      openCheckpoint(bytes.slice(0, length)),
      is("format", /too few|is a zip archive without/),
      `${length} bytes`,
    );
  }
});

test("a safetensors header whose length looks like a pickle's beginning is none", async () => {
  for (const protocol of [2, 3, 4, 5]) {
    const length = protocol * 256 + 0x80;
    const file = new Uint8Array(8 + length).fill(0x20);
    new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
    file.set(new TextEncoder().encode('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'), 8);
    const checkpoint = await openCheckpoint(file);
    assert.equal(checkpoint.format, "safetensors");
    await checkpoint.close();
  }
});

test("a folder without weights names what might be some", async () => {
  const other = join(folder, "other");
  mkdirSync(other);
  writeFileSync(join(other, "consolidated.00.pth"), "x");
  await assert.rejects(
    openCheckpoint(other),
    is(
      "request",
      /nor a .gguf file nor pytorch_model.bin; if the model is in consolidated.00.pth, name that file/,
    ),
  );
});

test("storages beyond 4 GiB are found by their zip64 fields", async () => {
  // An archive of 5 GiB whose first storage is zeros that are nowhere kept.
  const values = 5 * 2 ** 28;
  const second = Buffer.from(Float32Array.of(7, 8).buffer);
  const le = (bits: 16 | 32 | 64, n: number) => {
    const b = Buffer.alloc(bits / 8);
    if (bits === 64) b.writeBigUInt64LE(BigInt(n));
    else b.writeUIntLE(n, 0, bits / 8);
    return b;
  };
  const text = (s: string) => Buffer.concat([Buffer.of(0x8c, s.length), Buffer.from(s)]);
  const tensor = (key: string, count: number) =>
    Buffer.concat([
      Buffer.from("ctorch._utils\n_rebuild_tensor_v2\n(("),
      text("storage"),
      Buffer.from("ctorch\nFloatStorage\n"),
      text(key),
      text("cpu"),
      Buffer.concat([
        Buffer.of(0x8a, 8),
        le(64, count),
        Buffer.from("tQK\0"),
        Buffer.of(0x8a, 8),
        le(64, count),
      ]),
      Buffer.concat([Buffer.of(0x85), Buffer.from("K\x01"), Buffer.of(0x85, 0x89)]),
      Buffer.from("ccollections\nOrderedDict\n)RtR"),
    ]);
  const pickle = Buffer.concat([
    Buffer.concat([Buffer.of(0x80, 4), Buffer.from("}("), text("a"), tensor("0", values)]),
    Buffer.concat([text("b"), tensor("1", 2), Buffer.from("u.")]),
  ]);
  const pieces: [at: number, bytes: Buffer][] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [name, size, bytes] of [
    ["m/data.pkl", pickle.length, pickle],
    ["m/data/0", values * 4, Buffer.alloc(0)],
    ["m/data/1", second.length, second],
  ] as const) {
    const head = Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(22), le(16, name.length), le(16, 0)]);
    pieces.push([at, Buffer.concat([head, Buffer.from(name), bytes])]);
    const full = Buffer.alloc(4, 0xff);
    central.push(
      Buffer.concat([
        Buffer.from("PK\x01\x02"),
        Buffer.alloc(16),
        full,
        full,
        le(16, name.length),
        le(16, 28),
      ]),
      Buffer.concat([Buffer.alloc(10), full, Buffer.from(name), le(16, 1), le(16, 24)]),
      Buffer.concat([le(64, size), le(64, size), le(64, at)]),
    );
    at += 30 + name.length + size;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.concat([
    Buffer.concat([directory, Buffer.from("PK\x06\x06"), le(64, 44), Buffer.alloc(12), le(64, 3), le(64, 3)]),
    Buffer.concat([le(64, directory.length), le(64, at), Buffer.from("PK\x06\x07"), le(32, 0)]),
    Buffer.concat([le(64, at + directory.length), le(32, 1), Buffer.from("PK\x05\x06"), Buffer.alloc(4)]),
    Buffer.concat([Buffer.alloc(12, 0xff), le(16, 0)]),
  ]);
  pieces.push([at, end]);
  const source = makeSource({
    size: at + end.length,
    name: "large.bin",
    descriptor: { kind: "path", path: "large.bin" },
    async fill(target, offset) {
      target.fill(0);
      for (const [begin, bytes] of pieces) {
        for (let i = Math.max(0, begin - offset); i < target.length && offset + i - begin < bytes.length; i++)
          target[i] = bytes[offset + i - begin];
      }
    },
  });
  const checkpoint = await openCheckpoint(source);
  assert.deepEqual(checkpoint.tensors.get("a")!.shape, [values]);
  assert.ok(checkpoint.tensors.get("b")!.offset > 5 * 2 ** 30);
  assert.deepEqual(Buffer.from(await checkpoint.readTensor("b")), second);
  await checkpoint.close();
});

test("integers and floats of every length are read", () => {
  const read = (...bytes: number[]) =>
    readPickle(Uint8Array.from([0x80, 2, ...bytes, 0x2e]), { name: "x", globals: new Map() }).value;
  assert.equal(read(0x4b, 255), 255);
  assert.equal(read(0x4d, 1, 2), 513);
  assert.equal(read(0x4a, 255, 255, 255, 255), -1);
  assert.equal(read(0x8a, 0), 0);
  assert.equal(read(0x8a, 1, 0x80), -128);
  assert.equal(read(0x8a, 2, 0x80, 0), 128);
  assert.equal(read(0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0x80), -(2n ** 63n));
  assert.equal(read(0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0), 1.5);
  assert.equal(read(0x88), true);
  assert.equal(read(0x89), false);
  assert.equal(read(0x4e), null);
});
