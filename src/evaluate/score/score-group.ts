// A group's scores: means over its tasks, weighted by their documents or not.
import { type Group, isGroup, tasksOf } from "../tasks/select-tasks.ts";
import type { PartialScore } from "./failed-documents.ts";
import type { ScoredTask, TaskScore } from "./score-task.ts";

/** One mean of a group. */
export interface GroupScore extends PartialScore {
  readonly metric: string;
  readonly filter: string;
  readonly value: number;
  readonly error: number | null;
  /** Documents of the tasks that have the metric. */
  readonly count: number;
}

/** A group's scores. */
export interface ScoredGroup {
  readonly group: Group;
  /** Documents of all its tasks. */
  readonly count: number;
  readonly scores: readonly GroupScore[];
}

/** Scores the groups, inner ones before those around them. */
export function scoreGroups(groups: readonly Group[], tasks: ReadonlyMap<string, ScoredTask>): ScoredGroup[] {
  const ordered: Group[] = [];
  const inner = new Set(groups.flatMap(({ members }) => members.filter(isGroup).map(({ name }) => name)));
  const visit = (group: Group) => {
    for (const member of group.members) if (isGroup(member)) visit(member);
    if (!ordered.some(({ name }) => name === group.name)) ordered.push(group);
  };
  for (const group of groups) if (!inner.has(group.name)) visit(group);
  return ordered.map((group) => scoreGroup(group, tasks));
}

function scoreGroup(group: Group, all: ReadonlyMap<string, ScoredTask>): ScoredGroup {
  const tasks = tasksOf(group).flatMap(({ task }) => all.get(task) ?? []);
  const scores = group.metrics.flatMap(({ metric, filters, weightBySize }) => {
    const names = filters ?? filtersWith(metric, tasks);
    return names.flatMap((filter): GroupScore[] => {
      const found = tasks.flatMap(({ scores, count, failed }) => {
        const score = scores.find((one) => one.metric === metric && one.filter === filter);
        return score ? [{ score, size: count + failed }] : [];
      });
      if (found.length === 0) return [];
      const sizes = found.map(({ size }) => (weightBySize ? size : 1));
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const weighted = (value: (score: TaskScore) => number): number =>
        found.reduce((sum, { score }, i) => sum + value(score) * sizes[i], 0) / total;
      const failed = found.reduce((sum, { score }) => sum + score.failed, 0);
      const hasEnds = found.every(({ score }) => score.failed === 0 || score.range);
      return [
        {
          metric,
          filter,
          value: weighted(({ value }) => value),
          error: weightBySize ? pooledError(found) : unweightedError(found.map(({ score }) => score)),
          count: found.reduce((sum, { size }) => sum + size, 0) - failed,
          failed,
          range:
            failed > 0 && hasEnds
              ? [
                  weighted(({ value, range }) => range?.[0] ?? value),
                  weighted(({ value, range }) => range?.[1] ?? value),
                ]
              : undefined,
        },
      ];
    });
  });
  return { group, count: tasks.reduce((sum, { count }) => sum + count, 0), scores };
}

const filtersWith = (metric: string, tasks: readonly ScoredTask[]): string[] =>
  [
    ...new Set(
      tasks.flatMap(({ scores }) =>
        scores.filter((one) => one.metric === metric).map(({ filter }) => filter),
      ),
    ),
  ].sort();

/** The error of a mean that is weighted by size, from the tasks' own. */
function pooledError(found: readonly { readonly score: TaskScore; readonly size: number }[]): number | null {
  if (found.some(({ score }) => score.error === null)) return null;
  const total = found.reduce((sum, { size }) => sum + size, 0);
  const variance =
    found.reduce((sum, { score, size }) => sum + (size - 1) * Number(score.error) ** 2 * size, 0) /
    (total - found.length);
  return Math.sqrt(variance / total);
}

function unweightedError(scores: readonly TaskScore[]): number | null {
  if (scores.some(({ error }) => error === null)) return null;
  return Math.sqrt(scores.reduce((sum, { error }) => sum + Number(error) ** 2, 0)) / scores.length;
}
