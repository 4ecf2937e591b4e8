// Choosing 16 tokens of 151,936 each: rank 0 alone, or its share of two. node bench/head.mjs
import {
  findLargest,
  holdsNucleus,
  largestOf,
  largestPart,
  nucleusPart,
  WeightSum,
} from "../dist/src/generate/logit-summary.js";
import { createSampler } from "../dist/src/generate/sampler.js";
import { createRandom } from "../dist/src/random.js";

const [rounds = "40"] = process.argv.slice(2);
const [rows, vocabSize] = [16, 151_936];
const cut = vocabSize / 2;
const random = createRandom(1);
/** As language models have them: most tokens far below some dozens. */
const logits = Float32Array.from({ length: rows * vocabSize }, () =>
  random.uniform() < 2e-4 ? 10 + 3 * random.normal() : -2 + 2 * random.normal(),
);
const exchange = new Float32Array(new SharedArrayBuffer(logits.byteLength));
const row = (of, i, from = 0, to = vocabSize) => of.subarray(i * vocabSize + from, i * vocabSize + to);
const plain = { topK: 0, topP: 1, minP: 0, typicalP: 1, repetitionPenalty: 1, presencePenalty: 0 };
const chain = (given) => ({ ...plain, frequencyPenalty: 0, logitBias: [], seed: 1, ...given });
const samplers = {
  "the likeliest": chain({ temperature: 0 }),
  "one of 40": chain({ temperature: 0.8, topK: 40 }),
  "a nucleus of 0.95": chain({ temperature: 0.8, topP: 0.95 }),
};

/** Rank 0 copies its share into the exchange area, as the other does meanwhile, and looks at all. */
function alone(sampler) {
  const ids = [];
  for (let i = 0; i < rows; i++) row(exchange, i, 0, cut).set(row(logits, i, 0, cut));
  for (let i = 0; i < rows; i++) ids.push(sampler.sample(row(exchange, i)).id);
  return ids;
}

/** Rank 0 looks at its share, and puts it together with what the other has found meanwhile. */
function shared(sampler, others) {
  const { wish } = sampler;
  const ids = [];
  for (let i = 0; i < rows; i++) {
    const own = row(logits, i, 0, cut);
    const best = findLargest(own);
    const other = others[i];
    const found = own[best] >= other.max ? { best, max: own[best] } : { best: other.best, max: other.max };
    ids.push(sampler.sampleFrom(together(own, other, found, wish)).id);
  }
  return ids;
}

function together(own, { part }, { best, max }, wish) {
  if (wish.kind === "best") return { best, max, ids: [], logits: [] };
  const mine = partOf(own, 0, max, wish);
  const [ids, found] = [
    [...mine.ids, ...part.ids],
    [...mine.logits, ...part.logits],
  ];
  if (wish.kind === "top") return { best, max, ...largestOf(ids, found, wish.count) };
  const weight = new WeightSum();
  for (const [first, { head, sums, tail }] of [
    [0, mine],
    [cut, part],
  ]) {
    weight.add(head, first, max, wish.scale);
    for (const sum of sums) weight.addBlock(sum);
    weight.add(tail, first + head.length + sums.length * 512, max, wish.scale);
  }
  const summary = { best, max, ids, logits: found, mass: weight.total };
  if (!holdsNucleus(summary, wish)) throw new Error("no nucleus");
  return summary;
}

const partOf = (own, first, max, wish) =>
  wish.kind === "top" ? largestPart(own, first, wish.count) : nucleusPart(own, first, max, wish.scale);

function timed(work) {
  const started = performance.now();
  const answer = work();
  return { answer: answer.join(), ms: performance.now() - started };
}

for (const [name, options] of Object.entries(samplers)) {
  const { wish } = createSampler(options, vocabSize, []);
  const others = Array.from({ length: rows }, (_, i) => {
    row(exchange, i, cut).set(row(logits, i, cut));
    const own = row(logits, i, cut);
    const max = Math.max(own[findLargest(own)], row(logits, i)[findLargest(row(logits, i))]);
    const part = wish.kind === "best" ? undefined : partOf(own, cut, max, wish);
    return { best: cut + findLargest(own), max: own[findLargest(own)], part };
  });
  const least = { alone: Infinity, shared: Infinity };
  for (let round = 0; round < Number(rounds); round++) {
    const before = timed(() => alone(createSampler(options, vocabSize, [])));
    const after = timed(() => shared(createSampler(options, vocabSize, []), others));
    if (before.answer !== after.answer) throw new Error(`${name}: other tokens`);
    least.alone = Math.min(least.alone, before.ms);
    least.shared = Math.min(least.shared, after.ms);
  }
  console.log(
    `${name}: ${least.alone.toFixed(2)} ms of rank 0 for ${rows} rows, ${least.shared.toFixed(2)} with a share of two ` +
      `(${(least.shared / least.alone).toFixed(2)})`,
  );
}
