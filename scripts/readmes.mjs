// Writes the README of each source folder: a sentence by hand, then a line for each file.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstComment } from "./sources.mjs";

const marker = "<!-- Made of the files' first comments by `npm run check -- --fix`. -->";
const described = /^(src|test|bench|scripts|web\/src|examples)(\/|$)/;

/** READMEs that are missing, without a sentence by hand, or stale. With `fix` they are rewritten. */
export function checkReadmes(root, sources, { fix }) {
  const files = sources.filter(({ path }) => described.test(path) && isListed(path));
  const folders = new Set(files.flatMap(({ path }) => foldersAbove(path)));
  const problems = [];
  const pages = new Map([...folders].map((folder) => [folder, readPage(join(root, folder, "README.md"))]));
  for (const folder of [...folders].sort()) {
    const { text, head, purpose } = pages.get(folder);
    if (purpose === "") problems.push(`${folder}/README.md needs a sentence that says what the folder holds`);
    const below = [...folders].filter((one) => parentOf(one) === folder).sort();
    const list = [
      ...below.map((one) => item(`${nameOf(one)}/`, `${nameOf(one)}/README.md`, pages.get(one).purpose)),
      ...files
        .filter(({ path }) => parentOf(path) === folder)
        .map(({ path, text }) => item(nameOf(path), nameOf(path), firstComment(text)[0] ?? "")),
    ];
    const wanted = `${head || `# ${folder}`}\n\n${marker}\n\n${list.join("\n")}\n`;
    if (wanted === text) continue;
    if (fix) writeFileSync(join(root, folder, "README.md"), wanted);
    else problems.push(`${folder}/README.md is stale; run npm run check -- --fix`);
  }
  return problems;
}

/** Unit tests stand beside what they test and are not listed. */
const isListed = (path) => path.startsWith("test/") || !path.includes(".test.");

const parentOf = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1);
const item = (name, link, sentence) => `- [${name}](${link}): ${sentence}`;

function foldersAbove(path) {
  const folders = [];
  for (let folder = parentOf(path); described.test(folder); folder = parentOf(folder)) folders.push(folder);
  return folders;
}

/** A README's text, what stands above the marker, and the first paragraph after its heading on one line. */
function readPage(path) {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const head = text.split(marker)[0].trimEnd();
  const [, purpose = ""] = head.split(/\n\n+/);
  return { text, head, purpose: purpose.replaceAll("\n", " ") };
}
