// A model's shape from its entry in the catalogue: what the entry's sources say, no more.
import {
  type Catalogue,
  type Dimensions,
  type Family,
  figureOf,
  type Generation,
  type Known,
  type Variant,
} from "../../catalogue/catalogue.ts";
import { BaimoError } from "../../errors.ts";
import { inEnglish } from "../../licences/find-names.ts";
import { nearestName } from "../../nearest.ts";
import { type Input, published, type Source, unknown } from "../quantity/quantity.ts";
import type { Unit } from "../quantity/units.ts";
import type { CacheShape } from "../serving/kv-cache.ts";
import { expertParameters, type ModelShape } from "./shape.ts";

/** A variant with what it belongs to. */
interface Found {
  readonly family: Family;
  readonly generation: Generation;
  readonly variant: Variant;
  readonly name: string;
}

/** Every variant by the name that a person would write: "Llama 2 70B". */
function everyVariant({ families }: Catalogue): Found[] {
  return families.flatMap((family) =>
    family.generations.flatMap((generation) =>
      generation.variants.map((variant) => ({
        family,
        generation,
        variant,
        name: variant.name.startsWith(generation.name) ? variant.name : `${generation.name} ${variant.name}`,
      })),
    ),
  );
}

/** The names of the models whose parameters the catalogue knows. */
export const catalogueModels = (catalogue: Catalogue): string[] =>
  everyVariant(catalogue).flatMap(({ name, variant }) => (variant.parameters === "unknown" ? [] : [name]));

const plain = (name: string) =>
  inEnglish(name.toLowerCase())
    .replace(/[^\p{L}\p{N}.]+/gu, "")
    .toLowerCase();

/**
 * The shape of a variant of the catalogue, by name: "Llama 2 70B", or a generation with one variant.
 * @throws {BaimoError} `request` with the nearest names
 */
export function shapeFromCatalogue(catalogue: Catalogue, name: string): ModelShape {
  const all = everyVariant(catalogue);
  const wanted = plain(name);
  const exact = all.filter((each) => plain(each.name) === wanted);
  const ofGeneration = all.filter(
    ({ generation, family }) => plain(generation.name) === wanted || plain(family.name) === wanted,
  );
  const found = exact.length > 0 ? exact : ofGeneration;
  if (found.length === 1) return toShape(found[0]);
  const quoted = JSON.stringify(name.slice(0, 80));
  if (found.length > 1) {
    const names = found.slice(0, 8).map((each) => each.name);
    throw new BaimoError("request", `${quoted} is more than one model; which: ${names.join(", ")}?`, {
      option: "model",
    });
  }
  const near = nearestName(
    name,
    all.map((each) => each.name),
  );
  const hint = near ? `did you mean ${near}?` : "baimo models lists them";
  throw new BaimoError("request", `the catalogue has no model ${quoted}; ${hint}`, { option: "model" });
}

function toShape({ family, generation, variant, name }: Found): ModelShape {
  const fact = <U extends Unit>(label: string, known: Known<number> | undefined, unit: U): Input<U> => {
    if (known === undefined || known === "unknown") return unknown(label, unit, notInCatalogue(name));
    const { title, url, accessed } = family.sources[known.source];
    const source: Source = { title, url, date: accessed };
    return published(label, known.value, unit, source, known.note?.en);
  };
  const parameters = fact("parameters", variant.parameters, "parameter");
  const activeParameters =
    variant.active === undefined ? parameters : fact("parameters a token meets", variant.active, "parameter");
  const { experts } = generation.architecture;
  const [count, perToken] = (["count", "perToken"] as const).map((key) => {
    const label = key === "count" ? "experts" : "experts a token";
    if (experts === undefined || experts === "unknown") return unknown(label, "count", notInCatalogue(name));
    const { title, url, accessed } = family.sources[experts.source];
    return published(label, experts.value[key], "count", { title, url, date: accessed });
  });
  const sizes = sizesOf(variant.dimensions, family, name);
  return {
    name,
    parameters,
    activeParameters,
    layers: sizes.layers,
    hidden: sizes.hidden,
    heads: sizes.heads,
    kvHeads: sizes.kvHeads,
    cache: sizes.cache,
    experts: experts && {
      count,
      perToken,
      parameters: expertParameters({ parameters, activeParameters, perToken, experts: count }),
    },
    context: figureOf(generation.context),
    tokens: fact("tokens of training", variant.tokens ?? generation.tokens, "token"),
  };
}

const notInCatalogue = (name: string): string => `the catalogue has none for ${name}`;

/** Sizes of the layers; without them each is unknown, and so is the cache. */
function sizesOf(known: Known<Dimensions> | undefined, { sources }: Family, name: string) {
  const value = known === undefined || known === "unknown" ? undefined : known;
  const read = <U extends Unit>(label: string, size: number | undefined, unit: U): Input<U> => {
    if (value === undefined || size === undefined) return unknown(label, unit, notInCatalogue(name));
    const { title, url, accessed } = sources[value.source];
    return published(label, size, unit, { title, url, date: accessed }, value.note?.en);
  };
  const { numLayers, hiddenSize, numHeads, numKvHeads, headDim, window } = value?.value ?? {};
  const layers = read("layers", numLayers, "count");
  const kvHeads = read("KV heads", numKvHeads, "count");
  const cache: CacheShape | undefined = value && {
    kind: "heads",
    kvHeads,
    headDim: read("size of a head", headDim, "count"),
    layers,
    window: window && {
      length: read("longest window", window.length, "token"),
      slidingLayers: read("layers with a window", window.layers, "count"),
    },
  };
  return {
    layers,
    hidden: read("hidden size", hiddenSize, "count"),
    heads: read("heads", numHeads, "count"),
    kvHeads,
    cache,
  };
}
