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
  /** What must be open, wholly. */
  open?: readonly Aspect[];
  /** Some variant must have at least and at most so many parameters. */
  least?: number;
  most?: number;
  /** Only what runs here. */
  runs?: boolean;
}

/** The entries that a filter leaves, in the catalogue's order. */
export function selectEntries(catalogue: Catalogue, filter: Filter): Entry[] {
  const { licences } = catalogue;
  const words = (filter.text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = filter.licence?.toLowerCase();
  const entries = catalogue.families.flatMap((family) =>
    family.generations.map((generation) => ({ family, generation })),
  );
  return entries.filter((entry) => {
    const { generation } = entry;
    const ids = licencesOf(generation);
    const isCommercial = (id: string) => ["yes", "conditions"].includes(licences[id].commercial);
    const isNamed = (id: string) => `${id} ${licences[id].name}`.toLowerCase().includes(wanted ?? "");
    if (!words.every((word) => matches(word, entry, catalogue))) return false;
    if (wanted !== undefined && !ids.some(isNamed)) return false;
    if (filter.commercial && !ids.some(isCommercial)) return false;
    if (filter.open?.some((aspect) => figureOf(generation.openness[aspect]) !== "yes")) return false;
    const { least = 0, most = Number.POSITIVE_INFINITY } = filter;
    if (filter.least !== undefined || filter.most !== undefined) {
      const sizes = generation.variants.map(({ parameters }) => figureOf(parameters));
      if (!sizes.some((size) => size !== undefined && size >= least && size <= most)) return false;
    }
    return !filter.runs || generation.runs !== null;
  });
}

const licencesOf = (generation: Generation): string[] =>
  [generation, ...generation.variants]
    .map(({ licence }) => figureOf(licence))
    .filter((id) => id !== undefined);

/** Words that mean one thing, and are looked for nowhere else. */
const useWords = new Set(Object.values(useNames).flat());

function matches(word: string, entry: Entry, { licences }: Catalogue): boolean {
  const { family, generation } = entry;
  const ids = licencesOf(generation);
  if (useWords.has(word)) return ids.some((id) => useNames[licences[id].commercial].includes(word));
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
