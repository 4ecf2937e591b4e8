// The shape of a model: the sizes that the formulas need; from plain numbers.
import { BaimoError } from "../../errors.ts";
import { grouped } from "../../grouped.ts";
import { number, text, whole } from "../../option-kinds.ts";
import { call, type OptionsOf, readOptions } from "../../options.ts";
import { compute, given, type Quantity, unknown } from "../quantity/quantity.ts";
import type { CacheShape } from "../serving/kv-cache.ts";
import type { ServedModel } from "../serving/roofline.ts";
import type { TrainedModel } from "../training/parallel.ts";

/** Sizes of a model; what nobody has said is unknown. */
export interface ModelShape extends ServedModel {
  readonly name: string;
  readonly layers: Quantity<"count">;
  readonly hidden: Quantity<"count">;
  readonly heads: Quantity<"count">;
  readonly kvHeads: Quantity<"count">;
  readonly cache?: CacheShape;
  /** Most tokens of a request, where known. */
  readonly context?: number;
  /** Tokens of its training, where known. */
  readonly tokens?: Quantity<"token">;
  /** Bytes of the weights as a file holds them. */
  readonly fileBytes?: Quantity<"byte">;
  /** What baimo itself takes to run it on this machine. */
  readonly memoryHere?: Quantity<"byte">;
}

/** A model by plain numbers. */
export interface ShapeOptions {
  name?: string;
  parameters: number;
  /** That one token meets; default: all. */
  activeParameters?: number;
  numLayers?: number;
  hiddenSize?: number;
  numHeads?: number;
  numKvHeads?: number;
  headDim?: number;
  numExperts?: number;
  numExpertsPerToken?: number;
  /** Of all experts together. */
  expertParameters?: number;
  tokens?: number;
}

const size = whole({ min: 1, max: 1e9 });
const amount = number({ min: 1, max: 1e18 });

/** The same, declared. */
export const shapeTable = {
  name: text({ most: 200 }),
  parameters: amount,
  activeParameters: amount,
  numLayers: size,
  hiddenSize: size,
  numHeads: size,
  numKvHeads: size,
  headDim: size,
  numExperts: size,
  numExpertsPerToken: size,
  expertParameters: amount,
  tokens: number({ min: 1, max: 1e18 }),
};

/**
 * The shape of a model by plain numbers.
 * @throws {BaimoError} `request` for an option that is unknown or out of its range
 */
export function shapeOfNumbers(options: Partial<ShapeOptions>): ModelShape {
  return checked(toShape(readOptions(options, shapeTable, call("shapeOfNumbers"))));
}

/** A shape whose sizes go together. @throws {BaimoError} `request` naming the sizes that do not */
function checked(shape: ModelShape): ModelShape {
  const { parameters, activeParameters, hidden, heads, kvHeads, cache, experts } = shape;
  const refuse = (option: keyof ShapeOptions, text: string): never => {
    throw new BaimoError("request", `plan: ${text}`, { option });
  };
  const exceeds = (part: Quantity, whole: Quantity) =>
    part.value !== null && whole.value !== null && part.value > whole.value;
  const figure = ({ value }: Quantity) => grouped(value ?? 0);
  if (exceeds(activeParameters, parameters))
    refuse(
      "activeParameters",
      `a token cannot meet ${figure(activeParameters)} parameters of a model of ${figure(parameters)}; give at most all of them`,
    );
  if (experts && exceeds(experts.perToken, experts.count))
    refuse(
      "numExpertsPerToken",
      `a token cannot meet ${figure(experts.perToken)} of ${figure(experts.count)} experts`,
    );
  if (experts && exceeds(experts.parameters, parameters))
    refuse(
      "expertParameters",
      `experts of ${figure(experts.parameters)} parameters are more than the model's ${figure(parameters)}`,
    );
  const divides = (whole: Quantity, part: Quantity) =>
    whole.value === null || part.value === null || Number.isInteger(whole.value / part.value);
  if (cache?.kind === "heads" && cache.headDim.origin === "computed" && !divides(hidden, heads))
    refuse(
      "numHeads",
      `a hidden size of ${figure(hidden)} is no multiple of ${figure(heads)} heads; where heads have a size of their own, give it (--head-dim)`,
    );
  if (!divides(heads, kvHeads))
    refuse("numKvHeads", `${figure(heads)} heads are no multiple of ${figure(kvHeads)} KV heads`);
  return shape;
}

