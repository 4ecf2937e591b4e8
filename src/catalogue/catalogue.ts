// The catalogue of open models: types of catalogue/*.json, and their check.
//
// Every figure has a source or is "unknown". The page imports this file too.
import {
  below,
  bilingual,
  type Check,
  date,
  fail,
  languageCode,
  list,
  oneOf,
  positive,
  record,
  shaped,
  text,
  url,
  whole,
} from "./checks.ts";
import { COMPONENT_NAMES, type VerifiedComponents } from "./framework.ts";

/** A text in the page's two languages. */
export interface Text {
  readonly en: string;
  readonly zh: string;
}

/** Where a figure was read: `copy` dates the stored copy where one was read in place of the live page. */
export interface Source {
  readonly title: string;
  readonly url: string;
  readonly accessed: string;
  readonly copy?: string;
}

/** A figure with the key of its source, the place in it, and what must be known to read it rightly. */
export interface Fact<T> {
  readonly value: T;
  readonly source: string;
  readonly at?: string;
  readonly note?: Text;
}

/** A figure, or the plain statement that none was found. */
export type Known<T> = Fact<T> | "unknown";

export const GRADES = ["yes", "partly", "no"] as const;
export const ASPECTS = ["weights", "code", "data", "logs"] as const;
export const COMMERCIAL = ["yes", "conditions", "no", "unknown"] as const;
export const VERDICTS = ["confirmed", "partly", "differs", "press"] as const;
const KINDS = ["dense", "moe"] as const;
const SHAPES = ["decoder", "encoder-decoder"] as const;
const ATTENTION = ["MHA", "MQA", "GQA", "MLA", "hybrid"] as const;
const POSITIONS = ["RoPE", "ALiBi", "learned", "relative", "mixed"] as const;

export type Grade = (typeof GRADES)[number];
export type Aspect = (typeof ASPECTS)[number];

/** What a training run used: devices, their number, device hours and days, as far as published. */
export interface Hardware {
  readonly accelerator: string;
  readonly count?: number;
  readonly hours?: number;
  readonly days?: number;
}

/** Sizes of a model's layers, in the words of its configuration. */
export interface Dimensions {
  readonly numLayers: number;
  readonly hiddenSize: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  /** So many layers see only the last `length` tokens. */
  readonly window?: { readonly length: number; readonly layers: number };
}

export interface Variant {
  readonly name: string;
  readonly parameters: Known<number>;
  /** Parameters that work on one token; absent where all do. */
  readonly active?: Known<number>;
  /** Absent where nobody has looked them up. */
  readonly dimensions?: Known<Dimensions>;
  readonly released?: Known<string>;
  readonly tokens?: Known<number>;
  readonly hardware?: Known<Hardware>;
  readonly context?: Known<number>;
  readonly licence?: Known<string>;
}

/** Models of one line that came out together; a variant says where it differs. */
export interface Generation {
  readonly name: string;
  /** A date, or as much of one as is known: 2024, 2024-03 or 2024-03-27. */
  readonly released: Known<string>;
  readonly variants: readonly Variant[];
  /** Tokens read in training; where variants differ, the largest one's. */
  readonly tokens: Known<number>;
  readonly hardware: Known<Hardware>;
  /** Dollars of the United States, from and to. */
  readonly cost: Known<{ readonly low: number; readonly high: number }>;
  readonly context: Known<number>;
  /** ISO 639-1 codes of languages that the source names: all of them, or the first. Absent where none was looked up. */
  readonly languages?: Known<readonly string[]>;
  /** A key of licences.json: an SPDX identifier or LicenseRef-… */
  readonly licence: Known<string>;
  readonly openness: Readonly<Record<Aspect, Known<Grade>>>;
  readonly architecture: {
    readonly kind: Known<(typeof KINDS)[number]>;
    readonly shape: Known<(typeof SHAPES)[number]>;
    readonly attention: Known<(typeof ATTENTION)[number]>;
    readonly position: Known<(typeof POSITIONS)[number]>;
    readonly vocabulary: Known<number>;
    readonly experts?: Known<{
      readonly count: number;
      readonly perToken: number;
      readonly shared?: number;
    }>;
  };
  readonly notes?: readonly Text[];
  /** Artefacts that somebody opened, by component of the Model Openness Framework, with their licences. */
  readonly verified?: VerifiedComponents;
  /** The file of src/models/families that runs it, without its ending; null where none does yet. */
  readonly runs: string | null;
}

/** What others say of a family, and what the sources say to that. */
export interface Claim {
  readonly claim: Text;
  readonly verdict: (typeof VERDICTS)[number];
  readonly finding: Text;
  readonly sources: readonly string[];
}

export interface Family {
  readonly id: string;
  readonly name: string;
  readonly developer: Text;
  /** ISO 3166-1 codes of the developer's seat. */
  readonly country: readonly string[];
  readonly generations: readonly Generation[];
  readonly claims?: readonly Claim[];
  readonly links?: readonly { readonly title: string; readonly url: string }[];
  readonly sources: Readonly<Record<string, Source>>;
}

export interface Licence {
  readonly name: string;
  readonly url: string;
  readonly commercial: (typeof COMMERCIAL)[number];
  readonly conditions: Text;
  readonly source: Source;
}

