// Reads the catalogue that the package brings along.
import { readdirSync, readFileSync } from "node:fs";
import { type Catalogue, readCatalogue } from "../catalogue/catalogue.ts";
import { packagePath } from "./environment.ts";

/** All families and licences; @throws {BaimoError} `format` for a damaged file. */
export function loadCatalogue(): Catalogue {
  const folder = packagePath("catalogue");
  const read = (name: string): unknown => JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
  const names = readdirSync(folder).filter((name) => name.endsWith(".json") && name !== "licences.json");
  return readCatalogue(Object.fromEntries(names.map((name) => [name, read(name)])), read("licences.json"));
}
