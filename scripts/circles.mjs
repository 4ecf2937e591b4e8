// Finds files that import each other in a circle; an import of types counts too.
import { importsOf } from "./sources.mjs";

/** Circles as lines of text; empty when there is none. */
export function checkCircles(sources) {
  const paths = new Set(sources.map(({ path }) => path));
  const resolved = (target) => [target, `${target}.ts`].find((path) => paths.has(path));
  const graph = new Map(
    sources.map((source) => [
      source.path,
      importsOf(source)
        .map(resolved)
        .filter((path) => path !== undefined),
    ]),
  );
  const problems = [];
  const done = new Set();
  const way = [];
  const visit = (path) => {
    const start = way.indexOf(path);
    if (start >= 0) problems.push([...way.slice(start), path].join(" -> "));
    if (start >= 0 || done.has(path)) return;
    way.push(path);
    for (const next of graph.get(path)) visit(next);
    way.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return problems;
}
