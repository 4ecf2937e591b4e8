// The licences that card, GGUF metadata and LICENSE file declare, and whether they agree.
import type { VerifiedComponents } from "../catalogue/framework.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { licenceOfCard, licenceOfTag, licenceOfText } from "../licences/licence-names.ts";

/** Identifiers of the catalogue where they are known, else what was written, by where it stands. */
export type DeclaredLicences = Readonly<Partial<Record<"card" | "gguf" | "file", string>>>;

/** Longest declaration that is told; what is longer is no name. */
const LONGEST = 80;
/** Names of the file that has the text. */
const LICENCE_FILES = ["LICENSE", "LICENSE.txt", "LICENSE.md"];

/** Reads what a checkpoint says of its licence. Of an address on the web only the weights' own metadata is read. */
export async function readDeclaredLicences(checkpoint: Checkpoint): Promise<DeclaredLicences> {
  const { metadata, name, folder } = checkpoint;
  const declared: Partial<Record<"card" | "gguf" | "file", string>> = {};
  const put = (where: keyof DeclaredLicences, said: string | undefined) => {
    if (said === undefined || said.trim() === "" || said.length > LONGEST) return;
    declared[where] = licenceOfTag(said) ?? said.trim();
  };
  const [tag, called] = ["general.license", "general.license.name"].map((key) => metadata.get(key));
  if (typeof tag === "string") put("gguf", tag === "other" && typeof called === "string" ? called : tag);
  const papers = folder ?? checkpoint.beside;
  if (!papers || /^https?:/i.test(name)) return declared;
  const read = async (file: string) => {
    const bytes = await papers.read(file).catch(() => undefined); // papers that cannot be read say nothing
    return bytes && new TextDecoder().decode(bytes);
  };
  const card = await read("README.md");
  if (card !== undefined) put("card", licenceOfCard(card));
  // Beside a file that lies anywhere a text may be of anything; a card makes it the model's.
  if (folder === undefined && declared.card === undefined) return declared;
  for (const file of LICENCE_FILES) {
    const text = await read(file);
    if (text === undefined) continue;
    put("file", licenceOfText(text));
    break;
  }
  return declared;
}

/**
 * Artefacts of the Model Openness Framework that lie in a checkpoint's own files, under the licence that is declared for it:
 * its weights and its card. Whatever else the framework asks for is elsewhere, and was not opened.
 */
export async function artefactsIn(
  checkpoint: Checkpoint,
  declared: DeclaredLicences,
): Promise<VerifiedComponents> {
  const said = [...new Set(Object.values(declared))];
  const opened = {
    value: said.length === 1 ? said[0] : said.join(" or ") || "none declared",
    source: "files",
  };
  const card = await checkpoint.folder?.read("README.md").catch(() => undefined);
  return card === undefined ? { parameters: opened } : { parameters: opened, "model-card": opened };
}

/** What to tell where declarations are not one; undefined where they are. */
export function licenceDisagreement(where: string, declared: DeclaredLicences): string | undefined {
  const said = Object.entries(declared);
  if (new Set(said.map(([, id]) => id)).size < 2) return undefined;
  const names = { card: "the card", gguf: "the GGUF metadata", file: "the LICENSE file" };
  const parts = said.map(([place, id]) => `${names[place as keyof DeclaredLicences]} ${id}`);
  return `${where}: the licence is declared differently: ${parts.join(", ")}; find out which holds`;
}
