// RoPE's angles under every scaling, against stored values.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { RopeConfig, RopeScaling } from "../config/config.ts";
import { ropeAngles, ropeFrequencies } from "./rope.ts";

const withRope = (theta: number, scaling: RopeScaling): RopeConfig => ({ theta, dims: 16, scaling });

/** Relative difference of float32 arithmetic, in which the expected values were computed. */
const TOLERANCE = 1e-6;

function close(found: Float64Array, expected: readonly number[]) {
  assert.equal(found.length, expected.length);
  for (const [i, value] of expected.entries()) {
    assert.ok(
      Math.abs(found[i] - value) <= TOLERANCE * value,
      `frequency ${i}: ${found[i]}, expected ${value}`,
    );
  }
}

// Expected values: modeling_rope_utils.py of transformers 5.18.0 for head size 16.
it("YaRN: factor 4 beyond 32 positions, theta 1e6", () => {
  const factor = 0.1 * Math.log(4) + 1;
  const scaling = {
    factor: 4,
    originalContextLength: 32,
    betaFast: 32,
    betaSlow: 1,
    truncate: true,
    attentionFactor: factor,
  };
  const { inverse, attentionFactor } = ropeFrequencies(withRope(1e6, { type: "yarn", ...scaling }), 32);
  close(
    inverse,
    [1, 0.044456985, 0.0079056947, 0.0014058533, 0.00025000001, 4.4456985e-5, 7.9056936e-6, 1.4058534e-6],
  );
  assert.equal(attentionFactor, 1.138629436111989);
});

it("linear: factor 4, theta 1e4", () => {
  const { inverse, attentionFactor } = ropeFrequencies(withRope(1e4, { type: "linear", factor: 4 }), 32);
  close(
    inverse,
    [0.25, 0.079056941, 0.025, 0.0079056947, 0.0024999999, 0.00079056947, 0.00025000001, 7.9056947e-5],
  );
  assert.equal(attentionFactor, 1);
});

it("factors divide each frequency, and the attention factor multiplies cos and sin", () => {
  const plain = ropeFrequencies(withRope(1e4, { type: "none" }), 32);
  const factors = plain.inverse.map((_, i) => 1 + i);
  const divided = ropeFrequencies(
    withRope(1e4, { type: "factors", factors: [...factors], attentionFactor: 2 }),
    32,
  );
  close(
    divided.inverse,
    Array.from(plain.inverse, (value, i) => value / (1 + i)),
  );
  const { cos, sin } = ropeAngles(() => divided, [{ first: 0, rows: 2, position: 3, length: 5 }]);
  assert.equal(cos.length, 16);
  assert.equal(cos[8], Math.fround(2 * Math.cos(4)));
  assert.equal(sin[0], Math.fround(2 * Math.sin(3)));
});
