// The groups of a stored run, so that they can be scored again.
import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import { type GroupMetric, readGroupConfig } from "../tasks/group-config.ts";
import type { Group } from "../tasks/select-tasks.ts";
import type { TaskConfig } from "../tasks/task-config.ts";
import type { StoredRun } from "./stored-run.ts";

type Scores = Readonly<Record<string, unknown>>;

const SCORE = /^(?!.*_stderr,)(.+),([^,]+)$/;
const DEEPEST = 20;

/**
 * The groups of a run's results of which all tasks are there.
 *
 * @throws {BaimoError} `format` for groups in a circle
 */
export function storedGroups({ results, tasks, folder }: StoredRun): Group[] {
  const members = recordIn(results, "group_subtasks");
  const configs = new Map(tasks.map(({ name, config }) => [name, config]));
  const scores = recordIn(results, "results");
  const own = recordIn(recordIn(results, "baimo"), "groups");
  const namesIn = (name: string): string[] => {
    const list = Object.hasOwn(members, name) ? members[name] : undefined;
    return Array.isArray(list) ? list.map(String) : [];
  };

  function memberOf(name: string, depth: number): TaskConfig | Group | undefined {
    if (depth > DEEPEST)
      throw new BaimoError(
        "format",
        `${folder}: group_subtasks nests more than ${DEEPEST} deep, or in a circle`,
      );
    const names = namesIn(name);
    if (names.length === 0) return configs.get(name);
    const found = names.map((one) => memberOf(one, depth + 1));
    if (!found.every((one) => one !== undefined)) return undefined;
    const stored = recordIn(scores, name);
    const said = recordIn(own, name);
    const metrics =
      "aggregate_metric_list" in said
        ? readGroupConfig(said, name, `${folder}: the group ${name}`).metrics
        : metricsOf(
            stored,
            leavesOf(name).map((one) => recordIn(scores, one)),
          );
    return { name, alias: String(stored.alias ?? name), metrics, version: "N/A", members: found };
  }

  const leavesOf = (name: string): string[] => {
    const names = namesIn(name);
    return names.length === 0 ? [name] : names.flatMap(leavesOf);
  };

  return Object.keys(members).flatMap((name) => {
    const found = namesIn(name).length > 0 ? memberOf(name, 0) : undefined;
    return found && "members" in found ? found : [];
  });
}

/** The means that a group has. lm-evaluation-harness does not write how they are weighted: as it gives the score that stands there. */
function metricsOf(group: Scores, tasks: readonly Scores[]): GroupMetric[] {
  return Object.entries(group).flatMap(([key, stored]): GroupMetric[] => {
    const [, metric, filter] = SCORE.exec(key) ?? [];
    if (metric === undefined) return [];
    const having = tasks.filter((task) => key in task);
    const sizes = having.map(({ sample_len }) => Number(sample_len));
    const mean = (weights: readonly number[]): number =>
      having.reduce((sum, task, i) => sum + Number(task[key]) * weights[i], 0) /
      weights.reduce((sum, weight) => sum + weight, 0);
    const distance = (weights: readonly number[]) => Math.abs(mean(weights) - Number(stored));
    const isPlain = distance(sizes.map(() => 1)) < distance(sizes);
    return [{ metric, filters: [filter], weightBySize: !isPlain }];
  });
}

function recordIn(value: Scores, key: string): Scores {
  const found = Object.hasOwn(value, key) ? value[key] : undefined;
  return isRecord(found) ? found : {};
}
