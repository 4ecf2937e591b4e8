// The sampler against straightforward references, small known distributions and hostile logits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BaimoError } from "../errors.ts";
import { call, readOptions } from "../options.ts";
import { createRandom } from "../random.ts";
import { isLong } from "../test-long.ts";
import { expNegative, logSumExp } from "./exponential.ts";
import { generateTable, resolveOptions } from "./options.ts";
import { createSampler, type SamplerOptions } from "./sampler.ts";
import { cutAtWeight, selectLargest } from "./selection.ts";
import type { GenerateOptions } from "./types.ts";

const PLAIN: GenerateOptions = { temperature: 1, topP: 1, seed: 1 };

const read = (given?: GenerateOptions) =>
  resolveOptions(readOptions(given, generateTable(), call("complete")));

function options(changes: GenerateOptions): SamplerOptions {
  return read({ ...PLAIN, ...changes }).sampler;
}

function randomLogits(seed: number, size: number, spread = 3): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: size }, () => spread * random.normal());
}

/** The whole distribution, each step written down as its definition says, with full sorts. */
function referenceDistribution(logits: ArrayLike<number>, o: SamplerOptions): Map<number, number> {
  let set = Array.from(logits, (logit, id) => ({ id, logit: logit / o.temperature, p: 0 }));
  const normalise = () => {
    const max = Math.max(...set.map((t) => t.logit));
    const sum = set.reduce((total, t) => total + Math.exp(t.logit - max), 0);
    for (const t of set) t.p = Math.exp(t.logit - max) / sum;
  };
  const keepMass = (mass: number) => {
    let total = 0;
    const end = set.findIndex((t) => (total += t.p) >= mass);
    if (end >= 0) set = set.slice(0, end + 1);
    normalise();
  };
  normalise();
  set.sort((a, b) => b.logit - a.logit || a.id - b.id);
  if (o.topK > 0) set = set.slice(0, o.topK);
  normalise();
  if (o.typicalP < 1) {
    const entropy = -set.reduce((total, t) => total + t.p * Math.log(t.p), 0);
    set.sort((a, b) => Math.abs(entropy + Math.log(a.p)) - Math.abs(entropy + Math.log(b.p)) || a.id - b.id);
    keepMass(o.typicalP);
    set.sort((a, b) => b.logit - a.logit || a.id - b.id);
  }
  if (o.topP < 1) keepMass(o.topP);
  const best = Math.max(...set.map((t) => t.p));
  set = set.filter((t) => t.p >= o.minP * best);
  normalise();
  return new Map(set.map((t) => [t.id, t.p]));
}

