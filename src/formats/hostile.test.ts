// Hostile files: 3,000 seeded mutations of golden files, and headers that ask for memory.
//
// Each opens fine or gives a BaimoError; the work is done in a child process, whose peak memory is what is measured.
//
// Each opens fine or gives a BaimoError; the work is done in a child process, whose peak memory is what is measured.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { mutations } from "../../test/mutations.ts";
import { processorMs } from "../../test/processor-time.ts";
import { BaimoError } from "../errors.ts";
import { createRandom } from "../random.ts";
import { isLong } from "../test-long.ts";
import { dequantizeInto } from "./blocks/dequantize.ts";
import { type CheckpointInput, openCheckpoint } from "./checkpoint.ts";

const seed = 20242;
const mutationsPerFile = isLong ? 300 : 100;
const allowance = 64 << 20;
/** Of processor time. Generous; what hangs or is quadratic takes minutes. */
const longestMs = 5000;

const fixtures = [
  "test/golden/gguf/llama-q4_k.gguf",
  "test/golden/gguf/qwen3-q4_0-tied.gguf",
  "test/golden/families/llama/model.safetensors",
  "test/golden/families/qwen3/golden.safetensors",
  "test/golden/quants/Q4_K.safetensors",
];

interface Report {
  opened: number;
  refused: number;
  failures: string[];
  slowestMs: number;
  /** Peak resident memory above what it was before the files were opened. */
  growth: number;
}

const run = promisify(execFile);

/**
 * Runs this file again as a child: the mutations, or one file at a path. A small nursery, so that what is measured is
 * memory in use and not how long V8 lets garbage lie (Node 24: up to 64 MiB).
 */
async function inChild(...args: string[]): Promise<Report> {
  const flags = ["--expose-gc", "--max-semi-space-size=4"];
  const { stdout } = await run(
    process.execPath,
    [...flags, fileURLToPath(import.meta.url), "child", ...args],
    {
      maxBuffer: 1 << 24,
      timeout: 300_000,
    },
  );
  return JSON.parse(stdout);
}

// --- the child ---

/** Where tensors are unpacked, one after another. */
let values = new Float32Array(1 << 18);

/** Opens a file and reads and unpacks all of it; true when that worked, false for a BaimoError, else it throws. */
async function openWhole(input: CheckpointInput): Promise<boolean> {
  try {
    const checkpoint = await openCheckpoint(input);
    try {
      for (const { name, dtype, shape } of checkpoint.tensors.values()) {
        const count = shape.reduce((a, b) => a * b, 1);
        if (count > values.length) values = new Float32Array(count);
        dequantizeInto(dtype, await checkpoint.readTensor(name), values.subarray(0, count));
      }
      return true;
    } finally {
      await checkpoint.close();
    }
  } catch (error) {
    if (error instanceof BaimoError && error.message.length > 20) return false;
    throw error;
  }
}

/** Peak resident memory of this process; the kernel's resource usage would include the parent's at the fork. */
function peak(): number {
  if (!existsSync("/proc/self/status")) return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
}

async function openMutations(): Promise<Report> {
  const originals = fixtures.map((file) => new Uint8Array(readFileSync(file)));
  const index = new TextEncoder().encode(
    JSON.stringify({
      metadata: { total_size: 1 },
      weight_map: { "logits.0": "a.safetensors", "logits.1": "a.safetensors" },
    }),
  );
  for (const bytes of originals) await openWhole(bytes); // what the code itself takes does not count
  const report: Report = { opened: 0, refused: 0, failures: [], slowestMs: 0, growth: 0 };
  const before = peak();
  const random = createRandom(seed);
  const attempt = async (what: string, input: CheckpointInput) => {
    const begun = processorMs();
    try {
      if (await openWhole(input)) report.opened++;
      else report.refused++;
    } catch (error) {
      report.failures.push(`${what}: ${error instanceof Error ? error.stack : error}`);
    }
    report.slowestMs = Math.max(report.slowestMs, processorMs() - begun);
    if ((report.opened + report.refused) % 16 === 0) globalThis.gc?.();
  };
  for (const [i, original] of originals.entries()) {
    const other = originals[(i + 1) % originals.length];
    for (let n = 0; n < mutationsPerFile; n++) {
      const kind = mutations[n % mutations.length];
      await attempt(
        `seed ${seed}, ${fixtures[i]}, mutation ${n} (${kind.name})`,
        kind(original, random, other),
      );
    }
  }
  const shard = new File([originals[3]], "a.safetensors");
  for (let n = 0; n < mutationsPerFile; n++) {
    const kind = mutations[n % mutations.length];
    const files = [shard, new File([kind(index, random, originals[2])], "model.safetensors.index.json")];
    await attempt(`seed ${seed}, the index of shards, mutation ${n} (${kind.name})`, files);
  }
  report.growth = peak() - before;
  return report;
}

async function openOne(path: string): Promise<Report> {
  for (const file of fixtures) await openWhole(file);
  globalThis.gc?.();
  const before = peak();
  const begun = processorMs();
  const opened = await openWhole(path);
  return {
    opened: Number(opened),
    refused: Number(!opened),
    failures: [],
    slowestMs: processorMs() - begun,
    growth: peak() - before,
  };
}

