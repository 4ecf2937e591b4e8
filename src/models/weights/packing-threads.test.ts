// Quantising in threads: the same bytes in the same order, and failures that arrive.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BaimoError } from "../../errors.ts";
import { quantize } from "../../formats/blocks/quantize.ts";
import { quantizeRows, type RowSource } from "../../formats/blocks/quantize-rows.ts";
import { createRandom } from "../../random.ts";
import { startPackingThreads } from "./packing-threads.ts";

const [width, rows] = [512, 2048 * 3 + 5]; // three pieces of a million values and a little more
const random = createRandom(8);
const values = Float32Array.from({ length: width * rows }, () => random.uniform() - 0.5);
const source: RowSource = {
  name: "w",
  shape: [rows, width],
  readRows: async (start, count) => values.slice(start * width, (start + count) * width),
};

test("pieces come back in order, whichever thread packs them", async () => {
  const packer = await startPackingThreads(2);
  try {
    const importance = Float32Array.from({ length: width }, (_, i) => 1 + (i % 7));
    for (const options of [{}, { importance }]) {
      let done = 0;
      const parts: Uint8Array[] = [];
      const onRows = (count: number) => (done += count);
      for await (const part of quantizeRows(source, "Q4_0", { ...options, packer, onRows })) parts.push(part);
      assert.equal(done, rows);
      assert.deepEqual(Buffer.concat(parts), Buffer.from(quantize("Q4_0", values, options)));
    }
  } finally {
    await packer.close();
  }
});

test("a failure in a thread, a bad value and a consumer that stops leave nothing running", async () => {
  const packer = await startPackingThreads(2);
  try {
    await assert.rejects(
      packer.pack("Q4_K", new Float32Array(100)),
      (e) => e instanceof BaimoError && e.code === "shape" && /100 values/.test(e.message),
    );
    const spoilt: RowSource = {
      ...source,
      async readRows(start, count) {
        const piece = await source.readRows(start, count);
        if (start > 2048) piece[7] = Number.POSITIVE_INFINITY;
        return piece;
      },
    };
    await assert.rejects(
      async () => {
        for await (const _ of quantizeRows(spoilt, "Q8_0", { packer }));
      },
      (e) => e instanceof BaimoError && e.code === "format" && /"w" has Infinity in row 4096/.test(e.message),
    );
    for await (const _ of quantizeRows(source, "Q8_0", { packer })) break;
    const late = packer.pack("Q8_0", values);
    assert.equal((await late).length, (values.length / 32) * 34);
  } finally {
    await packer.close();
  }
});
