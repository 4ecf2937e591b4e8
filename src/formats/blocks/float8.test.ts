// All 256 values of each 8-bit float against torch's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { golden, readJson } from "../../../test/places.ts";
import { dequantize } from "./dequantize.ts";

const patterns = Uint8Array.from({ length: 256 }, (_, i) => i);
const stored: Readonly<Record<string, readonly string[]>> = readJson(golden("float8.json"));

for (const type of ["F8_E4M3", "F8_E5M2", "F8_E8M0"] as const) {
  test(type, () => {
    const expected = stored[type].map((value) =>
      value.endsWith("inf") ? Number(value.replace("inf", "Infinity")) : Number(value),
    );
    const found = dequantize(type, patterns, 256);
    assert.equal(found.length, expected.length);
    for (const [i, value] of found.entries()) assert.ok(Object.is(value, expected[i]), `${i}: ${value}`);
  });
}