/** Draws from one distribution and checks it by chi-square at five standard deviations; the seed is fixed. */
function assertDistribution(logits: Float32Array, o: SamplerOptions, draws: number, what: string): void {
  const expected = referenceDistribution(logits, o);
  const sampler = createSampler(o, logits.length, []);
  const counts = new Map<number, number>();
  for (let i = 0; i < draws; i++) {
    const { id } = sampler.sample(logits);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  for (const id of counts.keys()) assert.ok(expected.has(id), `${what}: token ${id} should have been cut`);
  // Tokens that are expected fewer than 10 times are counted together.
  let [chi, degrees, rareCount, rareExpected] = [0, -1, 0, 0];
  const add = (seen: number, mean: number) => {
    chi += (seen - mean) ** 2 / mean;
    degrees++;
  };
  for (const [id, p] of expected) {
    const seen = counts.get(id) ?? 0;
    if (p * draws >= 10) add(seen, p * draws);
    else [rareCount, rareExpected] = [rareCount + seen, rareExpected + p * draws];
  }
  if (rareExpected >= 10) add(rareCount, rareExpected);
  const limit = degrees + 5 * Math.sqrt(2 * Math.max(degrees, 1)) + 5;
  assert.ok(chi <= limit, `${what}: chi-square ${chi.toFixed(1)} with ${degrees} degrees of freedom`);
}

test("the fast exponential agrees with Math.exp", () => {
  assert.equal(expNegative(0), 1);
  assert.equal(expNegative(Number.NEGATIVE_INFINITY), 0);
  for (let x = -690; x <= 0; x += 0.01371) {
    const exact = Math.exp(x);
    assert.ok(Math.abs(expNegative(x) - exact) <= 1e-11 * exact, `exp(${x})`);
  }
  const logits = randomLogits(3, 5000);
  const max = Math.max(...logits);
  const exact = max + Math.log(logits.reduce((sum, l) => sum + Math.exp(l - max), 0));
  assert.ok(Math.abs(logSumExp(logits, max) - exact) < 1e-11);
});

test("selectLargest finds what a sort finds, lower indices first among equals", () => {
  const random = createRandom(5);
  for (let round = 0; round < 200; round++) {
    const values = Float32Array.from({ length: 1 + random.integer(60) }, () => random.integer(12));
    const k = 1 + random.integer(70);
    const heap = new Int32Array(k);
    const found = Array.from(heap.subarray(0, selectLargest(values, k, heap))).sort((a, b) => a - b);
    const sorted = Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
    assert.deepEqual(
      found,
      sorted.slice(0, k).sort((a, b) => a - b),
    );
  }
});

test("cutAtWeight ends where a sorted walk ends", () => {
  const random = createRandom(6);
  for (let round = 0; round < 400; round++) {
    const count = 1 + random.integer(round % 3 ? 300 : 3000); // walked, and narrowed by bins first
    const levels = round % 2 ? 5 : 1e6; // many equal keys, or none
    const infinite = round % 5 === 0 ? 0.1 : 0;
    const keys = Float64Array.from({ length: count }, () =>
      random.uniform() < infinite ? Number.POSITIVE_INFINITY : random.integer(levels),
    );
    const weights = Float64Array.from({ length: count }, () => random.integer(1000)); // integers: exact sums
    const total = weights.reduce((sum, w) => sum + w, 0);
    const target = 1 + random.integer(total + total / 10 + 5); // now and then more than there is
    const sorted = Array.from(keys.keys()).sort((a, b) => (keys[a] === keys[b] ? a - b : keys[a] - keys[b]));
    let reached = 0;
    const last = sorted.find((i) => (reached += weights[i]) >= target) ?? sorted[count - 1];
    const cut = cutAtWeight(keys, weights, count, target, new Int32Array(count));
    assert.deepEqual(cut, { value: keys[last], index: last }, `round ${round}`);
  }
});

test("every combination of truncations has the reference's distribution", () => {
  const cases: GenerateOptions[] = [
    {},
    { temperature: 0.5 },
    { temperature: 1.7 },
    { topK: 5 },
    { topP: 0.8 },
    { topP: 0.3, temperature: 2 },
    { minP: 0.1 },
    { typicalP: 0.6 },
    { typicalP: 0.2, temperature: 1.3 },
    { topK: 12, topP: 0.9 },
    { topK: 20, typicalP: 0.7, topP: 0.9, minP: 0.05, temperature: 0.8 },
    { typicalP: 0.9, minP: 0.2 },
    { topP: 0.95, minP: 0.02, temperature: 0.8 },
  ];
  cases.forEach((changes, i) => {
    const vocabularies = [
      [40, 2],
      [400, 3],
      [1200, 1],
    ];
    // One of them each, or all in the long run.
    for (const [size, spread] of isLong ? vocabularies : [vocabularies[i % 3]]) {
      const what = `${JSON.stringify(changes)}, ${size} tokens`;
      assertDistribution(
        randomLogits(100 + i, size, spread),
        options({ ...changes, seed: 7 + i }),
        size > 1000 ? 2500 : 10_000,
        what,
      );
    }
  });
});

test("a known small distribution is cut exactly where its definition says", () => {
  const logits = Float32Array.from([0.5, 0.25, 0.125, 0.0625, 0.0625], Math.log);
  const kept = (changes: GenerateOptions) => {
    const sampler = createSampler(options(changes), 5, []);
    const ids = new Set<number>();
    for (let i = 0; i < 2000; i++) ids.add(sampler.sample(logits).id);
    return [...ids].sort();
  };
  assert.deepEqual(kept({ topP: 0.49 }), [0]);
  assert.deepEqual(kept({ topP: 0.51 }), [0, 1]);
  assert.deepEqual(kept({ topP: 0.9 }), [0, 1, 2, 3]); // 0.5 + 0.25 + 0.125 < 0.9; of equal tokens the lower id
  assert.deepEqual(kept({ topK: 4 }), [0, 1, 2, 3]);
  assert.deepEqual(kept({ minP: 0.24 }), [0, 1, 2]);
  assert.deepEqual(kept({ minP: 0.26 }), [0, 1]);
  // Entropy 1.875 bits; surprises 1, 2, 3, 4, 4 bits: nearest is token 1, then 0, then 2.
  assert.deepEqual(kept({ typicalP: 0.2 }), [1]);
  assert.deepEqual(kept({ typicalP: 0.7 }), [0, 1]);
  assert.deepEqual(kept({ typicalP: 0.8 }), [0, 1, 2]);
  assert.deepEqual(kept({}), [0, 1, 2, 3, 4]);
});

test("greedy takes the lowest id among equals, and leaves the logits as they were", () => {
  const logits = Float32Array.of(1, 3, 3, 2);
  const sampler = createSampler(options({ temperature: 0, logitBias: { 3: 0.5 } }), 4, []);
  assert.equal(sampler.sample(logits).id, 1);
  assert.deepEqual([...logits], [1, 3, 3, 2]);
});

test("penalties and bias change the logits as their definitions say", () => {
  // Greedy on logits where each rule decides by a small margin.
  const pick = (changes: GenerateOptions, logits: number[], prompt: number[] = [], steps = 1) => {
    const sampler = createSampler(options({ temperature: 0, ...changes }), logits.length, prompt);
    return Array.from({ length: steps }, () => sampler.sample(Float32Array.from(logits)).id);
  };
  assert.deepEqual(pick({ repetitionPenalty: 2 }, [4, 1.9], [0]), [0]); // 4 / 2 = 2 > 1.9
  assert.deepEqual(pick({ repetitionPenalty: 2 }, [4, 2.1], [0]), [1]);
  assert.deepEqual(pick({ repetitionPenalty: 2 }, [-1, -1.9], [0]), [1]); // -1 * 2 < -1.9
  assert.deepEqual(pick({ repetitionPenalty: 2 }, [4, 2.1], [0, 0, 0]), [1]); // once, however often
  assert.deepEqual(pick({ presencePenalty: 1 }, [4, 2.9], [0]), [0]); // the prompt does not count
  assert.deepEqual(pick({ presencePenalty: 1 }, [4, 3.5, 2.9], [], 4), [0, 1, 0, 0]); // 3 > 2.9 for ever
  assert.deepEqual(pick({ frequencyPenalty: 1 }, [4, 2.9, 0.5], [], 5), [0, 0, 1, 0, 1]);
  assert.deepEqual(pick({ logitBias: { 1: 1 } }, [2, 1.5]), [1]);
  assert.deepEqual(pick({ logitBias: { 0: -100 } }, [2, -1e6]), [1]); // banned, not only lowered
  assert.deepEqual(pick({ logitBias: { 0: 1 }, repetitionPenalty: 2 }, [3, 2.1], [0]), [1]); // (3 + 1) / 2
});

test("log-probabilities come from the raw logits, and asking for them changes nothing", () => {
  const logits = randomLogits(9, 300);
  const raw = referenceDistribution(logits, options({}));
  const changes = { temperature: 0.7, topP: 0.9, repetitionPenalty: 1.3, logitBias: { 5: 2 }, seed: 11 };
  const without = createSampler(options(changes), 300, [1, 2, 3]);
  const withThem = createSampler(options({ ...changes, logprobs: 4 }), 300, [1, 2, 3]);
  const order = [...raw].sort((a, b) => b[1] - a[1]);
  for (let i = 0; i < 200; i++) {
    const sampled = withThem.sample(logits);
    assert.deepEqual(without.sample(logits), { id: sampled.id });
    assert.ok(Math.abs(sampled.logprob! - Math.log(raw.get(sampled.id)!)) < 1e-9);
    assert.deepEqual(
      sampled.top!.map((t) => t.id),
      order.slice(0, 4).map(([id]) => id),
    );
    sampled.top!.forEach((t, rank) => {
      assert.ok(Math.abs(t.logprob - Math.log(order[rank][1])) < 1e-9);
    });
  }
  const none = createSampler(options({ logprobs: 0 }), 300, []).sample(logits);
  assert.deepEqual(none.top, []);
  assert.ok(none.logprob! < 0);
});

test("a seed fixes the tokens", () => {
  const logits = randomLogits(12, 1000);
  const run = (seed: number) => {
    const sampler = createSampler(options({ seed, topP: 0.95 }), 1000, []);
    return Array.from({ length: 50 }, () => sampler.sample(logits).id);
  };
  assert.deepEqual(run(4), run(4));
  assert.notDeepEqual(run(4), run(5));
});

test("tokens with minus infinity are never drawn", () => {
  const logits = randomLogits(13, 2000, 0.1).map((l, id) => (id % 3 ? Number.NEGATIVE_INFINITY : l));
  for (const changes of [{}, { topP: 0.99 }, { topK: 1500 }, { typicalP: 0.95 }, { minP: 0.01 }]) {
    const sampler = createSampler(options(changes), 2000, []);
    for (let i = 0; i < 300; i++) assert.equal(sampler.sample(logits).id % 3, 0, JSON.stringify(changes));
  }
});

test("logits that hold no distribution are errors", () => {
  const fails = (logits: number[], code: string, message: RegExp, changes: GenerateOptions = {}) => {
    const sampler = createSampler(options(changes), logits.length, []);
    assert.throws(
      () => sampler.sample(Float32Array.from(logits)),
      (error) => error instanceof BaimoError && error.code === code && message.test(error.message),
    );
  };
  fails([1, Number.NaN, 2], "device", /token 1 is NaN/);
  fails([Number.NaN, 1], "device", /token 0 is NaN/, { temperature: 0 });
  fails([1, Number.POSITIVE_INFINITY], "device", /token 1 is Infinity/);
  fails([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], "device", /all logits are minus infinity/);
  fails([1, 2], "request", /bans every token/, { logitBias: { 0: -100, 1: -1000 } });
  const sampler = createSampler(options({}), 4, []);
  assert.throws(() => sampler.sample(new Float32Array(3)), /3 logits for a vocabulary of 4/);
});

test("options of generation have defaults that a worker understands, and a seed", () => {
  const resolved = read({ stop: "x" });
  assert.deepEqual(resolved.stop, ["x"]);
  assert.equal(resolved.sampler.temperature, 0.8);
  assert.deepEqual(structuredClone(resolved), resolved);
  assert.notEqual(read().sampler.seed, read().sampler.seed);
});
