// Finds relative links in Markdown pages that lead nowhere.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { listFiles } from "./list-files.mjs";

/** Broken links as lines of text; anchors within a page are not looked at. */
export function checkLinks(root) {
  const problems = [];
  for (const page of listFiles(root, (name) => name.endsWith(".md"))) {
    for (const [, target] of readFileSync(page, "utf8").matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^([a-z]+:|#)/.test(target)) continue;
      if (!existsSync(join(dirname(page), target.replace(/#.*/, ""))))
        problems.push(`${relative(root, page)}: ${target} is not there`);
    }
  }
  return problems;
}