// --- the parent ---

function registerTests(): void {
  test(`${(fixtures.length + 1) * mutationsPerFile} mutated files open or give a BaimoError (seed ${seed})`, async (t) => {
    const report = await inChild();
    t.diagnostic(
      `${report.opened} opened, ${report.refused} refused, slowest ${report.slowestMs.toFixed(0)} ms, ` +
        `memory +${(report.growth / 2 ** 20).toFixed(1)} MiB`,
    );
    assert.deepEqual(report.failures.slice(0, 3), []);
    const mutations = (fixtures.length + 1) * mutationsPerFile;
    assert.ok(report.opened + report.refused >= mutations);
    assert.ok(
      report.refused > mutations / 3 && report.opened > mutations / 18,
      "the mutations reach the checks, and not one check alone",
    );
    assert.ok(report.slowestMs < longestMs, `the slowest took ${report.slowestMs} ms`);
    const largest = Math.max(...fixtures.map((file) => statSync(file).size));
    assert.ok(report.growth <= largest + allowance, `memory grew by ${report.growth} bytes`);
  });

  const folder = mkdtempSync(join(tmpdir(), "baimo-hostile-"));
  after(() => rmSync(folder, { recursive: true }));

  for (const [what, make] of Object.entries(bombs)) {
    test(`memory stays within the file's size plus 64 MiB: ${what}`, async (t) => {
      const path = join(folder, `${what.replaceAll(" ", "-")}.bin`);
      writeFileSync(path, make());
      const { size } = statSync(path);
      const report = await inChild(path);
      rmSync(path);
      t.diagnostic(
        `${(size / 2 ** 20).toFixed(1)} MiB ${report.opened ? "opened" : "refused"} in ${report.slowestMs.toFixed(0)} ms, ` +
          `memory +${(report.growth / 2 ** 20).toFixed(1)} MiB`,
      );
      assert.ok(report.slowestMs < longestMs, `it took ${report.slowestMs} ms`);
      assert.ok(report.growth <= size + allowance, `${size} bytes took ${report.growth} bytes of memory`);
    });
  }
}

/** A GGUF header with one array of `count` elements of a type, then these bytes. */
function ggufArray(type: number, count: number, body: Buffer): Buffer {
  const head = Buffer.alloc(49);
  head.write("GGUF");
  head.writeUInt32LE(3, 4);
  head.writeBigUInt64LE(1n, 16); // pairs
  head.writeBigUInt64LE(1n, 24); // length of the key
  head.write("a", 32);
  head.writeUInt32LE(9, 33);
  head.writeUInt32LE(type, 37);
  head.writeBigUInt64LE(BigInt(count), 41);
  return Buffer.concat([head, body]);
}

/** A safetensors file with this header and no data. */
function safetensorsHeader(json: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json]);
}

/** So many copies of what `make` gives for each number. */
const many = (count: number, make: (i: number) => string): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => make(i)).join(""));

/** Little files that ask for much. */
const bombs: Record<string, () => Buffer> = {
  "a million strings of two letters": () => {
    const one = Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 97, 98]);
    const count = 1_200_000;
    const body = Buffer.alloc(one.length * count, one);
    for (let i = 0; i < count; i++) body[i * 10 + 9] = i & 127;
    return ggufArray(8, count, body);
  },
  "four million empty strings": () => ggufArray(8, 1 << 22, Buffer.alloc(8 << 22)),
  "thirty million booleans": () => ggufArray(7, 30e6, Buffer.alloc(30e6)),
  "a million empty arrays": () => ggufArray(9, 1 << 20, Buffer.alloc(12 << 20)),
  "a string of 24 MiB that is Chinese in its first character alone": () => {
    const body = Buffer.alloc(8 + (24 << 20), "a");
    body.writeBigUInt64LE(24n << 20n);
    body.write("静", 8);
    return Buffer.concat([ggufArray(8, 1, Buffer.alloc(0)), body]);
  },
  "brackets only": () => safetensorsHeader(Buffer.alloc(60e6, "[")),
  "a shape of twenty million sizes": () =>
    safetensorsHeader(Buffer.concat([Buffer.from('{"a":{"shape":['), Buffer.alloc(40e6, "1,")])),
  "sixty-five thousand tensors without a value": () =>
    safetensorsHeader(
      Buffer.concat([
        Buffer.from("{"),
        many(65_000, (i) => `${i ? "," : ""}"${i}":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`),
        Buffer.from("}"),
      ]),
    ),
  "half a million metadata pairs": () =>
    safetensorsHeader(
      Buffer.concat([
        Buffer.from('{"__metadata__":{'),
        many(500_000, (i) => `${i ? "," : ""}"${i}":""`),
        Buffer.from("}}"),
      ]),
    ),
};

if (process.argv[2] === "child") {
  const [, , , ...args] = process.argv;
  process.stdout.write(JSON.stringify(await (args.length === 0 ? openMutations() : openOne(args[0]))));
} else {
  registerTests();
}
