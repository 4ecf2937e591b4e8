// Packed weights on disk: what is read is what was kept; any changed or reordered chunk is noticed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { kernelUrl } from "../../kernels/module/kernel-url.ts";
import { compileKernels, instantiateKernels } from "../../kernels/module/module.ts";
import { createRandom } from "../../random.ts";
import { Bank } from "./bank.ts";
import { openPackedStore } from "./packed-store.ts";

const seed = 11;
const MEBIBYTE = 1 << 20;

describe(`parts of several chunks (seed ${seed})`, async () => {
  const bytesOf = (name: string) => readFile(kernelUrl(name));
  const { module } = await compileKernels(bytesOf, { build: "simd", types: ["f32"] });
  const bank = new Bank((memory) => instantiateKernels(module, memory));
  const length = MEBIBYTE + 1234;
  const place = { bank, address: bank.allocate(length) };
  const random = createRandom(seed);
  const kept = Uint8Array.from({ length }, () => random.integer(256));

  const root = mkdtempSync(join(tmpdir(), "baimo-store-"));
  after(() => rmSync(root, { recursive: true, force: true }));
  const file = { path: join(root, "model.0.packed"), folderBytes: 1e9 };

  const write = async () => {
    rmSync(file.path, { force: true });
    bank.u8.set(kept, place.address);
    const store = await openPackedStore(file);
    assert.equal(store.restore(place, length), undefined);
    store.keep(place, length, 0.5);
    store.finish();
  };
  const read = async () => {
    bank.u8.fill(0, place.address, place.address + length);
    const store = await openPackedStore(file);
    const scale = store.restore(place, length);
    store.finish();
    return scale;
  };

  it("come back", async () => {
    await write();
    assert.equal(await read(), 0.5);
    assert.deepEqual(bank.u8.subarray(place.address, place.address + length), kept);
  });

  it("are refused when a bit of the last chunk has changed", async () => {
    await write();
    const bytes = readFileSync(file.path);
    bytes[length - 1] ^= 1;
    writeFileSync(file.path, bytes);
    assert.equal(await read(), undefined);
  });

  it("are refused when two chunks have changed places", async () => {
    await write();
    const bytes = readFileSync(file.path);
    const [first, second] = [bytes.subarray(0, MEBIBYTE / 2), bytes.subarray(MEBIBYTE / 2, MEBIBYTE)];
    writeFileSync(file.path, Buffer.concat([second, first, bytes.subarray(MEBIBYTE)]));
    assert.equal(await read(), undefined);
  });

  it("are refused when any bit behind them has changed", async () => {
    await write();
    const bytes = readFileSync(file.path);
    for (let at = length; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] ^= 1 << (at & 7);
      writeFileSync(file.path, damaged);
      assert.equal(await read(), undefined, `byte ${at} of ${bytes.length}`);
    }
  });

  it("what a killed process has left behind is removed, what another writes is not", async () => {
    const ended = spawnSync(process.execPath, ["-e", ""]).pid;
    const [dead, alive] = [ended, process.ppid].map((pid) =>
      join(root, `m.1.packed.${pid}-01234567.partial`),
    );
    for (const path of [dead, alive]) writeFileSync(path, "half");
    await write();
    assert.deepEqual(
      [dead, alive].map((path) => existsSync(path)),
      [false, true],
    );
    rmSync(alive);
  });
});
