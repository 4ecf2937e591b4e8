// Which models of the catalogue fit a machine: an estimate of their memory at four bits a weight.
import type { COMMERCIAL, Family, Generation, Variant } from "../../../src/catalogue/catalogue.ts";
import { figureOf } from "../../../src/catalogue/catalogue.ts";

/** Bits of a weight in Q4_K_M, its scales included. */
const BITS = 4.85;
/** Tokens that the cache is counted for, at two bytes a value. */
const TOKENS = 4096;

/** A variant that fits. */
export interface Fitting {
  family: string;
  name: string;
  bytes: number;
  commercial: (typeof COMMERCIAL)[number];
  /** Whether what it was trained on is open. */
  data: "yes" | "partly" | "no" | "unknown";
}

/** Bytes that a variant takes; undefined where nobody knows how large it is. */
export function bytesOf({ parameters, dimensions }: Variant): number | undefined {
  const weights = figureOf(parameters);
  if (weights === undefined) return undefined;
  const sizes = dimensions && figureOf(dimensions);
  const cache = sizes ? 2 * sizes.numLayers * sizes.numKvHeads * sizes.headDim * 2 * TOKENS : 0;
  return (weights * BITS) / 8 + cache;
}

/** The largest variants that fit, one a generation. */
export function fittingIn(
  {
    families,
    licences,
  }: {
    families: readonly Family[];
    licences: Readonly<Record<string, { commercial: Fitting["commercial"] }>>;
  },
  limit: number,
  most: number,
): Fitting[] {
  const all = families.flatMap((family) =>
    family.generations
      .filter(({ runs }) => runs !== null)
      .flatMap((generation) => largest(family, generation)),
  );
  return all.sort((one, other) => other.bytes - one.bytes).slice(0, most);

  function largest(family: Family, generation: Generation): Fitting[] {
    const sized = generation.variants
      .map((variant) => ({ variant, bytes: bytesOf(variant) ?? Number.POSITIVE_INFINITY }))
      .filter(({ bytes }) => bytes <= limit)
      .sort((one, other) => other.bytes - one.bytes);
    const [best] = sized;
    if (!best) return [];
    const licence = figureOf(best.variant.licence ?? generation.licence);
    return [
      {
        family: family.id,
        name: `${generation.name} ${best.variant.name}`,
        bytes: best.bytes,
        commercial: (licence !== undefined && licences[licence]?.commercial) || "unknown",
        data: figureOf(generation.openness.data) ?? "unknown",
      },
    ];
  }
}
