// Licences as the catalogue has them: terms, and what models and licences are called.

import { licenceNames } from "../../../src/licences/catalogue-names.ts";
import { type LicenceTerms, readTerms } from "../../../src/licences/index.ts";
import { catalogue } from "../catalogue/data.ts";

const files = import.meta.glob<unknown>("../../../catalogue/licences/*.json", {
  eager: true,
  import: "default",
});

/** By identifier. */
export const terms: ReadonlyMap<string, LicenceTerms> = new Map(
  Object.entries(files).map(([path, value]) => {
    const licence = readTerms(path.split("/").at(-1)!, value);
    return [licence.id, licence];
  }),
);
/** Every name of a model or a licence, once. */
export const names = [...new Map(licenceNames(catalogue).map((each) => [each.name, each])).values()];
const ofLicences = new Set(
  Object.entries(catalogue.licences).flatMap(([id, { name }]) => [id, name, id.replace(/^LicenseRef-/, "")]),
);
/** What can be chosen, each with its label: licences by their own names, models with their licences'. */
export const choices: readonly [string, string][] = [
  ...Object.entries(catalogue.licences).map(([id, { name }]): [string, string] => [id, name]),
  ...names
    .filter(({ name }) => !ofLicences.has(name))
    .map(({ name, licence }): [string, string] => [
      name,
      `${name} · ${licence.replaceAll("LicenseRef-", "")}`,
    ]),
];
