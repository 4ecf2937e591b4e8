// Tasks and groups by the names, tags and paths that a run asks for.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { nearestName } from "../../nearest.ts";
import { type GroupConfig, type GroupMetric, readGroupConfig } from "./group-config.ts";
import { loadYaml, type RawConfig, shownPath } from "./load-yaml.ts";
import { readTask } from "./read-task.ts";
import type { TaskConfig } from "./task-config.ts";
import type { TaskEntry, TaskIndex } from "./task-index.ts";

/** A group with its members, in order. */
export interface Group {
  readonly name: string;
  readonly alias: string;
  readonly metrics: readonly GroupMetric[];
  readonly version: string;
  readonly members: readonly (TaskConfig | Group)[];
}

/** What a run evaluates. */
export interface Selection {
  /** Every task once, in the order asked for. */
  readonly tasks: readonly TaskConfig[];
  /** Every group, those above before those in them. */
  readonly groups: readonly Group[];
}

export const isGroup = (member: TaskConfig | Group): member is Group => "members" in member;

/** The tasks of a group and of the groups in it. */
export const tasksOf = (group: Group): TaskConfig[] =>
  group.members.flatMap((member) => (isGroup(member) ? tasksOf(member) : [member]));

const DEEPEST = 20;

/**
 * Finds what is asked for: names, tags, names with `*`, or paths of YAML files.
 * @throws {BaimoError} `request` for a name that nothing has; what reading the task says
 */
export function selectTasks(names: readonly string[], index: TaskIndex): Selection {
  const builder = new Builder(index);
  const built = names
    .flatMap((name) => expandNames(name, index))
    .flatMap((name) => builder.byName(name, {}, 0));
  const tasks = new Map<string, TaskConfig>();
  const groups: Group[] = [];
  const collect = (member: TaskConfig | Group) => {
    if (!isGroup(member)) tasks.set(member.task, member);
    else {
      groups.push(member);
      for (const task of tasksOf(member)) tasks.set(task.task, task);
      const inner = (group: Group): Group[] =>
        group.members.filter(isGroup).flatMap((one) => [one, ...inner(one)]);
      groups.push(...inner(member));
    }
  };
  for (const member of built) collect(member);
  return {
    tasks: [...tasks.values()],
    groups: [...new Map(groups.map((group) => [group.name, group])).values()],
  };
}

/** The names that a name with `*` stands for. @throws {BaimoError} `request` where there is none */
export function expandNames(name: string, index: TaskIndex): string[] {
  if (!name.includes("*") || index.has(name)) return [name];
  const pattern = new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`, "u");
  const found = [...index.keys()].filter((one) => pattern.test(one)).sort();
  if (found.length === 0) throw new BaimoError("request", `no task, group or tag is named like ${name}`);
  return found;
}

class Builder {
  readonly #index: TaskIndex;

  constructor(index: TaskIndex) {
    this.#index = index;
  }

  byName(name: string, overrides: RawConfig, depth: number): (TaskConfig | Group)[] {
    const entry = this.#index.get(name);
    if (entry) return this.#build(entry, overrides, depth);
    const path = resolve(name);
    if (/\.ya?ml$/.test(name) && existsSync(path)) {
      const raw = loadYaml(path);
      const [kind, own] = "group" in raw ? (["group", raw.group] as const) : (["task", raw.task] as const);
      return this.#build({ kind, name: String(own), path, raw }, overrides, depth);
    }
    const near = nearestName(name, [...this.#index.keys()]);
    const advice = near ? `; do you mean ${near}?` : "; baimo eval --list shows those there are";
    const broken = [...this.#index].filter(([, { kind }]) => kind === "broken").map(([path]) => path);
    const unread = broken.length > 0 ? `; ${broken.length} files cannot be read, such as ${broken[0]}` : "";
    throw new BaimoError("request", `no task, group or tag is named ${name}${advice}${unread}`);
  }

  #build(entry: TaskEntry, overrides: RawConfig, depth: number): (TaskConfig | Group)[] {
    switch (entry.kind) {
      case "broken":
        throw entry.error;
      case "tag":
        return [...entry.tasks].sort().flatMap((task) => this.byName(task, overrides, depth));
      case "group":
        return [this.#group(entry.name, entry.raw, overrides, entry.path, depth)];
      case "task":
        return [buildTask({ ...entry.raw, ...overrides }, entry.path)];
    }
  }

  #group(name: string, raw: RawConfig, overrides: RawConfig, path: string, depth: number): Group {
    if (depth > DEEPEST) {
      throw new BaimoError(
        "format",
        `${shownPath(path)}: groups nest more than ${DEEPEST} deep, or in a circle`,
      );
    }
    const config = readGroupConfig(raw, name, shownPath(path));
    const merged = { ...config.overrides, ...overrides };
    return {
      name,
      alias: config.alias ?? name,
      metrics: config.metrics,
      version: String(config.metadata.version ?? "N/A"),
      members: config.members.flatMap((member) => this.#member(member, config, merged, path, depth + 1)),
    };
  }

  #member(
    member: unknown,
    { group }: GroupConfig,
    overrides: RawConfig,
    path: string,
    depth: number,
  ): (TaskConfig | Group)[] {
    if (typeof member === "string") {
      if (this.#index.has(member)) return this.byName(member, overrides, depth);
      return [buildTask({ ...overrides, task: `${group}::${member}` }, path)];
    }
    if (!isRecord(member)) {
      throw new BaimoError(
        "format",
        `${shownPath(path)}: the group ${group} has the member ${brief(member)}`,
      );
    }
    if (typeof member.group === "string") {
      const { group: name, ...changes } = member;
      if (this.#index.has(name)) return this.byName(name, { ...overrides, ...changes }, depth);
      return [this.#group(`${group}::${name}`, member, overrides, path, depth)];
    }
    if (typeof member.task !== "string") {
      throw new BaimoError(
        "format",
        `${shownPath(path)}: a member of the group ${group} has neither task nor group`,
      );
    }
    const changes = { ...overrides, ...member };
    if (this.#index.has(member.task)) return this.byName(member.task, changes, depth);
    return [buildTask({ ...changes, task: `${group}::${member.task}` }, path)];
  }
}

function buildTask(raw: RawConfig, path: string): TaskConfig {
  const { metadata, ...config } = raw;
  const own = isRecord(metadata)
    ? metadata
    : metadata === undefined || metadata === null
      ? {}
      : { _metadata: metadata };
  config.metadata = { ...own, config_source: shownPath(path) };
  if ("class" in config) delete config.metadata;
  return readTask(config, shownPath(path));
}