function toShape(numbers: OptionsOf<typeof shapeTable>): ModelShape {
  const count = (name: string, value: number | undefined) =>
    value === undefined ? unknown(name, "count") : given(name, value, "count");
  const parameters = amountOf("parameters", numbers.parameters);
  const layers = count("layers", numbers.numLayers);
  const hidden = count("hidden size", numbers.hiddenSize);
  const heads = count("heads", numbers.numHeads);
  const kvHeads =
    numbers.numKvHeads === undefined
      ? compute("KV heads", "count", "heads", { heads }, { note: "as many as heads, where nothing is said" })
      : given("KV heads", numbers.numKvHeads, "count");
  const headDim =
    numbers.headDim === undefined
      ? compute("size of a head", "count", "hidden / heads", { hidden, heads })
      : given("size of a head", numbers.headDim, "count");
  const { activeParameters: active, numExperts, numExpertsPerToken, expertParameters } = numbers;
  return {
    name: numbers.name ?? "a model by numbers",
    parameters,
    activeParameters:
      active === undefined ? parameters : given("parameters a token meets", active, "parameter"),
    layers,
    hidden,
    heads,
    kvHeads,
    cache: { kind: "heads", kvHeads, headDim, layers },
    experts:
      numExperts === undefined
        ? undefined
        : {
            count: given("experts", numExperts, "count"),
            perToken: count("experts a token", numExpertsPerToken),
            parameters: amountOf("parameters of experts", expertParameters),
          },
    tokens: numbers.tokens === undefined ? undefined : given("tokens of training", numbers.tokens, "token"),
  };
}

/** Parameters of all experts, from what one token meets of them and what it meets in all. */
export const expertParameters = (inputs: {
  readonly parameters: Quantity<"parameter">;
  readonly activeParameters: Quantity<"parameter">;
  readonly perToken: Quantity<"count">;
  readonly experts: Quantity<"count">;
}): Quantity<"parameter"> =>
  compute(
    "parameters of experts",
    "parameter",
    "(parameters - activeParameters) / (1 - perToken / experts)",
    inputs,
  );

const amountOf = (name: string, value: number | undefined): Quantity<"parameter"> =>
  value === undefined ? unknown(name, "parameter") : given(name, value, "parameter");

/** What of a shape parallel plans divide. */
export function toTrained({ parameters, layers, heads, kvHeads, experts }: ModelShape): TrainedModel {
  const none = given("experts", 0, "count");
  return {
    parameters,
    layers,
    heads,
    kvHeads,
    experts: experts?.count ?? none,
    expertShare: experts
      ? compute("share of experts", "ratio", "expertParameters / parameters", {
          expertParameters: experts.parameters,
          parameters,
        })
      : compute("share of experts", "ratio", "experts", { experts: none }, { note: "a dense model" }),
  };
}

/** A shape with numbers that someone gives put over its own. */
export function withNumbers(shape: ModelShape, options: Partial<ShapeOptions>): ModelShape {
  const numbers = toShape(readOptions(options, shapeTable, call("shapeOfNumbers")));
  const pick = <Q extends Quantity>(given: Q, own: Q) => (given.value === null ? own : given);
  const changes = [
    options.numLayers,
    options.numHeads,
    options.numKvHeads,
    options.headDim,
    options.hiddenSize,
  ];
  const isResized = changes.some((each) => each !== undefined);
  return checked({
    name: options.name ?? shape.name,
    parameters: pick(numbers.parameters, shape.parameters),
    activeParameters: pick(
      numbers.activeParameters,
      options.parameters === undefined ? shape.activeParameters : numbers.parameters,
    ),
    layers: pick(numbers.layers, shape.layers),
    hidden: pick(numbers.hidden, shape.hidden),
    heads: pick(numbers.heads, shape.heads),
    kvHeads: pick(numbers.kvHeads, shape.kvHeads),
    cache: isResized || !shape.cache ? resized(shape, numbers, options) : shape.cache,
    experts: numbers.experts ?? shape.experts,
    context: shape.context,
    tokens: numbers.tokens ?? shape.tokens,
    fileBytes: options.parameters === undefined ? shape.fileBytes : undefined,
    memoryHere: options.parameters === undefined ? shape.memoryHere : undefined,
  });
}

/** The cache of a shape with other sizes; those that nobody changed stay. */
function resized(
  { cache }: ModelShape,
  numbers: ModelShape,
  { numLayers, hiddenSize, numHeads, numKvHeads, headDim }: Partial<ShapeOptions>,
): CacheShape | undefined {
  const given = numbers.cache;
  if (cache?.kind !== "heads" || given?.kind !== "heads") return given;
  const headsStay = numKvHeads === undefined && numHeads === undefined;
  const sizeStays = headDim === undefined && numHeads === undefined && hiddenSize === undefined;
  return {
    kind: "heads",
    kvHeads: headsStay ? cache.kvHeads : given.kvHeads,
    headDim: sizeStays ? cache.headDim : given.headDim,
    layers: numLayers === undefined ? cache.layers : given.layers,
    window: numLayers === undefined ? cache.window : undefined,
  };
}
