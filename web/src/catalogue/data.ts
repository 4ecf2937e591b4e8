// The catalogue's files, bundled and checked when the view is first opened.
import { readCatalogue } from "../../../src/catalogue/catalogue.ts";

const files = import.meta.glob<unknown>("../../../catalogue/*.json", { eager: true, import: "default" });
const byName = Object.fromEntries(
  Object.entries(files).map(([path, value]) => [path.split("/").at(-1)!, value]),
);
const { "licences.json": licences, ...families } = byName;

/** Every family and every licence. */
export const catalogue = readCatalogue(families, licences);
