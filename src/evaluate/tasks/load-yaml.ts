// Reads a task's file with the files that it includes.
import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { BaimoError } from "../../errors.ts";
import { brief, isRecord, textOf } from "../../json.ts";
import { PythonFunction, parseYaml } from "./yaml.ts";

/** Keys and values of a YAML file; those of JSON, and `PythonFunction`. */
export type RawConfig = Record<string, unknown>;

/** A path as messages show it: from the working folder where it lies below. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === "" || short.startsWith("..") ? path : short;
}

/** One file without what it includes. */
export function readYamlFile(path: string): RawConfig {
  const value = parseYaml(textOf(readFileSync(path), shownPath(path)), shownPath(path));
  placeFunctions(value, dirname(path));
  if (isRecord(value)) return value;
  throw new BaimoError("format", `${shownPath(path)} must hold keys and values but is ${brief(value)}`);
}

/** Tells functions where their file lies: what includes it may lie elsewhere. */
function placeFunctions(value: unknown, folder: string): void {
  if (value instanceof PythonFunction) value.folder = folder;
  else if (Array.isArray(value)) for (const item of value) placeFunctions(item, folder);
  else if (isRecord(value)) for (const item of Object.values(value)) placeFunctions(item, folder);
}

/**
 * A file merged over those that it includes; its own keys win, and of several includes the later.
 * @throws {BaimoError} `format` for an include that is missing or comes back to itself
 */
export function loadYaml(path: string, above: readonly string[] = []): RawConfig {
  const chain = [...above, path];
  if (above.includes(path)) {
    const files = chain.slice(above.indexOf(path)).map(shownPath).join(" -> ");
    throw new BaimoError("format", `${shownPath(above[0])}: the includes run in a circle: ${files}`);
  }
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    const from = above.at(-1);
    const by = from === undefined ? "" : `${shownPath(from)} includes `;
    throw new BaimoError("format", `${by}${shownPath(path)}, and there is no such file`);
  }
  const { include, ...own } = readYamlFile(path);
  if (include === undefined) return own;
  const merged: RawConfig = {};
  for (const name of Array.isArray(include) ? include : [include]) {
    if (typeof name !== "string") {
      throw new BaimoError("format", `${shownPath(path)}: include must name files but is ${brief(include)}`);
    }
    const included = loadYaml(isAbsolute(name) ? name : resolve(dirname(path), name), chain);
    delete included.task_list;
    Object.assign(merged, included);
  }
  return Object.assign(merged, own);
}
