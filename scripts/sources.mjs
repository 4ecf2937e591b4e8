// The source files of the project, what they import, and the first comment of each.
import { existsSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { listFiles } from "./list-files.mjs";

const folders = ["src", "test", "bench", "scripts", "web", "examples", "recipes"];
const code = /\.(ts|mjs|js|svelte)$/;

/** Every source file, tests too, as { path, text }; the path is relative to the root. */
export function readSources(root) {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => listFiles(join(root, folder), (name) => code.test(name) && !name.endsWith(".d.ts")))
    .map((file) => ({ path: relative(root, file).replaceAll("\\", "/"), text: readFileSync(file, "utf8") }));
}

/** The comment lines at the top of a file, or at the top of a component's script, without their slashes. */
export function firstComment(text) {
  const body = text.replace(/^(#!.*|<script.*>)\n/, "");
  const block = body.match(/^(?:[ \t]*\/\/.*\n)+/)?.[0].trimEnd() ?? "";
  return block === "" ? [] : block.split("\n").map((line) => line.replace(/^\s*\/\/ ?/, "").trim());
}

/** What a file imports by a relative path, types too: paths relative to the root (AssemblyScript's without ".ts"). */
export function importsOf({ path, text }) {
  const specifiers = text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
  return [...specifiers].map(([, specifier]) => posix.join(posix.dirname(path), specifier));
}
