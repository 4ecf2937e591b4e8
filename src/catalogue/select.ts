// Filters and the search over the catalogue; the command line and the page use them.
import { type Aspect, type Catalogue, type Entry, figureOf, type Generation } from "./catalogue.ts";
import { countryNames, familyNames, kindNames, languageNames, useNames } from "./search-names.ts";

/** What may be asked of entries; all that is given must hold. */
export interface Filter {
  /**
   * Words, each of which must be in a name, or be a maker, a country, a language, a size, a kind, a licence or what it allows.
   */
  text?: string;
  /** Part of a licence's identifier or name, in any case. */
  licence?: string;
  /** Only what may be used commercially, conditions or not. */
  commercial?: boolean;
  /** Only what may be used commercially without conditions. */
  free?: boolean;
  /** What must be open, wholly. */
  open?: readonly Aspect[];
  /** Some variant must have at least and at most so many parameters. */
  least?: number;
  most?: number;
  /** Only what runs here. */
  runs?: boolean;
}

/** The entries that a filter leaves, in the catalogue's order, each with the variants whose licence is as asked for. */
export function selectEntries(catalogue: Catalogue, filter: Filter): Entry[] {
  const words = (filter.text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const entries = catalogue.families.flatMap((family) =>
    family.generations.flatMap((generation) => {
      const left = withLicence(generation, catalogue, filter, words);
      return left ? [{ family, generation: left }] : [];
    }),
  );
  return entries.filter((entry) => {
    const { generation } = entry;
    if (!words.every((word) => useWords.has(word) || matches(word, entry))) return false;
    if (filter.open?.some((aspect) => figureOf(generation.openness[aspect]) !== "yes")) return false;
    const { least = 0, most = Number.POSITIVE_INFINITY } = filter;
    if (filter.least !== undefined || filter.most !== undefined) {
      const sizes = generation.variants.map(({ parameters }) => figureOf(parameters));
      if (!sizes.some((size) => size !== undefined && size >= least && size <= most)) return false;
    }
    return !filter.runs || generation.runs !== null;
  });
}

/** Words that mean one thing, and are looked for nowhere else. */
const useWords = new Set(Object.values(useNames).flat());

/** A generation with the variants whose licence is as asked for; undefined where it has none. */
function withLicence(
  generation: Generation,
  { licences }: Catalogue,
  filter: Filter,
  words: readonly string[],
): Generation | undefined {
  const wanted = filter.licence?.toLowerCase();
  const uses = words.filter((word) => useWords.has(word));
  if (wanted === undefined && !filter.commercial && !filter.free && uses.length === 0) return generation;
  const variants = generation.variants.filter(({ licence = generation.licence }) => {
    const id = figureOf(licence);
    if (id === undefined) return false;
    const { name, commercial } = licences[id];
    if (wanted !== undefined && !`${id} ${name}`.toLowerCase().includes(wanted)) return false;
    if (filter.commercial && !["yes", "conditions"].includes(commercial)) return false;
    if (filter.free && commercial !== "yes") return false;
    return uses.every((word) => useNames[commercial].includes(word));
  });
  if (variants.length === 0) return undefined;
  if (variants.length === generation.variants.length) return generation;
  const ids = new Set(variants.map(({ licence }) => licence && figureOf(licence)));
  const [{ licence = generation.licence }] = variants;
  return { ...generation, variants, licence: ids.size === 1 ? licence : generation.licence };
}

const licencesOf = (generation: Generation): string[] =>
  [generation, ...generation.variants]
    .map(({ licence }) => figureOf(licence))
    .filter((id) => id !== undefined);

function matches(word: string, entry: Entry): boolean {
  const { family, generation } = entry;
  const ids = licencesOf(generation);
  const size = readSize(word);
  if (size !== undefined) return hasSize(generation, word, size);
  const kind = figureOf(generation.architecture.kind);
  const names = [
    family.id,
    family.name,
    family.developer.en,
    family.developer.zh,
    generation.name,
    ...generation.variants.map((variant) => variant.name),
    ...ids,
    ...(familyNames[family.id] ?? []),
    ...family.country,
    ...family.country.flatMap((code) => countryNames[code] ?? []),
    ...languagesOf(entry).flatMap((code) => languageNames[code]?.names ?? []),
    ...(kind === undefined ? [] : kindNames[kind]),
  ].map((name) => name.toLowerCase());
  // Two letters would be found inside any word: they must be one.
  const short = /^[a-z0-9]{1,2}$/.test(word);
  return names.some((name) => (short ? name.split(/[^a-z0-9]+/).includes(word) : name.includes(word)));
}

/** What its sources say it speaks, else what is spoken where it comes from. */
function languagesOf({ family, generation }: Entry): readonly string[] {
  const stated = figureOf(generation.languages);
  if (stated) return stated;
  return Object.keys(languageNames).filter((code) =>
    languageNames[code].seats?.some((seat) => family.country.includes(seat)),
  );
}

const units: Readonly<Record<string, number>> = { m: 1e6, b: 1e9, t: 1e12, 万: 1e4, 亿: 1e8, 万亿: 1e12 };

/** "7b", "500m", "70亿": a number of parameters. */
function readSize(word: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(万亿|[mbt万亿])$/.exec(word) ?? [];
  return digits === undefined ? undefined : Number(digits) * units[unit];
}

/** How far a size may be from what it is called: a model of 6.7 billion is a 7B. */
const ROUNDING = 0.05;

/** Whether a variant is called so, or is about so large. */
function hasSize({ variants }: Generation, word: string, size: number): boolean {
  return variants.some(({ name, parameters }) => {
    if (
      name
        .toLowerCase()
        .split(/[^a-z0-9.]+/)
        .includes(word)
    )
      return true;
    const count = figureOf(parameters);
    return count !== undefined && Math.abs(count - size) <= ROUNDING * size;
  });
}