export interface Catalogue {
  readonly families: readonly Family[];
  readonly licences: Readonly<Record<string, Licence>>;
}

/** One line of a table: a generation of a family. */
export interface Entry {
  readonly family: Family;
  readonly generation: Generation;
}

/** The figure, or undefined where none was found. */
export function figureOf<T>(fact: Known<T> | undefined): T | undefined {
  return fact === undefined || fact === "unknown" ? undefined : fact.value;
}

/** All parameters of the smallest and the largest variant. */
export function sizesOf({ variants }: Generation): { low: number; high: number } | undefined {
  const sizes = variants.map(({ parameters }) => figureOf(parameters)).filter((size) => size !== undefined);
  return sizes.length === 0 ? undefined : { low: Math.min(...sizes), high: Math.max(...sizes) };
}

/**
 * Checks the parsed files of a catalogue and orders the families by name.
 * @throws {BaimoError} `format` naming the file and the place of what is wrong
 */
export function readCatalogue(files: Readonly<Record<string, unknown>>, licences: unknown): Catalogue {
  const known = readLicences(licences);
  const families = Object.entries(files).map(([file, value]) => readFamily(file, value, known));
  families.sort((one, other) => one.name.localeCompare(other.name, "en"));
  return { families, licences: known };
}

const source = shaped({ title: text, url, accessed: date(false) }, { copy: date(false) });
const hardware = shaped({ accelerator: text }, { count: positive, hours: positive, days: positive });
const cost = shaped({ low: positive, high: positive });
const experts = shaped({ count: positive, perToken: positive }, { shared: positive });

const window = shaped({ length: positive, layers: positive });
const sizes = shaped(
  { numLayers: whole, hiddenSize: whole, numHeads: whole, numKvHeads: whole, headDim: whole },
  { window },
);
const dimensions: Check = (place, value) => {
  sizes(place, value);
  const { numLayers, numHeads, numKvHeads, window: sliding } = value as Dimensions; // as was checked
  if (numHeads % numKvHeads !== 0) fail(below(place, "numKvHeads"), `a divisor of ${numHeads}`, numKvHeads);
  if (sliding && sliding.layers > numLayers)
    fail(below(place, "window"), `at most ${numLayers} layers`, sliding.layers);
};

function readLicences(value: unknown): Readonly<Record<string, Licence>> {
  const start = { file: "licences.json", path: "$" };
  const check = shaped({ name: text, url, commercial: oneOf(COMMERCIAL), conditions: bilingual, source });
  for (const [id, licence] of Object.entries(record(start, value))) check(below(start, id), licence);
  return value as Record<string, Licence>;
}

function readFamily(file: string, value: unknown, licences: Readonly<Record<string, Licence>>): Family {
  const start = { file, path: "$" };
  const sources = record(below(start, "sources"), record(start, value).sources);
  const used = new Set<string>();
  const cited: Check = (place, key) => {
    if (typeof key !== "string" || !Object.hasOwn(sources, key)) fail(place, "a key of sources", key);
    used.add(key as string);
  };
  const fact =
    (check: Check): Check =>
    (place, given) => {
      if (given === "unknown") return;
      shaped({ value: check, source: cited }, { at: text, note: bilingual })(place, given);
    };
  /** What was opened has a source; "unknown" is said by leaving it out. */
  const opened = shaped({ value: text, source: cited }, { at: text });
  const licence = fact(oneOf(Object.keys(licences)));
  const variant = shaped(
    { name: text, parameters: fact(positive) },
    {
      active: fact(positive),
      dimensions: fact(dimensions),
      released: fact(date(true)),
      tokens: fact(positive),
      hardware: fact(hardware),
      context: fact(positive),
      licence,
    },
  );
  const generation = shaped(
    {
      name: text,
      released: fact(date(true)),
      variants: list(variant),
      tokens: fact(positive),
      hardware: fact(hardware),
      cost: fact(cost),
      context: fact(positive),
      licence,
      openness: shaped(Object.fromEntries(ASPECTS.map((aspect) => [aspect, fact(oneOf(GRADES))]))),
      architecture: shaped(
        {
          kind: fact(oneOf(KINDS)),
          shape: fact(oneOf(SHAPES)),
          attention: fact(oneOf(ATTENTION)),
          position: fact(oneOf(POSITIONS)),
          vocabulary: fact(positive),
        },
        { experts: fact(experts) },
      ),
      runs: (place, name) => (name === null ? undefined : text(place, name)),
    },
    {
      notes: list(bilingual),
      languages: fact(list(languageCode)),
      verified: shaped({}, Object.fromEntries(COMPONENT_NAMES.map((name) => [name, opened]))),
    },
  );
  const claim = shaped({
    claim: bilingual,
    verdict: oneOf(VERDICTS),
    finding: bilingual,
    sources: list(cited),
  });
  shaped(
    {
      id: oneOf([file.replace(/\.json$/, "")]),
      name: text,
      developer: bilingual,
      country: list(text),
      generations: list(generation),
      sources: () => {},
    },
    { claims: list(claim), links: list(shaped({ title: text, url })) },
  )(start, value);
  for (const [key, each] of Object.entries(sources)) {
    source(below(below(start, "sources"), key), each);
    if (!used.has(key)) fail(below(below(start, "sources"), key), "a source that something cites", each);
  }
  return value as Family;
}
