// Finds the licence of a model or a licence by the names of the catalogue.
import { type Catalogue, figureOf } from "../catalogue/catalogue.ts";
import { BaimoError } from "../errors.ts";
import { nearestName } from "../nearest.ts";
import { POET } from "../poet.ts";
import type { NamedLicence } from "./find-names.ts";
import { licenceOfTag } from "./licence-names.ts";

/**
 * What the catalogue calls models and licences. A name without a size, or without a version, stands for all licences that it
 * may have ("|"); a model whose licence nobody has read has its own name for one.
 */
export function licenceNames({ families, licences }: Catalogue): NamedLicence[] {
  const lines = new Map<string, { name: string; licences: string[] }>();
  const generations: NamedLicence[] = [];
  for (const generation of families.flatMap((family) => family.generations)) {
    const licenceOf = (figure: typeof generation.licence) => figureOf(figure) ?? generation.name;
    const sizes = generation.variants.map(({ name, licence = generation.licence }) => ({
      name: `${generation.name}-${name}`,
      licence: licenceOf(licence),
    }));
    const all = [licenceOf(generation.licence), ...sizes.map(({ licence }) => licence)];
    generations.push({ name: generation.name, licence: oneOf(all) }, ...sizes);
    const line = LINE.exec(generation.name)?.[0];
    if (line === undefined) continue;
    const known = lines.get(line.toLowerCase());
    if (known) known.licences.push(...all);
    else lines.set(line.toLowerCase(), { name: line, licences: all });
  }
  const names: NamedLicence[] = [
    ...Array.from(lines.values(), ({ name, licences }) => ({ name, licence: oneOf(licences) })),
    ...generations.filter(({ name }) => !lines.has(name.toLowerCase())),
  ];
  const put = (name: string, licence: string) => names.push({ name, licence });
  for (const [id, { name }] of Object.entries(licences)) {
    const short = id.replace(/^LicenseRef-/, "");
    put(id, id);
    if (!lines.has(short.toLowerCase())) put(short, id);
    put(name, id);
  }
  for (const name of [POET, `baimo ${POET}`]) put(name, "Apache-2.0");
  put("CC-BY-NC", "CC-BY-NC-4.0");
  put("Apache", "Apache-2.0");
  return names;
}

/** What generations of a line of models have in common; fewer letters are words, or parts of other names. */
const LINE = /^[A-Za-z]{4,}(?=$|[ -]?V?\d)/;
const oneOf = (licences: readonly string[]): string => [...new Set(licences)].join("|");

/** The licence that a word on the command line names. @throws {BaimoError} `request` where it names none */
export function findLicence(word: string, names: readonly NamedLicence[]): NamedLicence {
  const plain = (text: string) => text.toLowerCase().replace(/[\s_-]+/g, "");
  const found = names.find(({ name }) => plain(name) === plain(word))?.licence ?? licenceOfTag(word);
  if (found !== undefined) return { name: word, licence: found };
  const near = nearestName(
    word,
    names.map(({ name }) => name),
  );
  const hint = near ? `did you mean ${near}?` : "baimo models shows models and their licences";
  throw new BaimoError("request", `the catalogue has no licence or model "${word}"; ${hint}`, {
    option: "uses",
  });
}
