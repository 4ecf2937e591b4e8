// Finds the weights that an adapter's modules are, and cuts its matrices as the weights are cut.
import { BaimoError } from "../../errors.ts";
import { dequantize } from "../../formats/blocks/dequantize.ts";
import type { TensorInfo } from "../../formats/tensor-info.ts";
import { share } from "../../share.ts";
import { completeForm, type Dialect } from "../families/find.ts";
import { families } from "../families/index.ts";
import { createBlankSource } from "../gguf/gguf-layout.ts";
import type { ModelDescription } from "../open-model.ts";
import { isTensorPlan, type MatrixPlan, type TensorPlan, type WeightPlan } from "../weights/tensor-plan.ts";
import { planWeights } from "../weights/weight-plan.ts";
import { leavesOf } from "../weights/weights.ts";
import type { AdapterFile, AdapterPart, LoraPair } from "./adapter.ts";

/** A weight and the keys that lead to it in the tree of weights. */
interface Leaf {
  readonly path: readonly string[];
  readonly leaf: TensorPlan;
}

/**
 * The parts of an adapter beside a model's weights, its values read.
 * @throws {BaimoError} `config` when the family has no names in the adapter's dialect, `format` for a module that the model
 *   does not have or that takes no adapter here, `shape` when its sizes are others
 */
export async function placeAdapter(file: AdapterFile, description: ModelDescription): Promise<AdapterPart[]> {
  if (description.config.encoderLayers > 0) {
    throw new BaimoError("config", `${description.name}: has an encoder; adapters are for decoders alone`);
  }
  const weights = weightsByModule(file, description);
  const placed = file.pairs.map((pair) => ({ pair, leaves: findWeights(file, description, weights, pair) }));
  const parts: AdapterPart[] = [];
  for (const { pair, leaves } of placed) {
    const down = share(await readValues(file, pair.a));
    const up = await readValues(file, pair.b);
    for (const { path, leaf } of leaves) {
      const { factor, rank } = pair;
      const low = leaf.heads
        ? lowOfHeads(down, up, rank, leaf)
        : { down, up: share(takeRows(up, rank, leaf)) };
      parts.push({ path, factor, rank, heads: leaf.heads, ...low });
    }
  }
  return parts;
}

/** Roots under which one model's modules are found in one file and not in another. */
const canonical = (module: string) =>
  module.replace(/^(model\.)?(language_model\.)?(model\.|transformer\.)?/, "");

/** Every stored weight by its module's name in the adapter's dialect, with the weights that are cut from it. */
function weightsByModule(file: AdapterFile, description: ModelDescription): Map<string, Leaf[]> {
  const { plan, head } = planIn(file, description);
  const found = new Map<string, Leaf[]>();
  const add = (stored: string, leaf: Leaf) => {
    const module = canonical(stored.replace(/\.weight$/, ""));
    found.set(module, [...(found.get(module) ?? []), leaf]);
  };
  for (const leaf of leavesOf(plan, isTensorPlan)) add(leaf.leaf.stored.name, leaf);
  // A head that is the embedding has an adapter of its own.
  if (!plan.head && head !== undefined) add(head, { path: ["embedding"], leaf: plan.embedding });
  return found;
}

/** The model's plan, its tensors named as the adapter names them. */
function planIn(
  { dialect, checkpoint, pairs }: AdapterFile,
  description: ModelDescription,
): { plan: WeightPlan; head?: string } {
  const modules = new Set(pairs.map(({ module }) => `${module}.weight`));
  const found = weightsAs(description, dialect, modules);
  if (found) return found;
  const kind: Record<Dialect, string> = { gguf: "GGUF", huggingface: "Hugging Face's layout" };
  throw new BaimoError(
    "config",
    `${checkpoint.name}: models of the family "${description.family}" have no names in ${kind[dialect]}`,
  );
}

/**
 * A model's weights named and laid out as in files of a dialect; undefined where its family has no names there.
 *
 * tensors  those that a family asks for to know which it has
 */
export function weightsAs(
  { family: name, config, weights, dialect: own }: ModelDescription,
  dialect: Dialect,
  tensors: ReadonlySet<string> = new Set(),
): { plan: WeightPlan; head?: string } | undefined {
  const family = families.find((one) => one.name === name);
  const form = family && completeForm(family, dialect);
  if (!form) return undefined;
  const facts = { has: (tensor: string) => tensors.has(tensor), values: () => undefined };
  const { head } = form.names(config, facts).decoder;
  const plan = dialect === own ? weights : planWeights(createBlankSource([...tensors]), config, form, facts);
  return { plan, head: typeof head === "string" ? head : undefined };
}

