// Opens the tools that a tools file names, with the package's own catalogue and licences.
import type { OpenTools, ToolsFile } from "../dispatch/index.ts";
import { loadCatalogue, loadTerms } from "./load-catalogue.ts";
import { readJsonFile } from "./text-file.ts";

/** @throws {BaimoError} `format` for a file that is not one, or a model or a document that it names */
export async function openToolsFile(
  path: string,
): Promise<{ readonly opened: OpenTools; readonly file: ToolsFile }> {
  const { openTools, readToolsFile } = await import("../dispatch/index.ts");
  const file = readToolsFile(await readJsonFile(path), path);
  const grounds = () => ({ catalogue: loadCatalogue(), terms: loadTerms() });
  return { opened: await openTools(Object.assign({ grounds }, file)), file };
}
