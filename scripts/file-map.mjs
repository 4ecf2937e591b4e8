// The map of files in ARCHITECTURE.md: one line a file, made of the file's first comment.
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { listFiles } from "./list-files.mjs";

const begin = "<!-- file map: made by `npm run check -- --fix` -->";
const end = "<!-- end of file map -->";
const code = /\.(ts|mjs|svelte)$/;
const folders = ["src", "test", "bench", "scripts", "web", "examples"];

/** Problems as lines of text: files without a first comment, a map that has drifted. With `fix` the map is rewritten. */
export function checkFileMap(root, { fix }) {
  const problems = [];
  const lines = [];
  let section = "";
  for (const folder of folders) {
    for (const file of existing(join(root, folder))) {
      const path = relative(root, file);
      const comment = firstComment(readFileSync(file, "utf8"));
      if (!comment) {
        problems.push(`${path} does not begin with a comment that says what lives there`);
        continue;
      }
      const [here, name] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
      if (here !== section) lines.push("", `**${here}/**`, "");
      section = here;
      lines.push(`- \`${name}\`: ${comment}`);
    }
  }
  const page = join(root, "ARCHITECTURE.md");
  const text = readFileSync(page, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) return [...problems, "ARCHITECTURE.md has no file map"];
  const wanted = `${text.slice(0, from)}${begin}\n${lines.join("\n").trim()}\n${text.slice(to)}`;
  if (wanted === text) return problems;
  if (!fix) return [...problems, "ARCHITECTURE.md's file map has drifted; run npm run check -- --fix"];
  writeFileSync(page, wanted);
  return problems;
}

function existing(folder) {
  try {
    return listFiles(
      folder,
      (name) => code.test(name) && !name.endsWith(".d.ts") && !name.includes(".test."),
    );
  } catch {
    return [];
  }
}

/** The first sentence or two of a file: `//` lines at its top, or at the top of a component's script. */
function firstComment(text) {
  const body = text.replace(/^(#!.*|<script.*>)\n/, "");
  const lines = (body.match(/^(?:\s*\/\/.*\n)+/)?.[0] ?? "").split("\n");
  return lines
    .map((line) => line.replace(/^\s*\/\/ ?/, "").trim())
    .join(" ")
    .trim();
}
