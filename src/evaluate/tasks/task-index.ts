// The tasks, groups and tags of a folder of YAML files, by name.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import { loadYaml, type RawConfig, readYamlFile, shownPath } from "./load-yaml.ts";

/** What a name stands for. */
export type TaskEntry =
  | { readonly kind: "task" | "group"; readonly name: string; readonly path: string; readonly raw: RawConfig }
  /** Names of the tasks that carry it. */
  | { readonly kind: "tag"; readonly name: string; readonly tasks: Set<string> }
  /** A file that cannot be read, kept so that asking for it says why. */
  | { readonly kind: "broken"; readonly name: string; readonly path: string; readonly error: BaimoError };

export type TaskIndex = Map<string, TaskEntry>;

const IGNORED = new Set(["__pycache__", ".ipynb_checkpoints", "node_modules", ".git"]);

/** Reads all `.yaml` files below the paths; of files with the same name the first counts, of paths the last. */
export function indexTasks(paths: readonly string[]): TaskIndex {
  const index: TaskIndex = new Map();
  for (const path of paths) {
    const entries: TaskIndex = new Map();
    for (const file of yamlFiles(path)) addFile(file, entries);
    for (const [name, entry] of entries) {
      const known = index.get(name);
      if (entry.kind === "tag" && known?.kind === "tag")
        for (const task of entry.tasks) known.tasks.add(task);
      else index.set(name, entry);
    }
  }
  return index;
}

function yamlFiles(path: string): string[] {
  if (!existsSync(path))
    throw new BaimoError("request", `${shownPath(path)}: there is no such folder of tasks`);
  if (!statSync(path).isDirectory()) return [path];
  const files: string[] = [];
  const visit = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const inner = join(folder, entry.name);
      if (entry.isDirectory() && !IGNORED.has(entry.name)) visit(inner);
      else if (entry.isFile() && entry.name.endsWith(".yaml")) files.push(inner);
    }
  };
  visit(path);
  return files.sort();
}

function addFile(path: string, index: TaskIndex): void {
  let raw: RawConfig;
  try {
    raw = loadYaml(path);
  } catch (error) {
    if (!(error instanceof BaimoError)) throw error;
    const name = nameOfBroken(path);
    if (!index.has(name)) index.set(name, { kind: "broken", name, path, error });
    return;
  }
  const kind = "group" in raw && !("class" in raw) ? "group" : "task" in raw ? "task" : undefined;
  const name = kind === "group" ? raw.group : raw.task;
  if (kind === undefined || typeof name !== "string" || index.has(name)) return;
  index.set(name, { kind, name, path, raw });
  if (kind === "group") return;
  for (const tag of [raw.tag ?? []].flat()) {
    if (typeof tag !== "string") continue;
    const entry = index.get(tag);
    if (entry === undefined) index.set(tag, { kind: "tag", name: tag, tasks: new Set([name]) });
    else if (entry.kind === "tag") entry.tasks.add(name);
  }
}

/** The name that a file gives itself, where it can be read without its includes. */
function nameOfBroken(path: string): string {
  try {
    const { task, group } = readYamlFile(path);
    const name = task ?? group;
    return typeof name === "string" ? name : shownPath(path);
  } catch {
    return shownPath(path);
  }
}
