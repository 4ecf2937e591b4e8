// The router against a plain twin that sorts, and ties.
import assert from "node:assert/strict";
import { it } from "node:test";
import { createRandom } from "../../random.ts";
import type { RouterConfig } from "../../tensor/backend.ts";
import { createRouter } from "./router.ts";

const mixture = (count: number): RouterConfig => ({
  count,
  perToken: 2,
  score: "softmax",
  jitter: 0,
  groups: 1,
  groupsPerToken: 1,
  groupScore: "max",
  normalize: 1,
  normalizeEps: 0,
  scale: 1,
});

it("takes the best experts of each token, ties to the lower index, in the order of experts", () => {
  const logits = Float32Array.from([0, 2, 1, 2, /* second token */ 3, 3, 3, 0]);
  const routes = createRouter(mixture(4)).route(logits);
  assert.deepEqual(
    routes.map(({ expert, rows }) => [expert, ...rows]),
    [
      [0, 1],
      [1, 0, 1],
      [3, 0],
    ],
  );
  assert.deepEqual(
    routes.flatMap(({ weights }) => [...weights]),
    [0.5, 0.5, 0.5, 0.5],
  );
});

it("weights are a softmax over the chosen experts alone", () => {
  const [{ weights: low }, { weights: high }] = createRouter(mixture(3)).route(Float32Array.from([1, -9, 2]));
  assert.equal(low[0], Math.fround(1 / (1 + Math.E)));
  assert.equal(high[0], Math.fround(Math.E / (1 + Math.E)));
});

/** The same by sorting, as the papers say it: for each token its experts and weights, experts ascending. */
function plainRoutes(logits: Float32Array, config: RouterConfig, bias?: Float32Array): [number, number][][] {
  const { count, groups, perToken, normalize: p } = config;
  return Array.from({ length: logits.length / count }, (_, t) => {
    const row = [...logits.subarray(t * count, (t + 1) * count)];
    const powers = row.map(Math.exp);
    const total = powers.reduce((a, b) => a + b);
    const scores = row.map((x, e) =>
      config.score === "sigmoid" ? 1 / (1 + Math.exp(-x)) : powers[e] / total,
    );
    const ranks = scores.map((score, e) => score + (bias?.[e] ?? 0));
    const all = [...row.keys()];
    const best = (of: number[], among: number[], most: number) =>
      among.toSorted((a, b) => of[b] - of[a] || a - b).slice(0, most);
    const size = count / groups;
    const groupRanks = Array.from({ length: groups }, (_, g) =>
      best(ranks, all.slice(g * size, (g + 1) * size), config.groupScore === "max" ? 1 : 2).reduce(
        (sum, e) => sum + ranks[e],
        0,
      ),
    );
    const kept = best(groupRanks, [...groupRanks.keys()], config.groupsPerToken);
    const chosen = best(
      ranks,
      all.filter((e) => kept.includes(Math.floor(e / size))),
      perToken,
    ).sort((a, b) => a - b);
    const norm =
      p === 0 ? 1 : chosen.reduce((sum, e) => sum + scores[e] ** p, 0) ** (1 / p) + config.normalizeEps;
    return chosen.map((e): [number, number] => [e, (scores[e] / norm) * config.scale]);
  });
}

const ways: Record<string, Partial<RouterConfig> & { biased?: boolean }> = {
  softmax: {},
  "softmax, not normalised": { normalize: 0, scale: 2 },
  "softmax, groups by their best": { normalize: 0, groups: 4, groupsPerToken: 2 },
  "sigmoid, biased, groups by their two best": {
    score: "sigmoid",
    biased: true,
    groups: 4,
    groupsPerToken: 2,
    groupScore: "top2",
    normalizeEps: 1e-20,
    scale: 2.5,
  },
  "another norm": { normalize: 2 },
};

for (const [name, way] of Object.entries(ways)) {
  it(`chooses as sorting does: ${name}`, () => {
    const random = createRandom(7);
    const config = { ...mixture(32), perToken: 5, ...way };
    const router = createRouter(config);
    const bias = way.biased ? Float32Array.from({ length: 32 }, () => random.uniform()) : undefined;
    // Few different values, so that ties come up.
    for (const tokens of [1, 1, 9, 4, 1]) {
      const logits = Float32Array.from({ length: 32 * tokens }, () => random.integer(9) / 2);
      const found: [number, number][][] = Array.from({ length: tokens }, () => []);
      for (const { expert, rows, weights } of router.route(logits, bias))
        for (const [i, row] of rows.entries()) found[row].push([expert, weights[i]]);
      const expected = plainRoutes(logits, config, bias);
      for (const [t, routes] of expected.entries()) {
        assert.deepEqual(
          found[t].map(([expert]) => expert),
          routes.map(([expert]) => expert),
        );
        for (const [i, [, weight]] of routes.entries())
          assert.ok(Math.abs(found[t][i][1] - weight) <= 1e-6 * Math.abs(weight));
      }
    }
  });
}
