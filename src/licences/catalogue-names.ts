// Finds the licence of a model or a licence by the names of the catalogue.
import { type Catalogue, figureOf } from "../catalogue/catalogue.ts";
import { BaimoError } from "../errors.ts";
import { nearestName } from "../nearest.ts";
import { POET } from "../poet.ts";
import { licenceOfTag } from "./licence-names.ts";
import type { NamedLicence } from "./read-words.ts";

/** What the catalogue calls models and licences. Names without a size stand for the licence of most sizes. */
export function licenceNames({ families, licences }: Catalogue): NamedLicence[] {
  const names: NamedLicence[] = [];
  const put = (name: string, licence: string | undefined) => {
    if (licence !== undefined) names.push({ name, licence });
  };
  for (const { generations } of families)
    for (const generation of generations) {
      put(generation.name, figureOf(generation.licence));
      for (const { name, licence = generation.licence } of generation.variants)
        put(`${generation.name}-${name}`, figureOf(licence));
    }
  for (const [id, { name }] of Object.entries(licences)) {
    put(id, id);
    put(id.replace(/^LicenseRef-/, ""), id);
    put(name, id);
  }
  for (const name of [POET, `baimo ${POET}`]) put(name, "Apache-2.0");
  put("CC-BY-NC", "CC-BY-NC-4.0");
  put("百川 2", "LicenseRef-Baichuan-2");
  return names;
}

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
