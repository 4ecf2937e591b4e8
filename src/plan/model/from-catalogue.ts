// A model's shape from its entry in the catalogue: what the entry's sources say, no more.
import type { Catalogue, Family, Generation, Known, Variant } from "../../catalogue/catalogue.ts";
import { BaimoError } from "../../errors.ts";
import { nearestName } from "../../nearest.ts";
import { type Input, published, type Quantity, type Source, unknown } from "../quantity/quantity.ts";
import type { Unit } from "../quantity/units.ts";
import type { ModelShape } from "./shape.ts";

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

const plain = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}.]+/gu, " ")
    .trim();

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
    if (known === undefined || known === "unknown")
      return unknown(label, unit, `the catalogue has none for ${name}`);
    const { title, url, accessed } = family.sources[known.source];
    const source: Source = { title, url, date: accessed };
    return published(label, known.value, unit, source, known.note?.en);
  };
  const parameters = fact("parameters", variant.parameters, "parameter");
  const { experts } = generation.architecture;
  const count = (label: string): Quantity<"count"> =>
    unknown(label, "count", "open the checkpoint, or give it");
  const expertsKnown = experts !== undefined && experts !== "unknown" ? experts : undefined;
  const expert = (label: string, value: number | undefined) => {
    if (!expertsKnown || value === undefined) return count(label);
    const { title, url, accessed } = family.sources[expertsKnown.source];
    return published(label, value, "count", { title, url, date: accessed });
  };
  return {
    name,
    parameters,
    activeParameters:
      variant.active === undefined
        ? parameters
        : fact("parameters a token meets", variant.active, "parameter"),
    layers: count("layers"),
    hidden: count("hidden size"),
    heads: count("heads"),
    kvHeads: count("KV heads"),
    experts: experts && {
      count: expert("experts", expertsKnown?.value.count),
      perToken: expert("experts a token", expertsKnown?.value.perToken),
      parameters: unknown("parameters of experts", "parameter", "open the checkpoint, or give it"),
    },
    tokens: fact("tokens of training", variant.tokens ?? generation.tokens, "token"),
  };
}