/** The weights that a module is, if they are of those that take an adapter. */
function findWeights(
  { checkpoint: { name: where } }: AdapterFile,
  description: ModelDescription,
  weights: ReadonlyMap<string, readonly Leaf[]>,
  { module, a, b }: LoraPair,
): { path: readonly string[]; leaf: MatrixPlan }[] {
  const refuse = (why: string) => new BaimoError("format", `${where}: "${a.name}": ${why}`);
  const leaves = weights.get(canonical(module));
  if (!leaves)
    throw refuse(`${description.name} has no module "${module}"; is this adapter of another model?`);
  return leaves.map(({ path, leaf }) => {
    if (leaf.kind !== "matrix") throw refuse(`"${module}" is a vector, which takes no adapter`);
    const isTied = path[0] === "embedding" && canonical(module) !== moduleOf(leaf);
    if ((path[0] === "embedding" && !isTied) || path[0] === "positions") {
      throw refuse(`adapters of "${module}", whose rows are looked up, are not done here`);
    }
    if (leaf.expert || (leaf.parts > 1 && !leaf.heads))
      throw refuse(`adapters of experts ("${module}") are not done here`);
    if (leaf.normalized)
      throw refuse(`"${module}" is used with its rows normalised, to which nothing is added`);
    const { stored, transposed, heads } = leaf;
    const [out, width] = transposed && !heads ? [stored.cols, stored.rows] : [stored.rows, stored.cols];
    const expected = [
      [a, [a.shape[0], width]],
      [b, [out, b.shape[1]]],
    ] as const;
    for (const [tensor, shape] of expected) {
      if (tensor.shape.join() === shape.join()) continue;
      throw new BaimoError(
        "shape",
        `${where}: "${tensor.name}" should have shape [${shape.join(", ")}] for "${module}" of ${description.name}, found [${tensor.shape.join(", ")}]`,
      );
    }
    return { path, leaf };
  });
}

const moduleOf = ({ stored }: MatrixPlan) => canonical(stored.name.replace(/\.weight$/, ""));

async function readValues(
  { checkpoint }: AdapterFile,
  { name, dtype, shape }: TensorInfo,
): Promise<Float32Array> {
  const values = dequantize(dtype, await checkpoint.readTensor(name), shape[0] * shape[1]);
  if (values.every(Number.isFinite)) return values;
  throw new BaimoError("format", `${checkpoint.name}: "${name}" has values that are no finite numbers`);
}

/** The rows of B that are the rows of a weight, in its order. */
function takeRows(
  up: Float32Array,
  rank: number,
  { rows, first, order, transposed }: MatrixPlan,
): Float32Array {
  const taken = new Float32Array(rows * rank);
  for (let row = 0; row < rows; row++) {
    const from = (transposed ? 0 : first) + (order ? order[row] : row);
    taken.set(up.subarray(from * rank, (from + 1) * rank), row * rank);
  }
  return taken;
}

/** A and B of every head. Where a head's rows are columns of what is stored, B's part is what its values meet first. */
function lowOfHeads(
  down: Float32Array,
  up: Float32Array,
  rank: number,
  plan: MatrixPlan,
): Pick<AdapterPart, "down" | "up"> {
  const { rows, cols, first, order, heads = 1, partRows } = plan;
  const downs = new Float32Array(heads * rank * cols);
  if (partRows === undefined) {
    for (let head = 0; head < heads; head++) downs.set(down, head * down.length);
    return { down: share(downs), up: share(takeRows(up, rank, plan)) };
  }
  for (let head = 0, to = 0; head < heads; head++) {
    const from = first + head * partRows;
    for (let j = 0; j < rank; j++) for (let c = 0; c < cols; c++) downs[to++] = up[(from + c) * rank + j];
  }
  const ups = new Float32Array(rows * rank);
  const width = down.length / rank;
  for (let row = 0, to = 0; row < rows; row++) {
    const column = order ? order[row] : row;
    for (let j = 0; j < rank; j++) ups[to++] = down[j * width + column];
  }
  return { down: share(downs), up: share(ups) };
}
