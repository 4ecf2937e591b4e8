// Gradient-boosted trees: the sum of a leaf of each, through a link.
import { BaimoError } from "../../errors.ts";
import { listOf, numberOf, recordOf } from "../../json.ts";
import { outputName, readDomain } from "./domain.ts";
import { readLink } from "./link.ts";
import type { Predictor } from "./model.ts";
import { numericPredictor, readFeatures } from "./numeric.ts";

type TreeNode =
  | { readonly value: number }
  | { readonly feature: number; readonly le: number; readonly yes: number; readonly no: number };

export function readTrees(model: Record<string, unknown>, where: string): Predictor {
  const features = readFeatures(model, where);
  const base = numberOf(model.base, `${where}: base`);
  const link = readLink(model.link, where);
  const domain = readDomain(model.domain, `${where}: domain`);
  const output = outputName(model);
  const trees = listOf(model.trees, `${where}: trees`).map((tree, at) => {
    const place = `${where}: trees[${at}]`;
    const nodes = listOf(tree, place);
    if (nodes.length === 0) throw new BaimoError("format", `${place} has no nodes`);
    return nodes.map((node, i) => readNode(node, `${place}[${i}]`, i, nodes.length, features.length));
  });
  return numericPredictor({ features, domain, outputs: [output] }, (given) => {
    const x = Float32Array.from(given);
    return { [output]: link(trees.reduce((sum, tree) => sum + leafOf(tree, x), base)) };
  });
}

/** A node; its children come after it, so that every walk ends. */
function readNode(value: unknown, where: string, at: number, nodes: number, features: number): TreeNode {
  const node = recordOf(value, where);
  if (node.value !== undefined) return { value: numberOf(node.value, `${where}.value`) };
  const index = (name: string, low: number, high: number): number => {
    const read = numberOf(node[name], `${where}.${name}`);
    if (Number.isInteger(read) && read >= low && read < high) return read;
    throw new BaimoError("format", `${where}.${name} is ${read}; allowed: whole, from ${low} below ${high}`);
  };
  return {
    feature: index("feature", 0, features),
    le: numberOf(node.le, `${where}.le`),
    yes: index("yes", at + 1, nodes),
    no: index("no", at + 1, nodes),
  };
}

/** x  [features] f32 */
function leafOf(tree: readonly TreeNode[], x: Float32Array): number {
  let node = tree[0];
  while (!("value" in node)) node = tree[x[node.feature] <= node.le ? node.yes : node.no];
  return node.value;
}
