// Blocks read as those of another type: every value stays as it was.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../random.ts";
import { byteLength, type DType } from "../../tensor/dtype.ts";
import { dequantize } from "./dequantize.ts";
import { recodeInto, recodingOf } from "./recode.ts";

/** Where d stands in a block; IQ1_M has a nibble of it in each of four words. */
const halfAt = {
  IQ2_XXS: [0, 1],
  IQ2_XS: [0, 1],
  IQ2_S: [0, 1],
  IQ3_XXS: [0, 1],
  IQ3_S: [0, 1],
  IQ1_S: [0, 1],
  TQ1_0: [52, 53],
  TQ2_0: [64, 65],
  IQ1_M: [],
};

for (const [type, places] of Object.entries(halfAt)) {
  test(`${type}: random blocks keep their values`, () => {
    const dtype = type as DType; // a key of the table above
    const count = 64 * 256;
    const random = createRandom(11);
    const size = byteLength(dtype, 256);
    const blocks = Uint8Array.from({ length: 64 * size }, () => random.integer(256));
    for (let p = 0; p < blocks.length; p += size) {
      // finite, of either sign; every other one subnormal, one of them 0
      const bits = p === 0 ? [0, 0] : [blocks[p], (blocks[p + 1] & 0x80) | ((p / size) & 1 ? 0 : 0x21)];
      places.forEach((at, i) => {
        blocks[p + at] = bits[i];
      });
      if (type === "IQ1_M") blocks[p + 55] &= 0xbf;
    }
    const recoding = recodingOf(dtype);
    assert.ok(recoding);
    const recoded = new Uint8Array(byteLength(recoding.to, count));
    recodeInto(dtype, blocks, recoded);
    const values = dequantize(recoding.to, recoded, count).map((value) => value * recoding.unit);
    const expected = dequantize(dtype, blocks, count);
    assert.ok(expected.every(Number.isFinite));
    for (let i = 0; i < count; i++)
      assert.ok(values[i] === expected[i], `value ${i}: ${values[i]}, not ${expected[i]}`);
  });
}
