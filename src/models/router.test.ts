import assert from "node:assert/strict";
import { it } from "node:test";
import { plainExperts } from "./families/experts.ts";
import { routeTokens } from "./router.ts";

const mixture = (count: number) => plainExperts({ count, perToken: 2, intermediateSize: 1, numLayers: 1 });

it("takes the best experts of each token, ties to the lower index, in the order of experts", () => {
  const logits = Float32Array.from([0, 2, 1, 2, /* second token */ 3, 3, 3, 0]);
  const routes = routeTokens(logits, mixture(4));
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
  const [{ weights: low }, { weights: high }] = routeTokens(Float32Array.from([1, -9, 2]), mixture(3));
  assert.equal(low[0], Math.fround(1 / (1 + Math.E)));
  assert.equal(high[0], Math.fround(Math.E / (1 + Math.E)));
});
