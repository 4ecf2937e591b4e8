// Reads the catalogue that the package brings along, and the terms of its licences.
import { readdirSync, readFileSync } from "node:fs";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { type LicenceTerms, readTerms } from "../licences/terms.ts";
import { packagePath } from "./environment.ts";

const parse = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
const jsonFiles = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith(".json"));

/** All families and licences; @throws {BaimoError} `format` for a damaged file. */
export function loadCatalogue(): Catalogue {
  const folder = packagePath("catalogue");
  const names = jsonFiles(folder).filter((name) => name !== "licences.json");
  const files = Object.fromEntries(names.map((name) => [name, parse(`${folder}/${name}`)]));
  return readCatalogue(files, parse(`${folder}/licences.json`));
}

/** The terms of licences by identifier; @throws {BaimoError} `format` for a damaged file. */
export function loadTerms(): ReadonlyMap<string, LicenceTerms> {
  const folder = packagePath("catalogue", "licences");
  const terms = jsonFiles(folder).map((name) => readTerms(name, parse(`${folder}/${name}`)));
  return new Map(terms.map((licence) => [licence.id, licence]));
}
