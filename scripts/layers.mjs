// The layers of src: a folder imports only from lower ones. Data below, programs above.
import { importsOf } from "./sources.mjs";

/** From the bottom up; a file may import its own folder, lower floors and `shared`, never its own floor. */
const floors = [
  ["tensor", "catalogue", "statistics"],
  ["kernels", "formats", "store", "licences"],
  ["tokenizers", "machines"],
  ["backends"],
  ["models"],
  ["generate"],
  ["upstream", "data"],
  ["evaluate", "plan", "train"],
  ["dispatch"],
  ["serve"],
  ["ai-sdk", "mcp"],
  ["cli"],
];
/** Files that everyone may import. */
const shared = new Set([
  "errors.ts",
  "grouped.ts",
  "json.ts",
  "python-json.ts",
  "nearest.ts",
  "option-kinds.ts",
  "options.ts",
  "poet.ts",
  "random.ts",
  "resource.ts",
  "base64.ts",
  "sha256.ts",
  "share.ts",
  "turns.ts",
  "on-abort.ts",
]);
/** index.ts, the public API, imports everything; only the command line imports it. */
const publicApi = "index.ts";

const floorOf = new Map(floors.flatMap((names, floor) => names.map((name) => [name, floor])));
const folderOf = (file) => (file.includes("/") ? file.slice(0, file.indexOf("/")) : "");

/** Problems as lines of text; empty when the table holds. */
export function checkLayers(sources) {
  const problems = [];
  for (const source of sources) {
    const { path } = source;
    if (!path.startsWith("src/") || path.endsWith(".test.ts")) continue;
    const file = path.slice("src/".length);
    const folder = folderOf(file);
    if (file === publicApi) continue;
    if (folder && !floorOf.has(folder)) {
      problems.push(`src/${folder} is on no floor; add it to scripts/layers.mjs`);
      continue;
    }
    for (const target of importsOf(source)) {
      if (!target.startsWith("src/")) problems.push(`${path} imports ${target}, outside src`);
      else if (!mayImport(folder, target.slice("src/".length)))
        problems.push(`${path} imports ${target}, which is not below it`);
    }
  }
  return problems;
}

function mayImport(folder, target) {
  if (shared.has(target)) return true;
  if (target === publicApi) return folder === "cli";
  const to = folderOf(target);
  return to !== "" && folder !== "" && (to === folder || floorOf.get(to) < floorOf.get(folder));
}
